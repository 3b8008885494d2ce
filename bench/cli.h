// The command line as one tree of commands and options (CLI11). Parser, help, completion, man page
// and "did you mean" all walk this tree, so none of them has a list of its own.
#pragma once

#include <string>
#include <vector>

#include "bench/commands.h"

namespace CLI {
class App;
}  // namespace CLI

namespace squall {

// All options of all commands.
struct AllOptions {
  RunOptions run;
  ServeOptions serve;
  GatewayOptions gateway;
  DiagnoseOptions diagnose;
  KnowledgeOptions knowledge;
  ReportOptions report;
  CompareCommand compare;
  ReplayOptions replay;
  ReproduceOptions reproduce;
  TuneOptions tune;
  SweepPointOptions sweep_point;
  WorkerOptions worker;
  InitOptions init;
  OutputOptions version;
  std::string show;
  std::vector<std::string> show_sets;
  std::vector<std::string> validate;
  std::string schema = "scenario";
  std::vector<std::string> explain;
  std::string shell;
  int width = 80;  // of what is printed for people
};

void AddCommands(CLI::App* app, AllOptions* all);
void AddTuning(CLI::App* app, AllOptions* all);  // of these: tune, worker, sweep-point

// Runs the command that was parsed.
int Dispatch(const CLI::App& app, const AllOptions& all);

// The words after "squall": "" if they are a command line, else what is wrong with it.
std::string CommandLineError(const std::vector<std::string>& words);

}  // namespace squall

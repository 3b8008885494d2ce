// The commands of squall, as functions of their options. cli.cc fills the options from the command
// line; each returns an exit code and has printed its own error, one clear line on stderr.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/scenario.h"

namespace squall {

// What every command that prints may be asked.
struct OutputOptions {
  bool json = false;     // the result as JSON on stdout, nothing else there
  std::string out_file;  // the result as JSON in a file, besides what is printed
  bool quiet = false;    // no progress
  bool color = false;    // decided from --color, the terminal and NO_COLOR
  int width = 80;        // columns, of what is printed for people
  bool utf8 = true;      // decided from the locale
  std::string revision;  // of the sources this was built from, "" unknown
};

// A gateway or application to run in place of an engine (scenarios/target.h).
struct TargetFlags {
  std::string url;                   // "": the scenario's own, if it has one
  std::string name;                  // in tables; "": its host and port
  std::string model;                 // that callers ask for; "": the first provider's first
  std::vector<std::string> headers;  // "Name: value"
  std::string command;               // starts it; "": it runs already
  double wait_s = -1;                // until it must listen; -1: 30 with a command, else 0
  std::vector<int64_t> ports;        // of the mocks: one for each, or that of the first
  bool allow_remote = false;         // beyond loopback
};

struct RunOptions {
  std::string scenario;
  TargetFlags target;
  std::vector<std::string> sets;
  std::vector<std::string> engines;  // presets; several are run side by side
  bool ablate = false;  // then the engine without one mechanism at a time; of one engine only
  std::string trace;
  std::string mode;  // "virtual" or "wire"; "": wire with a target, else virtual
  double time_scale = 1;
  int64_t seed = -1;          // -1: the scenario's own
  int64_t replications = 0;   // 0: a model's own number, 1 of everything else
  int64_t threads = 0;        // 0: all cores
  std::string knowledge;      // file of rules to begin with, as `knowledge check` wrote it
  std::string html;           // file for the report as a page
  std::string knowledge_out;  // file for the rules that the run has learned
  std::vector<std::string> thresholds;  // besides the scenario's own
  bool allow_inconclusive = false;      // of thresholds: exit code 0
  bool no_requests = false;             // leave the rows of requests out of the JSON
  OutputOptions output;
};
int Run(const RunOptions& options);

// The same for a scenario that is a model, loaded with these options.
int RunModelScenario(const RunOptions& options, const Scenario& scenario);

// The command line that does the same again, every default that matters spelled out. `engine` is
// empty where the scenario's own is used.
std::string RepeatCommand(const RunOptions& options, const std::string& engine, int64_t seed);

// CPU time of this process so far, and how many threads a command may use (`asked` 0: all cores).
double CpuSeconds();
int ThreadsFor(int64_t asked);

struct KnowledgeOptions {
  std::string file;
  std::string scenario;  // to check on
  std::vector<std::string> sets;
  std::string engine;
  int64_t seed = -1;  // -1: the scenario's own
  int64_t replications = 1;
  int64_t threads = 0;   // 0: all cores
  std::string out_file;  // for the rules that have passed
  bool quiet = false;    // no progress
};
int ShowKnowledge(const KnowledgeOptions& options);
int CheckKnowledge(const KnowledgeOptions& options);

struct ServeOptions {
  std::string scenario;
  std::vector<std::string> sets;
  std::string address = "127.0.0.1";
  int64_t port = 0;  // of the first provider; the others follow; 0: any free ones
  double time_scale = 1;
  int64_t seed = -1;
  // The control API: on where the mocks are bound to loopback, elsewhere only if a port is given.
  bool no_control = false;
  int64_t control_port = -1;  // 0: any free one; -1: not asked for
  std::string control_address = "127.0.0.1";
  std::string control_token;  // empty: none is needed, which only loopback allows
};
int Serve(const ServeOptions& options);

struct GatewayOptions {
  std::string config;  // a file
  std::vector<std::string> sets;
  bool check = false;    // only say whether it would start
  bool example = false;  // only print one
};
int RunGateway(const GatewayOptions& options);

struct ReproduceOptions {
  std::vector<std::string> ids;  // claims; none: all
  bool list = false;             // only say what there is
  bool markdown = false;         // the table as a README has it
  int64_t threads = 0;           // 0: all cores
  OutputOptions output;
};
int Reproduce(const ReproduceOptions& options);

struct DiagnoseOptions {
  bool jsonl = false;  // one reply per line in, one diagnosis per line out, in order
  bool json = false;   // JSON even on a terminal
};
int DiagnoseReplies(const DiagnoseOptions& options);

struct ReportOptions {
  std::vector<std::string> results;  // files
  std::string format = "terminal";   // md, csv, junit, html
  std::string html;                  // file for the page, besides
  std::vector<std::string> thresholds;
  bool allow_inconclusive = false;
  OutputOptions output;
};
int Report(const ReportOptions& options);

struct CompareCommand {
  std::string base;
  std::string next;
  std::vector<std::string> fail_on;  // reports/compare_rules.h
  std::string rules_file;
  std::string noise = "1%";
  double confidence = 0.95;
  int64_t resamples = 1000;
  std::string format = "terminal";  // md, github, junit, json
  bool allow_inconclusive = false;
  OutputOptions output;
};
int CompareResults(const CompareCommand& options);

struct ReplayOptions {
  std::string result;
  std::string request;  // "" all
  int64_t threads = 0;  // 0: all cores
  OutputOptions output;
};
int Replay(const ReplayOptions& options);

struct NatsOptions {
  std::string url;  // "": not on NATS
  std::string credentials;
  std::string ca;
  std::string certificate;
  std::string key;
};

struct TuneOptions {
  std::string space;             // a file, or the name of a bundled one
  std::string method;            // in place of the space's own
  int64_t seed = -1;             // -1: the space's own
  int64_t threads = 0;           // 0: all cores
  double ack_wait_s = 30;        // on NATS: after that a silent worker's point is another's
  std::string resume;            // file of results: read, and appended to
  std::vector<std::string> add;  // further files of results
  std::string shard;             // bench/tune/shard.h
  std::string html;
  std::string preset_out;
  bool markdown = false;
  NatsOptions nats;
  OutputOptions output;
};
int Tune(const TuneOptions& options);

struct SweepPointOptions {
  OutputOptions output;
};
// Points on stdin, a line each; results on stdout, likewise (bench/tune/point.h).
int RunSweepPoint(const SweepPointOptions& options);

struct WorkerOptions {
  NatsOptions nats;
  int64_t threads = 0;  // 0: all cores
  int64_t idle_s = 0;   // without work for so long it ends; 0: never
  OutputOptions output;
};
int RunWorker(const WorkerOptions& options);

struct InitOptions {
  std::string file = "scenario.json";
  bool force = false;  // replace files that exist
};
int Init(const InitOptions& options);

int List();
int Show(const std::string& name, const std::vector<std::string>& sets);
int Validate(const std::vector<std::string>& scenarios);
int PrintSchema(const std::string& which);
int PrintVersion(const OutputOptions& output);

// Prints the error of loading a scenario and gives its exit code.
int ReportLoadError(const absl::Status& status);

// Prints the error of reading a result file and gives its exit code.
int ReportReadError(const absl::Status& status);

// To a file, or to stdout where the path is empty; kExitOk unless that fails.
int WriteOut(const std::string& path, const std::string& text);

// The same where a scenario is a model and only providers will do.
int ReportModel(const std::string& scenario);

// Parses the command line and runs a command. `revision` of the sources, "" where it is unknown.
int Main(int argc, char** argv, const char* revision);

}  // namespace squall

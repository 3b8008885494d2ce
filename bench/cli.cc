// The command line, and the only file that knows CLI11. Commands themselves are in cmd_*.cc.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "reports/result.h"
#include "scenarios/json_fields.h"

namespace squall {
namespace {

constexpr const char* kExamples = R"(
Examples
  squall run production-10k
  squall run production-10k --engine none,naive_retry,self_healing
  squall run production-10k --engine self_healing --ablate
  squall run outage --mode wire --time-scale 0.02
  squall reproduce 84.1
  squall serve all-faults
  squall show production-10k > mine.json && squall run mine.json

Exit codes
  0 ok   1 internal error   2 usage   10 threshold failed   11 regression
  12 inconclusive   64 invalid scenario   65 corrupt record
  69 cannot bind or connect   70 not deterministic   130/143 interrupted
)";

bool EnvironmentSays(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool WantsColor() {
  if (EnvironmentSays("NO_COLOR")) return false;
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  return isatty(STDOUT_FILENO) != 0 && !dumb;
}

// A locale that does not say is taken for a modern one, except the plain C locale on a terminal.
bool WantsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string text(value);
    return text.find("UTF-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return true;
}

void AddOutput(CLI::App* command, OutputOptions* output) {
  command->add_flag("--json", output->json, "Print JSON and nothing else");
  command->add_option("--out", output->out_file, "Also write the JSON to FILE")->type_name("FILE");
  command->add_flag("-q,--quiet", output->quiet, "No progress line");
}

void AddSets(CLI::App* command, std::vector<std::string>* sets) {
  command
      ->add_option("--set", *sets,
                   "Override a value of the scenario, as in\n"
                   "/engine/retry/max_attempts=5; may repeat")
      ->type_name("POINTER=VALUE")
      ->allow_extra_args(false);
}

constexpr const char* kThresholdHelp =
    R"(A threshold is METRIC OP NUMBER UNIT, in a scenario's "thresholds" or here:
  --threshold 'recovery.strict >= 80 %' --threshold 'latency.p99 <= 12 s'
It passes if all of the figure's 95 % interval does and fails if none of it
does; between them it is inconclusive. Exit codes: 10 failed, 12 inconclusive.)";

void AddThresholds(CLI::App* command, std::vector<std::string>* thresholds,
                   bool* allow_inconclusive) {
  command
      ->add_option("--threshold", *thresholds,
                   "Gate on the result, as in\n'recovery.strict >= 80 %'; may repeat")
      ->type_name("EXPR")
      ->allow_extra_args(false);
  command->add_flag("--allow-inconclusive", *allow_inconclusive,
                    "A gate that the run is too short for\nis no failure");
}

void AddRun(CLI::App* app, RunOptions* o) {
  CLI::App* run = app->add_subcommand("run", "Run a scenario and print its table");
  run->add_option("SCENARIO", o->scenario, "A file, or the name of a bundled one")->required();
  run->add_option("--engine", o->engines, "Preset; several, with commas, run\nside by side")
      ->delimiter(',')
      ->type_name("NAME[,NAME...]");
  run->add_option("--html", o->html, "Also write the report as one HTML page to FILE")
      ->type_name("FILE");
  run->add_flag("--ablate", o->ablate,
                "Then run it without one mechanism at\na time: what each is worth");
  AddSets(run, &o->sets);
  run->add_option("--trace", o->trace, "Arrivals and token counts from\na CSV file")
      ->type_name("FILE");
  run->add_option("--mode", o->mode, "virtual: simulated time\nwire: real sockets on loopback")
      ->check(CLI::IsMember({"virtual", "wire"}))
      ->capture_default_str();
  run->add_option("--time-scale", o->time_scale,
                  "Wire: real seconds for each second\nof the scenario")
      ->check(CLI::Range(1e-4, 1e3))
      ->type_name("X")
      ->capture_default_str();
  run->add_option("--seed", o->seed, "Seed of every draw; default: that\nof the scenario")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  run->add_option("--replications", o->replications,
                  "Run with N seeds and add up; default 1,\nof a model what its scenario says")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->type_name("N");
  run->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  run->add_option("--knowledge", o->knowledge,
                  "Begin with the rules in FILE, which\n"
                  "squall knowledge check has written")
      ->type_name("FILE");
  run->add_option("--knowledge-out", o->knowledge_out,
                  "Write the rules learned to FILE; of\nreplications, each from zero, the sum")
      ->type_name("FILE");
  run->footer(kThresholdHelp);
  AddThresholds(run, &o->thresholds, &o->allow_inconclusive);
  run->add_flag("--no-requests", o->no_requests, "Leave what befell each request out\nof the JSON");
  AddOutput(run, &o->output);
}

constexpr const char* kKnowledgeHelp =
    R"(Learned rules say which action answered after which failure.
  squall run learning --seed 1 --replications 5 --knowledge-out learned.json
  squall knowledge check learned.json learning --seed 51 --out checked.json
  squall run learning --seed 101 --knowledge checked.json
A check runs the scenario on a seed that the rules were not learned on, without
them and with them, on the same faults. What a rule claims is compared with
what it then did, by ground truth. Where the 95 % interval of that lies below
/engine/knowledge/minimum_success the rule is silenced; where it met fewer than
/engine/knowledge/minimum_samples cases it is dropped. What remains goes by
what the check saw. Rules act where the ladder has learned_rule.
Exit code 10: no rule that speaks has passed, and nothing is written.)";

void AddKnowledge(CLI::App* app, KnowledgeOptions* o) {
  CLI::App* knowledge = app->add_subcommand("knowledge", "Show learned rules, or check them");
  knowledge->footer(kKnowledgeHelp);
  knowledge->require_subcommand(1);
  CLI::App* show = knowledge->add_subcommand("show", "List the rules in a file");
  show->add_option("FILE", o->file, "Written by --knowledge-out")->required();
  CLI::App* check = knowledge->add_subcommand("check", "Try rules on traffic they have not seen");
  check->footer(kKnowledgeHelp);
  check->add_option("FILE", o->file, "Written by --knowledge-out")->required();
  check->add_option("SCENARIO", o->scenario, "A file, or the name of a bundled one")->required();
  check->add_option("--engine", o->engine, "Preset")->type_name("NAME");
  AddSets(check, &o->sets);
  check->add_option("--seed", o->seed, "Not one that they were learned on")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  check->add_option("--replications", o->replications, "Run with N seeds and add up")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  check->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  check->add_option("--out", o->out_file, "Write the rules that passed to FILE")->type_name("FILE");
}

void AddReport(CLI::App* app, ReportOptions* o) {
  CLI::App* report = app->add_subcommand("report", "Render result files again");
  report->footer(kThresholdHelp);
  report->add_option("RESULT", o->results, "Files written by --out")->required();
  report->add_option("--format", o->format, "What to make of them")
      ->check(CLI::IsMember({"terminal", "md", "csv", "junit", "html"}))
      ->capture_default_str();
  report->add_option("--html", o->html, "Also write one HTML page to FILE")->type_name("FILE");
  AddThresholds(report, &o->thresholds, &o->allow_inconclusive);
  report->add_option("--out", o->output.out_file, "Write to FILE")->type_name("FILE");
}

constexpr const char* kCompareHelp =
    R"(Runs of one scenario, seed and number of replications meet the same faults and
are compared request by request. Without rules, nothing may be worse by more
than the noise band on its whole interval. Rules name what must not be:
  --fail-on 'recovery.strict < base - 1 pp' --fail-on 'latency.p99 > base + 5 %'
Exit codes: 11 worse than the base, 10 beyond a fixed limit, 12 inconclusive.)";

void AddCompare(CLI::App* app, CompareCommand* o) {
  CLI::App* compare = app->add_subcommand("compare", "Say whether a result is worse than another");
  compare->footer(kCompareHelp);
  compare->add_option("BASE", o->base, "Result file")->required();
  compare->add_option("NEW", o->next, "Result file")->required();
  compare->add_option("--fail-on", o->fail_on, "What must not be; may repeat")
      ->type_name("RULE")
      ->allow_extra_args(false);
  compare->add_option("--rules", o->rules_file, "The same, one a line")->type_name("FILE");
  compare->add_option("--noise", o->noise, "Changes of less than this share of the\nbase are none")
      ->type_name("SHARE")
      ->capture_default_str();
  compare->add_option("--confidence", o->confidence, "Of the intervals")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
  compare->add_option("--resamples", o->resamples, "Of the bootstrap")
      ->check(CLI::Range(int64_t{100}, int64_t{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  compare->add_option("--format", o->format, "What to print")
      ->check(CLI::IsMember({"terminal", "md", "github", "junit", "json"}))
      ->capture_default_str();
  compare->add_flag("--allow-inconclusive", o->allow_inconclusive,
                    "What the runs are too short for is no\nfailure");
  compare->add_flag("--json", o->output.json, "The same as --format json");
  compare->add_option("--out", o->output.out_file, "Write to FILE")->type_name("FILE");
}

void AddReplay(CLI::App* app, ReplayOptions* o) {
  CLI::App* replay = app->add_subcommand("replay", "Run a result again from what stands in it");
  replay->add_option("RESULT", o->result, "File written by --out")->required();
  replay
      ->add_option("--request", o->request,
                   "Tell this one step by step; INDEX, or\n"
                   "REPLICATION:INDEX")
      ->type_name("ID");
  replay->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  replay->add_flag("-q,--quiet", o->output.quiet, "No progress line");
}

void AddServe(CLI::App* app, ServeOptions* o) {
  CLI::App* serve = app->add_subcommand("serve", "Serve the mock providers until Ctrl-C");
  serve->add_option("SCENARIO", o->scenario, "A file, or the name of a bundled one")->required();
  AddSets(serve, &o->sets);
  serve->add_option("--address", o->address, "Numeric address to bind")->capture_default_str();
  serve
      ->add_option("--port", o->port, "Of the first provider; the others\nfollow. 0: any free ones")
      ->check(CLI::Range(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  serve->add_option("--time-scale", o->time_scale, "Real seconds for each second of\nthe scenario")
      ->check(CLI::Range(1e-4, 1e3))
      ->type_name("X")
      ->capture_default_str();
  serve->add_option("--seed", o->seed, "Seed of every draw; default: that\nof the scenario")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  serve
      ->add_option("--control-port", o->control_port,
                   "Of the control API; default: any\nfree one, and none where --address\n"
                   "is not loopback")
      ->check(CLI::Range(0, 65535))
      ->type_name("N");
  serve->add_option("--control-address", o->control_address, "Numeric address it binds")
      ->capture_default_str();
  serve
      ->add_option("--control-token", o->control_token,
                   "Secret its clients must send;\nrequired beyond loopback")
      ->envname("SQUALL_CONTROL_TOKEN")
      ->type_name("TOKEN");
  serve->add_flag("--no-control", o->no_control, "No control API");
}

constexpr const char* kDiagnoseHelp =
    R"(Reads one JSON object from standard input: http_status, headers, body,
transport_error, and optionally provider and dialect; prints class, retry
decision, wait, origin, safety, the rule that decided and why.)";

void AddDiagnose(CLI::App* app, DiagnoseOptions* o) {
  CLI::App* diagnose = app->add_subcommand("diagnose", "Say what a provider's reply means");
  diagnose->footer(kDiagnoseHelp);
  diagnose->add_flag("--jsonl", o->jsonl, "One reply per line, one answer per line");
  diagnose->add_flag("--json", o->json, "Print JSON on a terminal, too");
}

constexpr const char* kReproduceHelp =
    R"(Runs what a published claim says and judges it by two one-sided tests at 5 %:
reproduced (the 90 % interval lies within the margin), refuted (the 95 % interval
excludes the figure and the estimate lies beyond the margin), inconclusive, or
not testable, with the reason. With IDs each claim is shown in full; 84.1 has a
page of its own. Exit code 0: all could be judged; 12: some are inconclusive.)";

void AddReproduce(CLI::App* app, ReproduceOptions* o) {
  CLI::App* reproduce = app->add_subcommand("reproduce", "Rerun published claims and judge them");
  reproduce->footer(kReproduceHelp);
  reproduce->add_option("ID", o->ids, "Claims; all by default");
  reproduce->add_flag("--list", o->list, "Only say what is claimed");
  reproduce->add_flag("--markdown", o->markdown, "The table in Markdown");
  reproduce->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  AddOutput(reproduce, &o->output);
}

constexpr const char* kTuneHelp =
    R"(Searches the space of settings in a file (squall schema space) on common seeds,
estimates the winners again on fresh seeds and on scenarios held out, and says
which settings to take and why.
  squall tune breaker --html tuned.html --preset-out tuned.json
  squall tune breaker --resume state.jsonl       goes on where it was stopped
  squall tune breaker --shard auto/8 --resume shard.jsonl     in a job array
  squall tune breaker --add shard-0.jsonl --add shard-1.jsonl ...)";

void AddNats(CLI::App* command, NatsOptions* o) {
  command->add_option("--nats", o->url, "Server, such as nats://127.0.0.1:4222;\ntls:// for TLS")
      ->envname("SQUALL_NATS")
      ->type_name("URL");
  command->add_option("--nats-creds", o->credentials, "Credentials, as nsc writes them")
      ->type_name("FILE");
  command->add_option("--nats-ca", o->ca, "Certificates to trust")->type_name("FILE");
  command->add_option("--nats-cert", o->certificate, "The client's own certificate")
      ->type_name("FILE");
  command->add_option("--nats-key", o->key, "and its key")->type_name("FILE");
}

constexpr const char* kWorkerHelp =
    R"(Takes points from the queue that `squall tune --nats URL` fills. Workers may join
and leave at any time; what one leaves undone another does.
  squall worker --nats nats://127.0.0.1:4222 --idle 60)";

void AddWorker(CLI::App* app, WorkerOptions* o) {
  CLI::App* worker = app->add_subcommand("worker", "Run points of sweeps that are on NATS");
  worker->footer(kWorkerHelp);
  AddNats(worker, &o->nats);
  worker->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  worker->add_option("--idle", o->idle_s, "End after so many seconds without work;\n0: never")
      ->check(CLI::Range(int64_t{0}, int64_t{86400}))
      ->type_name("S")
      ->capture_default_str();
  worker->add_flag("-q,--quiet", o->output.quiet, "Say nothing at the end");
}

void AddTune(CLI::App* app, TuneOptions* o) {
  CLI::App* tune = app->add_subcommand("tune", "Find parameters: the best ones and what they cost");
  tune->footer(kTuneHelp);
  tune->add_option("SPACE", o->space, "A file, or the name of a bundled one")->required();
  tune->add_option("--method", o->method, "In place of the space's own")
      ->check(CLI::IsMember({"grid", "sobol", "halving", "nsga2", "nlopt"}));
  tune->add_option("--seed", o->seed, "In place of the space's own")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  tune->add_option("--local,--threads", o->threads, "Threads of this process; default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  tune->add_option("--shard", o->shard,
                   "Run only this share of the points;\nauto: what a scheduler's environment says")
      ->type_name("I/N");
  AddNats(tune, &o->nats);
  tune->add_option("--ack-wait", o->ack_wait_s,
                   "On NATS: seconds after which the point\nof a silent worker is another's")
      ->check(CLI::Range(0.5, 3600.0))
      ->type_name("S")
      ->capture_default_str();
  tune->add_option("--resume", o->resume, "Keep results in FILE, and use what is\nthere")
      ->type_name("FILE");
  tune->add_option("--add", o->add, "Use the results in FILE, too; may repeat")
      ->type_name("FILE")
      ->allow_extra_args(false);
  tune->add_option("--preset-out", o->preset_out, "Write the recommended settings as a\npreset")
      ->type_name("FILE");
  tune->add_option("--html", o->html, "Also write one HTML page to FILE")->type_name("FILE");
  tune->add_flag("--markdown", o->markdown, "The front as a table in Markdown");
  AddOutput(tune, &o->output);
}

constexpr const char* kSweepPointHelp =
    R"(Reads points from standard input, a line of JSON each, and prints a line for
each: {"hash", "point", "values"}. For schedulers that squall does not know.
  {"scenario": "production-10k", "sets": ["/engine/retry/max_attempts=3"],
   "seed": 1, "first": 0, "count": 5, "metrics": ["recovery.strict"]}     (one line))";

// All options of all commands.
struct Everything {
  RunOptions run;
  ServeOptions serve;
  DiagnoseOptions diagnose;
  KnowledgeOptions knowledge;
  ReportOptions report;
  CompareCommand compare;
  ReplayOptions replay;
  ReproduceOptions reproduce;
  TuneOptions tune;
  SweepPointOptions sweep_point;
  WorkerOptions worker;
  OutputOptions version;
  std::string show;
  std::vector<std::string> show_sets;
  std::vector<std::string> validate;
  std::string schema = "scenario";
};

void AddInfo(CLI::App* app, Everything* all) {
  app->add_subcommand("list", "List bundled scenarios, engine presets and faults");
  CLI::App* show = app->add_subcommand("show", "Print a scenario's effective values, or a preset");
  show->add_option("NAME", all->show, "A file, or the name of a bundled one")->required();
  AddSets(show, &all->show_sets);
  CLI::App* validate = app->add_subcommand("validate", "Check scenario files without running them");
  validate->add_option("SCENARIO", all->validate, "Files or names")->required();
  CLI::App* schema = app->add_subcommand("schema", "Print the JSON Schema that editors can use");
  schema
      ->add_option(
          "WHICH", all->schema,
          "scenario, preset, claim, space or\nresult; metrics lists what thresholds may name")
      ->check(CLI::IsMember({"scenario", "preset", "claim", "space", "result", "metrics"}))
      ->capture_default_str();
  CLI::App* version = app->add_subcommand("version", "Print the version");
  version->add_flag("--json", all->version.json, "As JSON");
}

int Dispatch(const CLI::App& app, const Everything& all) {
  if (app.got_subcommand("run")) return Run(all.run);
  if (app.got_subcommand("serve")) return Serve(all.serve);
  if (app.got_subcommand("diagnose")) return DiagnoseReplies(all.diagnose);
  if (app.got_subcommand("knowledge")) {
    const bool show = app.get_subcommand("knowledge")->got_subcommand("show");
    return show ? ShowKnowledge(all.knowledge) : CheckKnowledge(all.knowledge);
  }
  if (app.got_subcommand("report")) return Report(all.report);
  if (app.got_subcommand("compare")) return CompareResults(all.compare);
  if (app.got_subcommand("replay")) return Replay(all.replay);
  if (app.got_subcommand("reproduce")) return Reproduce(all.reproduce);
  if (app.got_subcommand("tune")) return Tune(all.tune);
  if (app.got_subcommand("sweep-point")) return RunSweepPoint(all.sweep_point);
  if (app.got_subcommand("worker")) return RunWorker(all.worker);
  if (app.got_subcommand("list")) return List();
  if (app.got_subcommand("show")) return Show(all.show, all.show_sets);
  if (app.got_subcommand("validate")) return Validate(all.validate);
  if (app.got_subcommand("schema")) return PrintSchema(all.schema);
  return PrintVersion(all.version);
}

// CLI11 says of a misspelt command only that one is required.
bool KnowsCommand(const CLI::App& app, const std::string& word) {
  if (word.empty() || word[0] == '-') return true;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return true;
  std::fprintf(stderr, "squall: got unknown command \"%s\", %s\n", word.c_str(),
               ExpectedOneOf(word, names).c_str());
  return false;
}

// In the wire world client and servers share this process's file descriptors: two for each call in
// flight. What the system allows beyond the usual 1024 costs nothing to take.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int Main(int argc, char** argv, const char* revision) {
  RaiseFileLimit();
  CLI::App app("squall - a wind tunnel for the code that keeps LLM calls alive", "squall");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", "squall " + RunResult::BuildVersion());
  Everything all;
  all.run.output.color = WantsColor();
  all.run.output.utf8 = WantsUtf8();
  all.run.output.revision = all.version.revision = revision;
  all.report.output = all.compare.output = all.replay.output = all.run.output;
  all.reproduce.output = all.tune.output = all.sweep_point.output = all.run.output;
  all.worker.output = all.run.output;
  AddRun(&app, &all.run);
  AddReproduce(&app, &all.reproduce);
  AddServe(&app, &all.serve);
  AddDiagnose(&app, &all.diagnose);
  AddKnowledge(&app, &all.knowledge);
  AddReport(&app, &all.report);
  AddCompare(&app, &all.compare);
  AddReplay(&app, &all.replay);
  AddTune(&app, &all.tune);
  AddWorker(&app, &all.worker);
  app.add_subcommand("sweep-point", "Run points of a sweep from stdin, for any scheduler")
      ->footer(kSweepPointHelp);
  AddInfo(&app, &all);
  if (argc == 1) {
    std::fputs(app.help().c_str(), stdout);
    return kExitUsage;
  }
  if (!KnowsCommand(app, argv[1])) return kExitUsage;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return Dispatch(app, all);
}

}  // namespace squall

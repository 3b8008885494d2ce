// Every command with its options and examples, and which function runs it. Commands themselves are
// in cmd_*.cc; what is made of this tree besides parsing is in cli_tree.h.
#include "bench/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

#include "bench/cli_options.h"
#include "bench/completion.h"
#include "bench/explain.h"
#include "bench/man_page.h"
#include "bench/terminal_style.h"
#include "engine/base/nearest.h"

namespace squall {
namespace {

constexpr const char* kExamples = R"(
Examples:
  squall run production-10k
  squall run production-10k --engine none,naive_retry,self_healing
  squall reproduce 84.1
  squall serve all-faults
  squall init mine.json && squall run mine.json
  squall explain rate_limit)";

}  // namespace

CLI::Validator OneOf(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ",") + word;
  return CLI::Validator(
      [words](const std::string& got) {
        const bool known = std::find(words.begin(), words.end(), got) != words.end();
        return known ? std::string() : "got \"" + got + "\", " + ExpectedOneOf(got, words);
      },
      "{" + all + "}");
}

namespace {

void AddColor(CLI::App* command, OutputOptions* output) {
  command
      ->add_option_function<std::string>(
          "--color", [output](const std::string& when) { output->color = WantsColor(when); },
          "Colour on standard output; NO_COLOR is never, where this is auto")
      ->check(OneOf({"auto", "always", "never"}))
      ->default_str("auto");
}

}  // namespace

void AddOutput(CLI::App* command, OutputOptions* output) {
  command->add_flag("--json", output->json, "Print JSON and nothing else");
  command->add_option("--out", output->out_file, "Also write the JSON to FILE")->type_name("FILE");
  command->add_flag("-q,--quiet", output->quiet, "No progress line");
  AddColor(command, output);
}

namespace {

void AddSets(CLI::App* command, std::vector<std::string>* sets) {
  command
      ->add_option(
          "--set", *sets,
          "Override a value of the scenario, as in /engine/retry/max_attempts=5; may repeat")
      ->type_name("POINTER=VALUE")
      ->allow_extra_args(false);
}

constexpr const char* kThresholdHelp =
    R"(A threshold is METRIC OP NUMBER UNIT, in a scenario's "thresholds" or here:
  --threshold 'recovery.strict >= 80 %' --threshold 'latency.p99 <= 12 s'
It passes if all of the figure's 95 % interval does and fails if none of it
does; between them it is inconclusive. Exit codes: 10 failed, 12 inconclusive.
)";

void AddThresholds(CLI::App* command, std::vector<std::string>* thresholds,
                   bool* allow_inconclusive) {
  command
      ->add_option("--threshold", *thresholds,
                   "Gate on the result, as in 'recovery.strict >= 80 %'; may repeat")
      ->type_name("EXPR")
      ->allow_extra_args(false);
  command->add_flag("--allow-inconclusive", *allow_inconclusive,
                    "A gate that the run is too short for is no failure");
}

constexpr const char* kRunExamples = R"(
Examples:
  squall run production-10k
  squall run production-10k --engine none,self_healing --seed 7
  squall run production-10k --engine self_healing --ablate
  squall run production-10k --set /faults/timeout/rate=0.1 --out base.json
  squall run production-10k --threshold 'recovery.strict >= 70 %'
  squall run parity --mode wire --time-scale 1
  squall run gateways --target http://127.0.0.1:8787 --ports 9001
  squall run model-retry-storm --replications 100 --html storm.html)";

void AddTarget(CLI::App* run, TargetFlags* o) {
  run->add_option(
         "--target", o->url,
         "Ask a gateway or application in place of an engine, whose upstreams are the mock "
         "servers of this run; speaks OpenAI chat completions")
      ->type_name("URL");
  run->add_option("--ports", o->ports,
                  "Of the mock servers, one a provider, or of the first one: the others follow")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 65535))
      ->type_name("N[,N...]");
  run->add_option("--target-command", o->command,
                  "Start the target so, with SQUALL_UPSTREAM_0 and so on, SQUALL_UPSTREAMS, "
                  "SQUALL_TARGET_URL and SQUALL_TARGET_PORT in its environment, and end it; a port "
                  "0 in --target is then any free one")
      ->type_name("COMMAND");
  run->add_option("--target-wait", o->wait_s,
                  "Until the target must listen; default 30 with --target-command, else 0")
      ->check(CLI::Range(0.0, 3600.0))
      ->type_name("SECONDS");
  run->add_option("--target-header", o->headers, "Of each request to the target; may repeat")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  run->add_option("--target-model", o->model,
                  "That requests to the target ask for; default: the first provider's first")
      ->type_name("NAME");
  run->add_option("--target-name", o->name, "Of the target in tables; default: host and port")
      ->type_name("NAME");
  run->add_flag("--allow-remote", o->allow_remote, "The target may be beyond loopback");
}

void AddRun(CLI::App* app, RunOptions* o) {
  CLI::App* run = app->add_subcommand("run", "Run a scenario and print its table");
  run->add_option("SCENARIO", o->scenario, "A file, or the name of a bundled one")->required();
  run->add_option("--engine", o->engines, "Preset; several, with commas, run side by side")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("PRESET[,PRESET...]");
  run->add_option("--html", o->html, "Also write the report as one HTML page to FILE")
      ->type_name("FILE");
  run->add_flag("--ablate", o->ablate,
                "Then run it without one mechanism at a time: what each is worth");
  AddSets(run, &o->sets);
  run->add_option("--trace", o->trace, "Arrivals and token counts from a CSV file")
      ->type_name("FILE");
  run->add_option("--mode", o->mode, "virtual: simulated time\nwire: real sockets on loopback")
      ->check(OneOf({"virtual", "wire"}))
      ->default_str("virtual");
  run->add_option("--time-scale", o->time_scale,
                  "Wire: real seconds for each second of the scenario")
      ->check(CLI::Range(1e-4, 1e3))
      ->type_name("X")
      ->capture_default_str();
  run->add_option("--seed", o->seed, "Seed of every draw; default: that of the scenario")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  run->add_option("--replications", o->replications,
                  "Run with N seeds and add up; default 1, of a model what its scenario says")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->type_name("N");
  run->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  run->add_option("--knowledge", o->knowledge,
                  "Begin with the rules in FILE, which squall knowledge check has written")
      ->type_name("FILE");
  run->add_option("--knowledge-out", o->knowledge_out,
                  "Write the rules learned to FILE; of replications, each from zero, the sum")
      ->type_name("FILE");
  AddTarget(run, &o->target);
  run->footer(std::string(kThresholdHelp) + kRunExamples);
  AddThresholds(run, &o->thresholds, &o->allow_inconclusive);
  run->add_flag("--no-requests", o->no_requests, "Leave what befell each request out of the JSON");
  AddOutput(run, &o->output);
}

constexpr const char* kKnowledgeHelp =
    R"(Learned rules say which action answered after which failure. A check runs the
scenario on a seed that the rules were not learned on, without
them and with them, on the same faults. What a rule claims is compared with
what it then did, by ground truth. Where the 95 % interval of that lies below
/engine/knowledge/minimum_success the rule is silenced; where it met fewer than
/engine/knowledge/minimum_samples cases it is dropped. What remains goes by
what the check saw. Rules act where the ladder has learned_rule.
Exit code 10: no rule that speaks has passed, and nothing is written.

Examples:
  squall run learning --seed 1 --replications 5 --knowledge-out learned.json
  squall knowledge show learned.json
  squall knowledge check learned.json learning --seed 51 --out checked.json
  squall run learning --seed 101 --knowledge checked.json)";

void AddKnowledge(CLI::App* app, KnowledgeOptions* o) {
  CLI::App* knowledge = app->add_subcommand("knowledge", "Show learned rules, or check them");
  knowledge->footer(kKnowledgeHelp);
  knowledge->require_subcommand(1);
  CLI::App* show = knowledge->add_subcommand("show", "List the rules in a file");
  show->footer("Examples:\n  squall knowledge show learned.json");
  show->add_option("FILE", o->file, "Written by --knowledge-out")->required();
  CLI::App* check = knowledge->add_subcommand("check", "Try rules on traffic they have not seen");
  check->footer(kKnowledgeHelp);
  check->add_option("FILE", o->file, "Written by --knowledge-out")->required();
  check->add_option("SCENARIO", o->scenario, "A file, or the name of a bundled one")->required();
  check->add_option("--engine", o->engine, "Preset")->type_name("PRESET");
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
  check->add_flag("-q,--quiet", o->quiet, "No progress line");
}

constexpr const char* kReportExamples = R"(
Examples:
  squall report base.json --format md
  squall report base.json --html base.html)";

void AddReport(CLI::App* app, ReportOptions* o) {
  CLI::App* report = app->add_subcommand("report", "Render result files again");
  report->footer(std::string(kThresholdHelp) + kReportExamples);
  report->add_option("RESULT", o->results, "Files written by --out")->required();
  report->add_option("--format", o->format, "What to make of them")
      ->check(OneOf({"terminal", "md", "csv", "junit", "html"}))
      ->capture_default_str();
  report->add_option("--html", o->html, "Also write one HTML page to FILE")->type_name("FILE");
  AddThresholds(report, &o->thresholds, &o->allow_inconclusive);
  report->add_option("--out", o->output.out_file, "Write to FILE")->type_name("FILE");
  AddColor(report, &o->output);
}

constexpr const char* kCompareHelp =
    R"(Runs of one scenario, seed and number of replications meet the same faults and
are compared request by request. Without rules, nothing may be worse by more
than the noise band on its whole interval. Rules name what must not be.
Exit codes: 11 worse than the base, 10 beyond a fixed limit, 12 inconclusive.

Examples:
  squall compare base.json new.json
  squall compare base.json new.json --fail-on 'recovery.strict < base - 1 pp'
  squall compare base.json new.json --format md)";

void AddCompare(CLI::App* app, CompareCommand* o) {
  CLI::App* compare = app->add_subcommand("compare", "Say whether a result is worse than another");
  compare->footer(kCompareHelp);
  compare->add_option("BASE", o->base, "Result file")->required();
  compare->add_option("NEW", o->next, "Result file")->required();
  compare->add_option("--fail-on", o->fail_on, "What must not be; may repeat")
      ->type_name("RULE")
      ->allow_extra_args(false);
  compare->add_option("--rules", o->rules_file, "The same, one a line")->type_name("FILE");
  compare->add_option("--noise", o->noise, "Changes of less than this share of the base are none")
      ->type_name("SHARE")
      ->capture_default_str();
  compare->add_option("--confidence", o->confidence, "Of the intervals")
      ->type_name("SHARE")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
  compare->add_option("--resamples", o->resamples, "Of the bootstrap")
      ->check(CLI::Range(int64_t{100}, int64_t{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  compare->add_option("--format", o->format, "What to print")
      ->check(OneOf({"terminal", "md", "github", "junit", "json"}))
      ->capture_default_str();
  compare->add_flag("--allow-inconclusive", o->allow_inconclusive,
                    "What the runs are too short for is no failure");
  compare->add_flag("--json", o->output.json, "The same as --format json");
  compare->add_option("--out", o->output.out_file, "Write to FILE")->type_name("FILE");
  AddColor(compare, &o->output);
}

void AddReplay(CLI::App* app, ReplayOptions* o) {
  CLI::App* replay = app->add_subcommand("replay", "Run a result again from what stands in it");
  replay->add_option("RESULT", o->result, "File written by --out")->required();
  replay
      ->add_option("--request", o->request,
                   "Tell this one step by step; INDEX, or REPLICATION:INDEX")
      ->type_name("ID");
  replay->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  replay->add_flag("-q,--quiet", o->output.quiet, "No progress line");
  AddColor(replay, &o->output);
  replay->footer("Examples:\n  squall replay base.json\n  squall replay base.json --request 17");
}

void AddServe(CLI::App* app, ServeOptions* o) {
  CLI::App* serve = app->add_subcommand("serve", "Serve the mock providers until Ctrl-C");
  serve->add_option("SCENARIO", o->scenario, "A file, or the name of a bundled one")->required();
  AddSets(serve, &o->sets);
  serve->add_option("--address", o->address, "Numeric address to bind")
      ->type_name("ADDRESS")
      ->capture_default_str();
  serve->add_option("--port", o->port, "Of the first provider; the others follow. 0: any free ones")
      ->check(CLI::Range(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  serve->add_option("--time-scale", o->time_scale, "Real seconds for each second of the scenario")
      ->check(CLI::Range(1e-4, 1e3))
      ->type_name("X")
      ->capture_default_str();
  serve->add_option("--seed", o->seed, "Seed of every draw; default: that of the scenario")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  serve
      ->add_option(
          "--control-port", o->control_port,
          "Of the control API; default: any free one, and none where --address is not loopback")
      ->check(CLI::Range(0, 65535))
      ->type_name("N");
  serve->add_option("--control-address", o->control_address, "Numeric address it binds")
      ->type_name("ADDRESS")
      ->capture_default_str();
  serve
      ->add_option("--control-token", o->control_token,
                   "Secret its clients must send; required beyond loopback")
      ->envname("SQUALL_CONTROL_TOKEN")
      ->type_name("TOKEN");
  serve->add_flag("--no-control", o->no_control, "No control API");
  serve->footer(
      "Examples:\n  squall serve all-faults\n"
      "  squall serve all-faults --port 8081 --control-port 8090");
}

void AddGateway(CLI::App* app, GatewayOptions* o) {
  CLI::App* gateway = app->add_subcommand(
      "gateway", "Serve the engine as an OpenAI- and Anthropic-compatible gateway");
  gateway->add_option("CONFIG", o->config, "Its configuration; SIGHUP loads it again");
  AddSets(gateway, &o->sets);
  gateway->add_flag("--check", o->check, "Only say whether it would start");
  gateway->add_flag("--example", o->example, "Only print a commented configuration");
  gateway->footer(
      "Examples:\n  squall gateway --example > gateway.json\n"
      "  squall gateway --check gateway.json\n  squall gateway gateway.json");
}

constexpr const char* kDiagnoseHelp =
    R"(Reads one JSON object from standard input: http_status, headers, body,
transport_error, and optionally provider and dialect; prints class, retry
decision, wait, origin, safety, the rule that decided and why.

Examples:
  echo '{"http_status": 529, "body": ""}' | squall diagnose)";

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
not testable, with the reason. With names each claim is shown in full; 84.1 has a
page of its own. Exit code 0: all could be judged; 12: some are inconclusive.

Examples:
  squall reproduce --list
  squall reproduce 84.1
  squall reproduce 243x jitter-halves-calls --json)";

void AddReproduce(CLI::App* app, ReproduceOptions* o) {
  CLI::App* reproduce = app->add_subcommand("reproduce", "Rerun published claims and judge them");
  reproduce->footer(kReproduceHelp);
  reproduce->add_option("CLAIM", o->ids, "Claims; all by default");
  reproduce->add_flag("--list", o->list, "Only say what is claimed");
  reproduce->add_flag("--markdown", o->markdown, "The table in Markdown");
  reproduce->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  AddOutput(reproduce, &o->output);
}

void AddInfo(CLI::App* app, AllOptions* all) {
  app->add_subcommand("list", "List bundled scenarios, engine presets and faults")
      ->footer("Examples:\n  squall list");
  CLI::App* show = app->add_subcommand("show", "Print a scenario's effective values, or a preset");
  show->add_option("NAME", all->show, "A file, or the name of a bundled one")->required();
  AddSets(show, &all->show_sets);
  show->footer("Examples:\n  squall show outage > mine.json\n  squall show openai-sdk");
  CLI::App* validate = app->add_subcommand("validate", "Check scenario files without running them");
  validate->add_option("SCENARIO", all->validate, "Files or names")->required();
  validate->footer("Examples:\n  squall validate production-10k outage");
  CLI::App* schema = app->add_subcommand("schema", "Print the JSON Schema that editors can use");
  schema
      ->add_option("WHICH", all->schema,
                   "scenario, preset, claim, space, result or gateway; metrics lists what "
                   "thresholds may name")
      ->check(OneOf({"scenario", "preset", "claim", "space", "result", "gateway", "metrics"}))
      ->capture_default_str();
  schema->footer("Examples:\n  squall schema metrics\n  squall schema > scenario.schema.json");
  CLI::App* version = app->add_subcommand("version", "Print the version");
  version->footer("Examples:\n  squall version --json");
  version->add_flag("--json", all->version.json, "As JSON");
}

constexpr const char* kInitExamples =
    R"(Editors complete and check the file by the schema that its "$schema" names.

Examples:
  squall init
  squall init mine.json --force
  squall run mine.json)";

constexpr const char* kExplainExamples = R"(Examples:
  squall explain
  squall explain rate_limit
  squall explain openai-sdk latency.p99
  squall explain exit-codes)";

constexpr const char* kCompletionExamples = R"sh(To load it in every shell:
  bash  eval "$(squall completion bash)" in ~/.bashrc
  zsh   eval "$(squall completion zsh)" in ~/.zshrc, after compinit
  fish  squall completion fish | source, in ~/.config/fish/config.fish

Examples:
  squall completion bash
  squall completion zsh > _squall)sh";

constexpr const char* kManExamples = R"(Examples:
  squall man > squall.1)";

void AddForPeople(CLI::App* app, AllOptions* all) {
  CLI::App* init = app->add_subcommand("init", "Write a commented scenario to start from");
  init->add_option("FILE", all->init.file, "The scenario; its JSON Schema is written beside it")
      ->default_str(all->init.file);
  init->add_flag("--force", all->init.force, "Replace files that exist");
  init->footer(kInitExamples);
  CLI::App* explain =
      app->add_subcommand("explain", "Explain a fault, class, preset, metric, claim or exit code");
  explain->add_option("TOPIC", all->explain, "A name; none: all that can be explained");
  explain->footer(kExplainExamples);
  CLI::App* completion = app->add_subcommand("completion", "Print a shell's completion script");
  completion->add_option("SHELL", all->shell, "Which one")
      ->required()
      ->check(OneOf({"bash", "zsh", "fish"}));
  completion->footer(kCompletionExamples);
  app->add_subcommand("man", "Print the man page")->footer(kManExamples);
}

}  // namespace

void AddCommands(CLI::App* app, AllOptions* all) {
  app->footer(kExamples + 1);
  AddRun(app, &all->run);
  AddReproduce(app, &all->reproduce);
  AddServe(app, &all->serve);
  AddGateway(app, &all->gateway);
  AddDiagnose(app, &all->diagnose);
  AddKnowledge(app, &all->knowledge);
  AddReport(app, &all->report);
  AddCompare(app, &all->compare);
  AddReplay(app, &all->replay);
  AddTuning(app, all);
  AddInfo(app, all);
  AddForPeople(app, all);
}

int Dispatch(const CLI::App& app, const AllOptions& all) {
  if (app.got_subcommand("run")) return Run(all.run);
  if (app.got_subcommand("serve")) return Serve(all.serve);
  if (app.got_subcommand("gateway")) return RunGateway(all.gateway);
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
  if (app.got_subcommand("worker")) return RunWorker(all.worker);
  if (app.got_subcommand("sweep-point")) return RunSweepPoint(all.sweep_point);
  if (app.got_subcommand("list")) return List();
  if (app.got_subcommand("show")) return Show(all.show, all.show_sets);
  if (app.got_subcommand("validate")) return Validate(all.validate);
  if (app.got_subcommand("schema")) return PrintSchema(all.schema);
  if (app.got_subcommand("init")) return Init(all.init);
  if (app.got_subcommand("explain")) return Explain(all.explain, all.width);
  if (app.got_subcommand("completion")) return PrintCompletionScript(all.shell);
  if (app.got_subcommand("man")) return PrintManPage(app);
  return PrintVersion(all.version);
}

}  // namespace squall

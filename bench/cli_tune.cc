// The commands of searches: tune, sweep-point, worker.
#include <CLI/CLI.hpp>

#include "bench/cli.h"
#include "bench/cli_options.h"
#include "bench/tune/space.h"

namespace squall {
namespace {

constexpr const char* kTuneHelp =
    R"(Searches the space of settings in a file (squall schema space) on common
seeds, estimates the winners again on fresh seeds and on scenarios held out,
and says which settings to take and why. Shards share the work without knowing
of each other: give the files of all of them with --add to go on.

Examples:
  squall tune breaker --html tuned.html --preset-out tuned.json
  squall tune jitter --resume state.jsonl
  squall tune budget --shard 0/8 --resume shard-0.jsonl
  squall tune timeout --nats nats://127.0.0.1:4222)";

constexpr const char* kSweepPointHelp =
    R"(Reads points from standard input, a line of JSON each, and prints a line for
each: {"hash", "point", "values"}. For schedulers that squall does not know.
  {"scenario": "production-10k", "sets": ["/engine/retry/max_attempts=3"],
   "seed": 1, "first": 0, "count": 5, "metrics": ["recovery.strict"]}

Examples:
  squall sweep-point < points.jsonl > results.jsonl)";

constexpr const char* kWorkerHelp =
    R"(Takes points from the queue that `squall tune --nats URL` fills. Workers may
join and leave at any time; what one leaves undone another does.

Examples:
  squall worker --nats nats://127.0.0.1:4222 --idle 60)";

void AddNats(CLI::App* command, NatsOptions* o) {
  command->add_option("--nats", o->url, "Server, such as nats://127.0.0.1:4222; tls:// for TLS")
      ->envname("SQUALL_NATS")
      ->type_name("URL");
  command->add_option("--nats-creds", o->credentials, "Credentials, as nsc writes them")
      ->type_name("FILE");
  command->add_option("--nats-ca", o->ca, "Certificates to trust")->type_name("FILE");
  command->add_option("--nats-cert", o->certificate, "The client's own certificate")
      ->type_name("FILE");
  command->add_option("--nats-key", o->key, "and its key")->type_name("FILE");
}

void AddTune(CLI::App* app, TuneOptions* o) {
  CLI::App* tune = app->add_subcommand("tune", "Find parameters: the best ones and what they cost");
  tune->footer(kTuneHelp);
  tune->add_option("SPACE", o->space, "A file, or the name of a bundled one")->required();
  tune->add_option("--method", o->method, "In place of the space's own")
      ->check(OneOf({MethodNames().begin(), MethodNames().end()}));
  tune->add_option("--seed", o->seed, "In place of the space's own")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->type_name("N");
  tune->add_option("--local,--threads", o->threads, "Threads of this process; default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  tune->add_option("--shard", o->shard,
                   "Run only this share of the points; auto: what a scheduler's environment says")
      ->type_name("I/N");
  AddNats(tune, &o->nats);
  tune->add_option("--ack-wait", o->ack_wait_s,
                   "On NATS: seconds after which the point of a silent worker is another's")
      ->check(CLI::Range(0.5, 3600.0))
      ->type_name("S")
      ->capture_default_str();
  tune->add_option("--resume", o->resume, "Keep results in FILE, and use what is there")
      ->type_name("FILE");
  tune->add_option("--add", o->add, "Use the results in FILE, too; may repeat")
      ->type_name("FILE")
      ->allow_extra_args(false);
  tune->add_option("--preset-out", o->preset_out, "Write the recommended settings as a preset")
      ->type_name("FILE");
  tune->add_option("--html", o->html, "Also write one HTML page to FILE")->type_name("FILE");
  tune->add_flag("--markdown", o->markdown, "The front as a table in Markdown");
  AddOutput(tune, &o->output);
}

void AddWorker(CLI::App* app, WorkerOptions* o) {
  CLI::App* worker = app->add_subcommand("worker", "Run points of sweeps that are on NATS");
  worker->footer(kWorkerHelp);
  AddNats(worker, &o->nats);
  worker->add_option("--threads", o->threads, "Default: all cores")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->type_name("N");
  worker->add_option("--idle", o->idle_s, "End after so many seconds without work; 0: never")
      ->check(CLI::Range(int64_t{0}, int64_t{86400}))
      ->type_name("S")
      ->capture_default_str();
  worker->add_flag("-q,--quiet", o->output.quiet, "Say nothing at the end");
}

}  // namespace

void AddTuning(CLI::App* app, AllOptions* all) {
  AddTune(app, &all->tune);
  AddWorker(app, &all->worker);
  app->add_subcommand("sweep-point", "Run points of a sweep from stdin, for any scheduler")
      ->footer(kSweepPointHelp);
}

}  // namespace squall

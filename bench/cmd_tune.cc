// squall tune: searches a space of settings and says which to take. squall sweep-point: one point
// of any sweep, for any scheduler.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include "bench/command_text.h"
#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "bench/tune/answer.h"
#include "bench/tune/nats_runner.h"
#include "bench/tune/nats_worker.h"
#include "bench/tune/shard.h"
#include "bench/tune/tune_html.h"
#include "bench/tune/tune_report.h"

namespace squall {
namespace {

int Say(const absl::Status& status, int code) {
  std::fprintf(stderr, "squall: %s\n", std::string(status.message()).c_str());
  return code;
}

int CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition: return kExitUsage;
    case absl::StatusCode::kDataLoss: return kExitCorrupt;
    case absl::StatusCode::kUnavailable: return kExitNetwork;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kPermissionDenied: return kExitUsage;
    default: return kExitInvalidScenario;
  }
}

// What the command line says in place of the space; it takes no other method than there is.
void Override(const TuneOptions& options, TuneSpace* space) {
  if (options.seed >= 0) space->seed = options.seed;
  for (size_t i = 0; i < MethodNames().size(); ++i) {
    if (MethodNames()[i] == options.method) space->method = static_cast<TuneMethod>(i);
  }
}

std::string TuneCommand(const TuneOptions& options) {
  std::string line = "squall tune " + ShellWord(options.space);
  if (!options.method.empty()) line += " --method " + options.method;
  if (options.seed >= 0) line += " --seed " + std::to_string(options.seed);
  return line;
}

int WriteAnswer(const TuneOptions& options, const Study& study, const TuneAnswer& answer,
                const std::string& build) {
  const absl::StatusOr<std::string> preset =
      PresetOf(study.space(), study.candidates()[answer.recommended], TuneCommand(options));
  const std::string json = TuneJson(study, answer, build, preset.ok() ? *preset : "");
  if (!options.output.out_file.empty()) {
    const int code = WriteOut(options.output.out_file, json);
    if (code != kExitOk) return code;
  }
  if (!options.preset_out.empty()) {
    if (!preset.ok()) return Say(preset.status(), kExitUsage);
    const int code = WriteOut(options.preset_out, *preset);
    if (code != kExitOk) return code;
  }
  if (!options.html.empty()) {
    const int code = WriteOut(options.html, TuneHtml(study, answer, json));
    if (code != kExitOk) return code;
  }
  const TextStyle style{options.output.color, options.output.utf8};
  const std::string text = options.output.json ? json
                           : options.markdown  ? TuneMarkdown(study, answer)
                                               : RenderTune(study, answer, style);
  return WriteOut("", text);
}

absl::Status OpenStore(const TuneOptions& options, PointStore* store) {
  for (const std::string& path : options.add) {
    const absl::Status read = store->Read(path, true);
    if (!read.ok()) return read;
  }
  return options.resume.empty() ? absl::OkStatus() : store->Open(options.resume);
}

NatsAccess AccessOf(const NatsOptions& options) {
  NatsAccess access;
  if (!options.url.empty()) access.url = options.url;
  access.credentials = options.credentials;
  access.ca = options.ca;
  access.certificate = options.certificate;
  access.key = options.key;
  return access;
}

// Shows how far a stage has come.
class WatchedRunner final : public PointRunner {
 public:
  WatchedRunner(std::unique_ptr<PointRunner> inner, bool wanted)
      : inner_(std::move(inner)), wanted_(wanted) {}

  absl::Status Run(std::span<const SweepPoint> points, ResultSink sink) override {
    std::atomic<int64_t> done{0};
    const Progress progress("tune", &done, static_cast<int64_t>(points.size()), wanted_, "points");
    return inner_->Run(points, [&](const PointResult& result) {
      ++done;
      return sink(result);
    });
  }

 private:
  std::unique_ptr<PointRunner> inner_;
  bool wanted_;
};

// Who runs the points, and what that needs to live.
struct Runners {
  std::unique_ptr<NatsLink> link;
  std::unique_ptr<PointRunner> runner;
};

absl::StatusOr<Runners> MakeRunner(const TuneOptions& options, const std::string& build) {
  Runners made;
  if (options.nats.url.empty()) {
    made.runner = std::make_unique<WatchedRunner>(
        std::make_unique<LocalRunner>(ThreadsFor(options.threads), &InterruptFlag()),
        !options.output.quiet);
    return made;
  }
  absl::StatusOr<std::unique_ptr<NatsLink>> link = NatsLink::Connect(AccessOf(options.nats));
  if (!link.ok()) return link.status();
  const auto ack_wait_ms = static_cast<int64_t>(1000 * options.ack_wait_s);
  const absl::Status streams = (*link)->MakeStreams(build, ack_wait_ms);
  if (!streams.ok()) return streams;
  made.link = std::move(*link);
  made.runner = std::make_unique<WatchedRunner>(
      std::make_unique<NatsRunner>(made.link.get(), &InterruptFlag()), !options.output.quiet);
  return made;
}

}  // namespace

int RunWorker(const WorkerOptions& options) {
  const absl::StatusOr<std::unique_ptr<NatsLink>> link = NatsLink::Connect(AccessOf(options.nats));
  if (!link.ok()) return Say(link.status(), CodeOf(link.status()));
  WorkerReport report;
  const absl::Status worked =
      WorkOnNats(link->get(), BuildOfSquall(options.output.revision), ThreadsFor(options.threads),
                 options.idle_s, &InterruptFlag(), &report);
  if (!options.output.quiet) {
    std::fprintf(stderr, "squall: %lld points, of which %lld had been another worker's\n",
                 static_cast<long long>(report.points), static_cast<long long>(report.redelivered));
  }
  return worked.ok() ? InterruptExitCode() : Say(worked, CodeOf(worked));
}

int Tune(const TuneOptions& options) {
  absl::StatusOr<TuneSpace> space = LoadSpace(options.space);
  if (!space.ok()) return ReportLoadError(space.status());
  Override(options, &*space);
  const absl::StatusOr<Shard> shard = ReadShard(options.shard);
  if (!shard.ok()) return Say(shard.status(), kExitUsage);
  if (shard->count > 1 && options.resume.empty()) {
    return Say(absl::InvalidArgumentError("--shard: got no --resume FILE, expected one for what "
                                          "this shard finds"),
               kExitUsage);
  }
  PointStore store;
  const absl::Status status = OpenStore(options, &store);
  if (!status.ok()) return Say(status, CodeOf(status));
  const std::string build = BuildOfSquall(options.output.revision);
  const absl::StatusOr<Runners> runners = MakeRunner(options, build);
  if (!runners.ok()) return Say(runners.status(), CodeOf(runners.status()));
  absl::StatusOr<Study> study =
      Study::Make(std::move(*space), build, runners->runner.get(), &store, *shard);
  if (!study.ok()) return ReportLoadError(study.status());
  const absl::StatusOr<TuneAnswer> answer = Tune(&*study);
  if (answer.ok()) return WriteAnswer(options, *study, *answer, build);
  if (InterruptExitCode() != 0) {
    std::fprintf(stderr, "squall: interrupted after %zu points%s\n", store.size(),
                 options.resume.empty() ? "; with --resume FILE they would be kept"
                                        : "; the same command goes on from there");
    return InterruptExitCode();
  }
  if (answer.status().code() == absl::StatusCode::kUnavailable && shard->count > 1) {
    std::fprintf(stderr, "squall: %s; to go on, give the files of all shards with --add\n",
                 std::string(answer.status().message()).c_str());
    return kExitOk;
  }
  return Say(answer.status(), CodeOf(answer.status()));
}

int RunSweepPoint(const SweepPointOptions& options) {
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  const std::string build = BuildOfSquall(options.output.revision);
  int64_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    absl::StatusOr<SweepPoint> point = ReadPoint(line, "<stdin>:" + std::to_string(number));
    if (!point.ok()) return Say(point.status(), kExitInvalidScenario);
    if (point->build.empty()) point->build = build;
    if (point->build != build) {
      return Say(absl::InvalidArgumentError("<stdin>:" + std::to_string(number) + ": /build: got " +
                                            point->build + ", expected " + build +
                                            ", which this squall is"),
                 kExitInvalidScenario);
    }
    const absl::StatusOr<PointResult> result = RunPoint(*point, &InterruptFlag());
    if (InterruptExitCode() != 0) return InterruptExitCode();
    if (!result.ok()) return Say(result.status(), kExitInvalidScenario);
    const int code = WriteOut("", ResultText(*result) + "\n");
    if (code != kExitOk) return code;
  }
  return kExitOk;
}

}  // namespace squall

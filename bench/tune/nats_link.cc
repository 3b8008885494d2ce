#include "bench/tune/nats_link.h"

#include <algorithm>

#include "bench/tune/nats_inside.h"
#include "engine/base/cat.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kRemembered = 600 * kSecond;  // message ids, and dead points
constexpr int64_t kResultsKept = 86'400 * kSecond;
constexpr int64_t kPublishWaitMs = 2000;
constexpr std::string_view kDescription = "squall ";  // and the build

// Never the URL, which may hold a secret.
absl::Status Unavailable(std::string_view what, natsStatus status) {
  return absl::UnavailableError(Cat("NATS: ", what, ": ", natsStatus_GetText(status)));
}

absl::Status CheckFiles(const NatsAccess& access) {
  for (const std::string* file :
       {&access.credentials, &access.ca, &access.certificate, &access.key}) {
    if (file->empty() || IsFile(*file)) continue;
    return absl::InvalidArgumentError(Cat(*file, ": got no such file, expected one for NATS"));
  }
  if (access.certificate.empty() != access.key.empty()) {
    return absl::InvalidArgumentError("NATS: got a certificate or a key alone, expected both");
  }
  return absl::OkStatus();
}

natsStatus SetAccess(const NatsAccess& access, natsOptions* options) {
  natsStatus status = natsOptions_SetURL(options, access.url.c_str());
  const bool tls = access.url.starts_with("tls://") || !access.ca.empty() || !access.key.empty();
  if (status == NATS_OK && tls) status = natsOptions_SetSecure(options, true);
  if (status == NATS_OK && !access.ca.empty()) {
    status = natsOptions_LoadCATrustedCertificates(options, access.ca.c_str());
  }
  if (status == NATS_OK && !access.key.empty()) {
    status =
        natsOptions_LoadCertificatesChain(options, access.certificate.c_str(), access.key.c_str());
  }
  if (status == NATS_OK && !access.credentials.empty()) {
    status = natsOptions_SetUserCredentialsFromFiles(options, access.credentials.c_str(), nullptr);
  }
  return status;
}

// Of the streams, what differs.
struct StreamRow {
  const char* name;
  const char* subject;
  jsRetentionPolicy retention;
  int64_t max_age;
};
constexpr StreamRow kStreams[] = {
    {kWorkStream, kWorkSubject, js_WorkQueuePolicy, 0},
    {kResultStream, "squall.result.*", js_LimitsPolicy, kResultsKept},
    {kDeadStream, "squall.dead.*", js_LimitsPolicy, kRemembered},
};

absl::Status MakeStream(jsCtx* js, const StreamRow& row, const std::string& description) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subjects[] = {row.subject};
  config.Name = row.name;
  config.Description = description.c_str();
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Retention = row.retention;
  config.MaxAge = row.max_age;
  config.Storage = js_FileStorage;
  config.Duplicates = kRemembered;
  jsErrCode code{};
  natsStatus status = js_AddStream(nullptr, js, &config, nullptr, &code);
  if (status != NATS_OK) status = js_UpdateStream(nullptr, js, &config, nullptr, &code);
  if (status == NATS_OK) return absl::OkStatus();
  return Unavailable(Cat("stream ", row.name, " (error ", static_cast<int>(code), ")"), status);
}

absl::Status MakeConsumer(jsCtx* js, int64_t ack_wait_ms) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = kWorkers;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = ack_wait_ms * kNanosecondsPerMs;
  config.MaxDeliver = -1;  // workers count, and say what they give up
  config.MaxAckPending = 100'000;
  jsErrCode code{};
  natsStatus status = js_AddConsumer(nullptr, js, kWorkStream, &config, nullptr, &code);
  if (status != NATS_OK) {
    status = js_UpdateConsumer(nullptr, js, kWorkStream, &config, nullptr, &code);
  }
  if (status == NATS_OK) return absl::OkStatus();
  return Unavailable(Cat("consumer (error ", static_cast<int>(code), ")"), status);
}

}  // namespace

NatsLink::NatsLink() : inside_(std::make_unique<Inside>()) {}
NatsLink::~NatsLink() = default;

absl::StatusOr<std::unique_ptr<NatsLink>> NatsLink::Connect(const NatsAccess& access) {
  const absl::Status files = CheckFiles(access);
  if (!files.ok()) return files;
  natsOptions* made = nullptr;
  natsStatus status = natsOptions_Create(&made);
  const NatsOptionsOwner options(made);
  if (status == NATS_OK) status = SetAccess(access, made);
  // A server that is restarted is found again, however long that takes.
  if (status == NATS_OK) status = natsOptions_SetMaxReconnect(made, -1);
  if (status == NATS_OK) status = natsOptions_SetReconnectWait(made, 200);
  if (status == NATS_OK) status = natsOptions_SetTimeout(made, 3000);
  if (status == NATS_OK) status = natsOptions_SetFailRequestsOnDisconnect(made, true);
  // The library prints what it cannot report otherwise; we report all that matters.
  if (status == NATS_OK) {
    status = natsOptions_SetErrorHandler(
        made, [](natsConnection*, natsSubscription*, natsStatus, void*) {}, nullptr);
  }
  std::unique_ptr<NatsLink> link(new NatsLink());
  natsConnection* connection = nullptr;
  if (status == NATS_OK) status = natsConnection_Connect(&connection, made);
  link->inside_->connection.reset(connection);
  jsCtx* js = nullptr;
  if (status == NATS_OK) status = natsConnection_JetStream(&js, connection, nullptr);
  link->inside_->stream.reset(js);
  if (status != NATS_OK) return Unavailable("cannot connect", status);
  return link;
}

absl::StatusOr<std::string> NatsLink::BuildOfWork() {
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  const natsStatus status =
      js_GetStreamInfo(&found, inside_->stream.get(), kWorkStream, nullptr, &code);
  const NatsStreamInfo info(found);
  if (status == NATS_NOT_FOUND) return absl::NotFoundError("NATS: no sweep has begun");
  if (status != NATS_OK) return Unavailable("cannot ask for the stream", status);
  const char* description = info->Config->Description;
  std::string_view text = description == nullptr ? "" : description;
  if (!text.starts_with(kDescription)) return std::string();
  return std::string(text.substr(kDescription.size()));
}

absl::Status NatsLink::MakeStreams(const std::string& build, int64_t ack_wait_ms) {
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  jsCtx* js = inside_->stream.get();
  const natsStatus status = js_GetStreamInfo(&found, js, kWorkStream, nullptr, &code);
  const NatsStreamInfo info(found);
  if (status == NATS_OK && info->State.Msgs > 0) {
    const absl::StatusOr<std::string> other = BuildOfWork();
    if (!other.ok()) return other.status();
    if (*other != build) {
      return absl::FailedPreconditionError(
          Cat("NATS: got a queue with ", info->State.Msgs, " points of squall ", *other,
              ", expected none or those of squall ", build,
              "; finish that sweep, or delete stream ", kWorkStream));
    }
  }
  for (const StreamRow& row : kStreams) {
    const absl::Status made = MakeStream(js, row, Cat(kDescription, build));
    if (!made.ok()) return made;
  }
  return MakeConsumer(js, ack_wait_ms);
}

absl::Status NatsLink::Publish(const std::string& subject, const std::string& id,
                               std::string_view text) {
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  options.MaxWait = kPublishWaitMs;
  jsErrCode code{};
  const natsStatus status = js_Publish(nullptr, inside_->stream.get(), subject.c_str(), text.data(),
                                       static_cast<int>(text.size()), &options, &code);
  return status == NATS_OK ? absl::OkStatus() : Unavailable("cannot publish", status);
}

}  // namespace squall

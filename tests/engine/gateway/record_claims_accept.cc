// Claims about what is accepted, and as what.
#include <set>

#include "tests/engine/gateway/record_claims.h"

namespace squall {
namespace {

constexpr UnixTime kAcceptT = kRecordStart;

void AcceptedIsThere(RecordPlace& place) {
  const auto record = place.Open();
  const AcceptReply reply = Must(record->Accept(RequestOf("k1", "{\"a\":1}"), kAcceptT));
  CHECK(reply.outcome == AcceptOutcome::kAccepted);
  CHECK_FALSE(reply.lock);
  CHECK(reply.request.id.size() == 36);
  CHECK(reply.request.id.starts_with("req_"));

  const RecordedRequest seen = Must(record->Get(reply.request.id, "alice"));
  CHECK(seen.status == RequestStatus::kQueued);
  CHECK(seen.idempotency_key == "k1");
  CHECK(seen.endpoint == "/v1/chat/completions");
  CHECK(seen.attempts == 0);
  CHECK(seen.created_at == kAcceptT);
  CHECK(seen.updated_at == kAcceptT);
  CHECK(seen.result.empty());
  CHECK(absl::IsNotFound(record->Get(reply.request.id, "bob").status()));
  CHECK(absl::IsNotFound(record->Get("req_0", "alice").status()));
  CHECK(absl::IsNotFound(record->Get(std::string("\0\xff", 2), "alice").status()));
  CHECK(absl::IsNotFound(record->Attempts(reply.request.id, "bob").status()));
}

void SameKeySameBody(RecordPlace& place) {
  const auto record = place.Open();
  const AcceptReply first = Must(record->Accept(RequestOf("k"), kAcceptT));
  const auto again = [&] { return Must(record->Accept(RequestOf("k"), kAcceptT + 1s)); };
  CHECK(again().outcome == AcceptOutcome::kExisting);
  CHECK(again().request.id == first.request.id);
  CHECK_FALSE(again().lock);

  const auto claimed = Must(record->ClaimNext(kAcceptT));
  REQUIRE(claimed);
  CHECK(again().request.status == RequestStatus::kProcessing);
  CHECK_FALSE(Must(record->Accept(RequestOf("k", "{}", /*claim=*/true), kAcceptT)).lock);
  MustOk(record->Complete(claimed->lock, "the answer", 200, kAcceptT + 2s));
  CHECK(again().outcome == AcceptOutcome::kExisting);
  CHECK(again().request.status == RequestStatus::kCompleted);
  CHECK(again().request.result == "the answer");
  CHECK(again().request.http_status == 200);
}

void SameKeyOtherBody(RecordPlace& place) {
  const auto record = place.Open();
  const AcceptReply first = Must(record->Accept(RequestOf("k", "one", /*claim=*/true), kAcceptT));
  AcceptReply other = Must(record->Accept(RequestOf("k", "two", /*claim=*/true), kAcceptT));
  CHECK(other.outcome == AcceptOutcome::kConflict);
  CHECK(other.request.id == first.request.id);
  CHECK_FALSE(other.lock);

  MustOk(record->Complete(*first.lock, "secret of one", 200, kAcceptT));
  other = Must(record->Accept(RequestOf("k", "two"), kAcceptT));
  CHECK(other.outcome == AcceptOutcome::kConflict);
  CHECK(other.request.result.empty());
  NewRequest elsewhere = RequestOf("k", "one");
  elsewhere.endpoint = "/v1/messages";
  CHECK(Must(record->Accept(elsewhere, kAcceptT)).outcome == AcceptOutcome::kConflict);
}

void ScopeOfKeys(RecordPlace& place) {
  const auto record = place.Open();
  std::set<std::string> ids;
  ids.insert(Must(record->Accept(RequestOf("k"), kAcceptT)).request.id);
  NewRequest bobs = RequestOf("k", "another body");
  bobs.client = "bob";
  ids.insert(Must(record->Accept(bobs, kAcceptT)).request.id);
  for (int i = 0; i < 3; ++i) {
    const AcceptReply reply = Must(record->Accept(RequestOf(""), kAcceptT));
    CHECK(reply.outcome == AcceptOutcome::kAccepted);
    ids.insert(reply.request.id);
  }
  CHECK(ids.size() == 5);
}

void BadFieldsAreNamed(RecordPlace& place) {
  const auto record = place.Open();
  const std::pair<std::string NewRequest::*, const char*> fields[] = {
      {&NewRequest::client, "client"},
      {&NewRequest::idempotency_key, "idempotency_key"},
      {&NewRequest::endpoint, "endpoint"},
      {&NewRequest::body_hash, "body_hash"},
  };
  const std::string bad_texts[] = {
      std::string(256, 'x'), std::string("a\0b", 3), "a\nb",   "\xff", "\xc0\x80",
      "\xed\xa0\x80",        "\xf4\x90\x80\x80",     "caf\xc3"};
  for (const auto& [field, name] : fields) {
    for (const std::string& text : bad_texts) {
      NewRequest request = RequestOf("k");
      request.*field = text;
      const absl::Status status = record->Accept(request, kAcceptT).status();
      CAPTURE(name, text, status);
      CHECK(absl::IsInvalidArgument(status));
      CHECK(std::string(status.message()).starts_with(name));
    }
  }
  NewRequest request = RequestOf("k");
  request.body.assign(static_cast<size_t>(place.config.max_body_bytes) + 1, 'x');
  CHECK(absl::IsInvalidArgument(record->Accept(request, kAcceptT).status()));
  CHECK(Must(record->Counts(kAcceptT)).queued == 0);
  NewRequest fine = RequestOf("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  const AcceptReply reply = Must(record->Accept(fine, kAcceptT));
  CHECK(Must(record->Get(reply.request.id, "alice")).idempotency_key == fine.idempotency_key);
}

void AnyBytes(RecordPlace& place) {
  const auto record = place.Open();
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& bytes : {std::string(), all, std::string(300'000, 'x') + all}) {
    NewRequest request = RequestOf("", "");
    request.body = bytes;
    Must(record->Accept(request, kAcceptT));
    const auto claimed = Must(record->ClaimNext(kAcceptT));
    REQUIRE(claimed);
    CHECK(claimed->body == bytes);
    MustOk(record->Complete(claimed->lock, bytes, 200, kAcceptT));
    CHECK(Must(record->Get(claimed->lock.id, "alice")).result == bytes);
  }
}

constexpr RecordClaim kAcceptClaims[] = {
    {"what was accepted is there, for its client only", AcceptedIsThere},
    {"the same key and body is the same request, in whatever state", SameKeySameBody},
    {"the same key with another body is a conflict", SameKeyOtherBody},
    {"keys are each client's own, and none is like nothing else", ScopeOfKeys},
    {"bad fields are refused by name", BadFieldsAreNamed},
    {"bodies and results may be any bytes", AnyBytes},
};

}  // namespace

std::span<const RecordClaim> RecordAcceptClaims() { return kAcceptClaims; }

}  // namespace squall

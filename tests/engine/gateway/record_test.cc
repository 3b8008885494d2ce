#include "engine/gateway/record.h"

#include <nlohmann/json.hpp>

#include "engine/gateway/record_hash.h"
#include "tests/engine/gateway/record_claims.h"
#include "tests/engine/gateway/record_files.h"

namespace squall::record_test {
namespace {

TEST_CASE("record: every claim holds in memory", "[record]") {
  RecordPlace place = MemoryPlace();
  CheckRecordClaims(place);
}

TEST_CASE("record: every claim holds in a SQLite file", "[record]") {
  const RecordFolder folder;
  RecordPlace place = folder.Place();
  for (const RecordSync sync : {RecordSync::kFull, RecordSync::kNormal}) {
    place.config.sync = sync;
    CheckRecordClaims(place);
  }
}

TEST_CASE("record: bodies are the same if their JSON says the same", "[record]") {
  const auto hash = [](const std::string& body, const std::string& endpoint = "/v1/messages") {
    return Must(CanonicalBodyHash(endpoint, body));
  };
  const std::string plain = hash(R"({"a":1,"b":[1,2,{"c":null}],"d":"x"})");
  CHECK(plain.size() == 64);
  CHECK(hash(" {\"d\" : \"\\u0078\", \"b\":[1, 2,\n{\"c\":null}],\"a\":1 } ") == plain);
  CHECK(hash(R"({"a":1,"b":[1,2,{"c":null}],"d":"x","wait":true,"idempotency_key":"k"})") == plain);
  for (const char* other :
       {R"({"a":2,"b":[1,2,{"c":null}],"d":"x"})", R"({"a":1,"b":[2,1,{"c":null}],"d":"x"})",
        R"({"a":1,"b":[1,2,{"c":null,"wait":1}],"d":"x"})", R"({"a":"1","b":[],"d":"x"})",
        R"({"a":1,"b":[1,2,{"c":null}],"d":"x","e":null})"}) {
    CHECK(hash(other) != plain);
  }
  CHECK(hash("{}", "/v1/messages") != hash("{}", "/v1/chat/completions"));
  for (const char* bad : {"", "[]", "1", "{", "{} x", "{\"a\":\"\xff\"}"}) {
    CAPTURE(bad);
    CHECK(absl::IsInvalidArgument(CanonicalBodyHash("/", bad).status()));
  }
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// What the hash has been since the first record: a key must not come to stand for another body
// because squall has been replaced.
TEST_CASE("record: the canonical form of a body is what nlohmann prints", "[record]") {
  for (const char* body : {
           "{}",
           R"({"wait":false,"idempotency_key":"k"})",
           R"({"b":{"z":[],"a":{}},"a":[1,-1,0,-0,18446744073709551615,-9223372036854775808]})",
           R"({"n":[0.7,1.0,1e2,1E-7,-0.0,123456789.125,1e16,5e-324,1.7976931348623157e308]})",
           R"({"text":"\u00e9 \ud83d\ude00 \" \\ \/ \n\r\t \u0001 \u007f"})",
           R"({"same":1,"other":{"x":1,"x":2},"same":[true,false,null]})",
           R"({"wait":{"wait":1},"inner":{"wait":1,"idempotency_key":"k"},"":0,"a b":"é"})",
       }) {
    CAPTURE(body);
    nlohmann::json json = nlohmann::json::parse(body);
    json.erase("wait");
    json.erase("idempotency_key");
    const std::string text = std::string("/v1/messages") + '\0' + json.dump();
    CHECK(Must(CanonicalBodyHash("/v1/messages", body)) == Sha256Hex(text));
  }
}

TEST_CASE("record: times print as RFC 3339", "[record]") {
  CHECK(Rfc3339({0}) == "1970-01-01T00:00:00.000Z");
  CHECK(Rfc3339({1'773'221'400'123'999'999}) == "2026-03-11T09:30:00.123Z");
  CHECK(Rfc3339({-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(UnixSeconds({1'773'221'400'999'999'999}) == 1'773'221'400);
  CHECK(WallNow() > UnixTime{1'700'000'000'000'000'000});
}

TEST_CASE("record: error codes and messages are made safe", "[record]") {
  CHECK(SafeErrorCode("") == "");
  CHECK(SafeErrorCode("rate_limit_exceeded") == "rate_limit_exceeded");
  CHECK(SafeErrorCode("http_503") == "http_503");
  CHECK(SafeErrorCode("Bad Request") == "other");
  CHECK(SafeErrorCode(std::string(41, 'a')) == "other");
  CHECK(SafeErrorCode("0f9a8b7c6d5e4f3a") == "other");
  CHECK(SafeErrorMessage("plain words") == "plain words");
  CHECK(SafeErrorMessage("a\tb\xc3\xa9") == "a?b??");
  CHECK(SafeErrorMessage("key " + std::string(25, 'k') + " end") == "key [...] end");
  CHECK(SafeErrorMessage("key " + std::string(24, 'k')) == "key " + std::string(24, 'k'));
}

TEST_CASE("record: random calls agree with a model, in memory", "[record]") {
  RecordPlace place = MemoryPlace();
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RecordModelRun run;
    run.seed = seed;
    run.steps = 600;
    run.on_unknown = seed % 2 == 0 ? UnknownPolicy::kFail : UnknownPolicy::kRetry;
    CheckRecordAgainstModel(place, 1, run);
  }
}

}  // namespace
}  // namespace squall::record_test

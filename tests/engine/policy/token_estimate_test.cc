#include "engine/policy/token_estimate.h"

#include <cmath>
#include <iterator>
#include <string>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::token_estimate_test {
namespace {

// What o200k_base makes of some texts, by gpt-tokenizer 3; token_error.mjs measures many more.
struct Known {
  const char* kind;
  int64_t tokens;
  const char* text;
};
// clang-format off
const Known kKnown[] = {
    {"english", 47,
     "The limiter reserves tokens before a request is sent and settles them when the provide"
     "r reports what it has billed. If the estimate was too high, the difference goes back; "
     "if it was too low, the next request waits a little longer."},
    {"german", 59,
     "Der Begrenzer bucht Token, bevor eine Anfrage abgeschickt wird, und gleicht sie aus, s"
     "obald der Anbieter meldet, was er berechnet hat. War die Schätzung zu hoch, fließt der"
     " Unterschied zurück; war sie zu niedrig, wartet die nächste Anfrage etwas länger."},
    {"chinese", 51,
     "限流器在发送请求之前预留令牌，并在服务商报告实际用量之后结算。如果估计过高，多余的部分会退回；如果估计过低，下一个请求就要多等一会儿。"},
    {"japanese", 71,
     "リクエストを送る前にトークンを予約し、プロバイダーが使用量を報告したあとで精算します。見積もりが高すぎた場合は差額が戻り、低すぎた場合は次のリクエストが少し長く待ちます。"},
    {"russian", 40,
     "Ограничитель резервирует токены перед отправкой запроса и рассчитывается, когда постав"
     "щик сообщает, сколько было списано. Если оценка была завышена, разница возвращается."},
    {"json", 78,
     "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1770933892,\"model\""
     ":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"conte"
     "nt\":\"Forty-two.\",\"refusal\":null},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt"
     "_tokens\":16,\"completion_tokens\":3,\"total_tokens\":19}}"},
    {"code", 63,
     "int64_t EpochOf(Time now) const {\n  return now.time_since_epoch() / (config_.window /"
     " kBuckets);\n}\n\nbool RetryBudget::Withdraw(Time now) {\n  if (!Allows(now)) return f"
     "alse;\n  if (config_.enabled) ++Current(now).extra;\n  return true;\n}\n"},
    {"base64", 114,
     "c3F1YWxsIGlzIGEgd2luZCB0dW5uZWwgZm9yIHRoZSBjb2RlIHRoYXQga2VlcHMgTExNIGNhbGxzIGFsaXZlOi"
     "Btb2NrIHByb3ZpZGVycyBpbmplY3QgZmF1bHRzLCBhIHJlY292ZXJ5IGVuZ2luZSBydW5zIGFnYWluc3QgdGhl"
     "bQ=="},
    {"digits", 63,
     "4711, 271828182, 3141592653, 16180, 1729, 65537, 1000000007, 86400, 525600, 299792458,"
     " 6022, 8, 15, 16, 23, 42"},
    {"emoji", 29,
     "ship it 🚀🚀 the tests are green ✅ and the cake is ready 🎂 thank you all 🙏 see you on mo"
     "nday 👋"},
};
// clang-format on

TEST_CASE("token estimate: within a sixth of the real tokenizer on every kind of text",
          "[policy]") {
  double sum = 0;
  for (const Known& known : kKnown) {
    const auto estimate = static_cast<double>(EstimateTokens(known.text));
    const double error = estimate / static_cast<double>(known.tokens) - 1;
    CAPTURE(known.kind, known.tokens, estimate);
    CHECK(std::abs(error) < 1.0 / 6);
    sum += error;
  }
  CHECK(std::abs(sum / static_cast<double>(std::size(kKnown))) < 0.05);  // and not one-sided
}

TEST_CASE("token estimate: only an empty text has no tokens", "[policy]") {
  CHECK(EstimateTokens("") == 0);
  for (const char* text : {" ", "a", "\n", "\t", ".", "\xff", "\xe4", "\xf0\x9f", "0"}) {
    CAPTURE(text);
    CHECK(EstimateTokens(text) == 1);
  }
}

TEST_CASE("token estimate: any bytes at all have between none and two tokens each", "[policy]") {
  for (uint64_t i = 0; i < 2'000; ++i) {
    std::string bytes;
    const uint64_t length = DrawBits(1, Stream("length"), i) % 200;
    for (uint64_t k = 0; k < length; ++k) {
      bytes += static_cast<char>(DrawBits(1, Stream("bytes"), i, k));
    }
    const int64_t tokens = EstimateTokens(bytes);
    CHECK(tokens >= (bytes.empty() ? 0 : 1));
    CHECK(tokens <= 2 * static_cast<int64_t>(bytes.size()));
  }
}

TEST_CASE("token estimate: weighing only what a text has is weighing all of it", "[policy]") {
  TokenFeatures weights{};
  for (size_t i = 0; i < kTokenFeatures; ++i) weights[i] = Draw(1, Stream("weight"), i);
  constexpr std::string_view kPieces[] = {"the ", "word", " ",   "  ", "\n", "\n  ", "é",  "Ж",
                                          "日",   "7",    " 12", ".",  "--", "AB",   "Xy", "\xff"};
  for (uint64_t i = 0; i < 2'000; ++i) {
    std::string text;
    for (uint64_t k = 0; k < i % 13; ++k) {
      text += kPieces[DrawBits(1, Stream("piece"), i, 0, k) % std::size(kPieces)];
    }
    const TokenFeatures features = CountTokenFeatures(text);
    double all = 0;
    for (size_t f = 0; f < kTokenFeatures; ++f) all += weights[f] * features[f];
    CAPTURE(text);
    REQUIRE(WeighTokenFeatures(text, weights) == all);
  }
}

TEST_CASE("token estimate: grows with its text", "[policy]") {
  for (const Known& known : kKnown) {
    const std::string once = std::string(known.text) + "\n";
    std::string many;
    for (int i = 0; i < 100; ++i) many += once;
    const auto one = static_cast<double>(EstimateTokens(once));
    CAPTURE(known.kind, one);
    CHECK(std::abs(static_cast<double>(EstimateTokens(many)) - 100 * one) <= 50 + 5 * one);
  }
}

TEST_CASE("token ratio: learns what a model bills and forgets one strange bill", "[policy]") {
  TokenRatio ratio((TokenRatioConfig()));
  CHECK(ratio.Expect(1'000, 2) == 1'008);
  for (int i = 0; i < 100; ++i) ratio.Observe(1'000, 2, 1'310);
  CHECK(ratio.Expect(1'000, 2) == Approx(1'310).margin(2));
  ratio.Observe(10, 1, 1'000'000);
  CHECK(ratio.ratio() < 1.3 + 0.1 * 4);
  for (int i = 0; i < 100; ++i) ratio.Observe(1'000, 2, 1'310);
  CHECK(ratio.Expect(1'000, 2) == Approx(1'310).margin(2));
}

TEST_CASE("token ratio: usage of nothing teaches nothing", "[policy]") {
  TokenRatio ratio((TokenRatioConfig()));
  ratio.Observe(0, 1, 50);
  ratio.Observe(50, 1, 0);
  ratio.Observe(50, 1, -3);
  CHECK(ratio.ratio() == 1);
}

}  // namespace
}  // namespace squall::token_estimate_test

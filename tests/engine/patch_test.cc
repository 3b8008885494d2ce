// How a request is changed: what stays of a prompt that must become shorter, which limits follow
// from a refusal, and what of it goes to another model.
#include "engine/patch.h"

#include <string>

#include "tests/catch.h"

namespace squall::patch_test {
namespace {

Diagnosis TooLong(Adaptation adapt = Adaptation::kNone) {
  Diagnosis d;
  d.failure = FailureClass::kContextLengthExceeded;
  d.adapt = adapt;
  return d;
}

Diagnosis Refused(Adaptation adapt) {
  Diagnosis d;
  d.failure = FailureClass::kInvalidRequest;
  d.adapt = adapt;
  return d;
}

CallState Asked(int64_t prompt_tokens, int64_t max_tokens) {
  CallState call;
  call.told_tokens = prompt_tokens;
  call.max_tokens = call.wanted_tokens = max_tokens;
  return call;
}

ModelInfo Model(int64_t context_tokens, int64_t max_output_tokens = 0) {
  ModelInfo model;
  model.context_tokens = context_tokens;
  model.max_output_tokens = max_output_tokens;
  return model;
}

ChatRequest Prompt(std::string text) {
  ChatRequest request;
  request.messages.emplace_back(Role::kUser, std::move(text));
  return request;
}

Patch Keeping(double share) {
  Patch patch;
  patch.keep = share;
  return patch;
}

TEST_CASE("patch: where a prompt has a long passage, that is cut, and what is around it stays",
          "[engine]") {
  const std::string head = "Answer by the documents below.\n\nDocuments:\n";
  const std::string end = "\n\nThe question: who signed the lease? " + std::string(1'500, 'q');
  const std::string prompt = head + std::string(20'000, 'x') + end;
  for (const double share : {0.9, 0.5, 0.1}) {
    CAPTURE(share);
    const std::string cut = Patched(Prompt(prompt), Keeping(share)).messages[0].content;
    CHECK(cut.starts_with(head));
    CHECK(cut.ends_with(end));
    CHECK(static_cast<double>(cut.size()) <= share * static_cast<double>(prompt.size()));
    CHECK(static_cast<double>(cut.size()) > 0.8 * share * static_cast<double>(prompt.size()));
  }
}

TEST_CASE("patch: of a prompt of many short passages, the middle goes, and more of the end",
          "[engine]") {
  std::string prompt;
  for (int i = 0; i < 1'000; ++i) prompt += "passage " + std::to_string(i) + "\n\n";
  const std::string cut = Patched(Prompt(prompt), Keeping(0.25)).messages[0].content;
  CHECK(cut.starts_with("passage 0\n\npassage 1\n\n"));
  CHECK(cut.ends_with("passage 999\n\n"));
  const size_t gap = cut.find("\n[...]\n");
  REQUIRE(gap != std::string::npos);
  CHECK(gap > cut.size() * 7 / 10);
  CHECK(gap < cut.size() * 8 / 10);
}

TEST_CASE("patch: a cut never falls into a character", "[engine]") {
  std::string prompt;
  for (int i = 0; i < 500; ++i) prompt += "\xe5\xad\x97";
  for (int percent = 10; percent < 100; ++percent) {
    const std::string cut = Patched(Prompt(prompt), Keeping(percent / 100.0)).messages[0].content;
    const size_t gap = cut.find("\n[...]\n");
    REQUIRE(gap != std::string::npos);
    CHECK(gap % 3 == 0);
    CHECK((cut.size() - gap - 7) % 3 == 0);
  }
}

TEST_CASE("patch: old turns go first, the system's and the last one stay, a user's turn begins",
          "[engine]") {
  ChatRequest request;
  request.messages.emplace_back(Role::kSystem, "rules");
  for (int turn = 0; turn < 10; ++turn) {
    request.messages.emplace_back(Role::kUser, "q" + std::string(99, 'q'));
    request.messages.emplace_back(Role::kAssistant, "a" + std::string(99, 'a'));
  }
  request.messages.emplace_back(Role::kUser, "the last one");
  for (int percent = 5; percent < 100; percent += 5) {
    CAPTURE(percent);
    const ChatRequest cut = Patched(request, Keeping(percent / 100.0));
    REQUIRE(cut.messages.size() >= 2);
    CHECK(cut.messages[0].content == "rules");
    CHECK(cut.messages[1].role == Role::kUser);
    CHECK(cut.messages.back().content == "the last one");
  }
}

TEST_CASE("patch: a known window is met in one step, an unknown one by halves", "[engine]") {
  const std::optional<Patch> fits = PatchFor(TooLong(), Model(5'000), Asked(10'000, 1'000));
  REQUIRE(fits);
  CHECK(fits->keep == Approx(4'000 * 0.87 / 10'000));
  CallState call = Asked(0, 1'000);
  for (const double keep : {0.5, 0.25, 0.125}) {
    const std::optional<Patch> half = PatchFor(TooLong(), Model(0), call);
    REQUIRE(half);
    CHECK(half->keep == keep);
    call.patch = *half;
  }
  // An estimate that was too low is not sent twice.
  call = Asked(10'000, 1'000);
  call.patch.keep = 4'000 * 0.87 / 10'000;
  CHECK(PatchFor(TooLong(), Model(5'000), call)->keep == Approx(call.patch.keep / 2));
}

TEST_CASE("patch: what the refusal says of the window goes before what is configured", "[engine]") {
  Diagnosis last = TooLong();
  last.counts = {10'000, 5'000};
  for (const int64_t configured : {0, 9'000}) {
    const std::optional<Patch> fits = PatchFor(last, Model(configured), Asked(10'000, 1'000));
    REQUIRE(fits);
    CHECK(fits->keep == Approx(4'000 * 0.87 / 10'000));
  }
}

TEST_CASE("patch: a prompt is not cut to nothing", "[engine]") {
  CallState call = Asked(0, 1'000);
  int steps = 0;
  while (const std::optional<Patch> patch = PatchFor(TooLong(), Model(0), call)) {
    call.patch = *patch;
    ++steps;
  }
  CHECK(steps == 6);
  CHECK_FALSE(PatchFor(TooLong(), Model(0), Asked(100, 1'000)));
  CHECK_FALSE(PatchFor(TooLong(), Model(60), Asked(10'000, 10)));
}

TEST_CASE("patch: where the words say that the prompt fits, the answer's limit gives way",
          "[engine]") {
  constexpr Adaptation kFewer = Adaptation::kReduceMaxTokens;
  const std::optional<Patch> known = PatchFor(TooLong(kFewer), Model(5'000), Asked(1'000, 4'500));
  REQUIRE(known);
  CHECK(known->keep == 1);
  CHECK(known->max_tokens == 5'000 - static_cast<int64_t>(1'000 / 0.87));
  // Not known: half of it once, then the prompt after all.
  CallState call = Asked(1'000, 4'500);
  const std::optional<Patch> half = PatchFor(TooLong(kFewer), Model(0), call);
  REQUIRE(half);
  CHECK(half->max_tokens == 2'250);
  call.patch = *half;
  call.max_tokens = half->max_tokens;
  const std::optional<Patch> shorter = PatchFor(TooLong(kFewer), Model(0), call);
  REQUIRE(shorter);
  CHECK(shorter->max_tokens == 2'250);
  CHECK(shorter->keep == 0.5);
  // An answer of a few tokens is none: the prompt leaves it room.
  const std::optional<Patch> room = PatchFor(TooLong(kFewer), Model(5'000), Asked(4'300, 4'000));
  REQUIRE(room);
  CHECK(room->max_tokens == 0);
  CHECK(room->keep < 0.3);
}

TEST_CASE("patch: a limit beyond the model's is lowered to that, or by halves", "[engine]") {
  const Diagnosis refused = Refused(Adaptation::kReduceMaxTokens);
  CHECK(PatchFor(refused, Model(0, 4'096), Asked(0, 5'000))->max_tokens == 4'096);
  CHECK(PatchFor(refused, Model(0), Asked(0, 5'000))->max_tokens == 2'500);
  CHECK_FALSE(PatchFor(refused, Model(0), Asked(0, 20)));
}

TEST_CASE("patch: parameters can be dropped once", "[engine]") {
  CallState call = Asked(0, 100);
  const std::optional<Patch> plain = PatchFor(Refused(Adaptation::kDropParam), Model(0), call);
  REQUIRE(plain);
  CHECK(plain->drop_optional);
  call.patch = *plain;
  CHECK_FALSE(PatchFor(Refused(Adaptation::kDropParam), Model(0), call));
  CHECK_FALSE(PatchFor(Refused(Adaptation::kNone), Model(0), call));
}

TEST_CASE("patch: it stays with the model that it was made for", "[engine]") {
  CallState call = Asked(10'000, 1'000);
  call.patch = Patch{500, 0.25, true};
  call.max_tokens = 500;
  call.patched = Target{0, 1};
  CHECK(PatchAt(Target{0, 1}, Model(100'000, 8'000), call) == call.patch);
}

TEST_CASE("patch: another model gets as much of the caller's request as is known to fit",
          "[engine]") {
  CallState call = Asked(10'000, 1'000);
  call.patch = Patch{500, 0.25, true};
  call.max_tokens = 500;
  const Target other{1, 0};
  // Larger in all: the whole request again.
  const Patch whole = PatchAt(other, Model(100'000, 8'000), call);
  CHECK(whole == Patch{1'000, 1, false});
  // Larger, but not large enough.
  const Patch part = PatchAt(other, Model(8'000, 800), call);
  CHECK(part.max_tokens == 800);
  CHECK(part.keep == Approx(7'200 * 0.87 / 10'000));
  // Not known: what one model has turned down, another one may as well.
  const Patch same = PatchAt(other, Model(0), call);
  CHECK(same == Patch{500, 0.25, false});
  // A request that nobody has turned down is nobody's to change.
  call.patch = Patch();
  CHECK(PatchAt(other, Model(10, 10), call) == Patch());
}

}  // namespace
}  // namespace squall::patch_test

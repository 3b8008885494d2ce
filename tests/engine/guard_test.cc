#include "engine/guard.h"

#include <set>

#include "engine/guard_equal.h"
#include "engine/guard_language.h"
#include "engine/guard_text.h"
#include "tests/catch.h"

namespace squall::guard_test {
namespace {

// Prose written for these tests, one text per language.
constexpr std::pair<const char*, const char*> kProse[] = {
    {"en",
     "The shop closes at six, but if you call before five we can still put the parcel aside for "
     "you, and a neighbour may collect it in the evening."},
    {"de",
     "Der Laden schließt um sechs, aber wenn Sie vor fünf anrufen, legen wir das Paket noch für "
     "Sie "
     "zurück, und ein Nachbar kann es am Abend abholen."},
    {"fr",
     "Le magasin ferme à six heures, mais si vous appelez avant cinq heures, nous pouvons encore "
     "mettre le colis de côté pour vous, et un voisin peut le prendre dans la soirée."},
    {"es",
     "La tienda cierra a las seis, pero si llama antes de las cinco todavía podemos apartar el "
     "paquete para usted, y un vecino lo puede recoger por la tarde."},
    {"it",
     "Il negozio chiude alle sei, ma se chiama prima delle cinque possiamo ancora mettere da parte "
     "il pacco per lei, e un vicino lo può ritirare nella serata."},
    {"pt",
     "A loja fecha às seis, mas se ligar antes das cinco ainda podemos guardar a encomenda para o "
     "senhor, e um vizinho pode levantar a caixa ao fim da tarde, também no sábado."},
    {"nl",
     "De winkel sluit om zes uur, maar als u voor vijf uur belt kunnen we het pakket nog voor u "
     "apart leggen, en een buurman kan het in de avond ophalen."},
};

std::string_view RuleOf(Guard* guard, std::string_view answer, const AnswerFacts& facts = {}) {
  return guard->Check(answer, nullptr, facts).rule;
}

TEST_CASE("guard: the table names each validator once, and defaults are the structural ones") {
  std::set<std::string_view> names;
  int on = 0;
  for (const ValidatorRow& row : Validators()) {
    CHECK(names.insert(row.name).second);
    CHECK(FindValidator(row.name) == &row);
    on += row.on(GuardConfig());
  }
  CHECK(on == 4);  // non_empty, json, json_schema, and what the request requires
  CHECK(FindValidator("poetry") == nullptr);
}

TEST_CASE("guard: says where a schema was broken, until the next answer") {
  const auto schema = JsonSchema::Compile(R"({"properties":{"a":{"type":"integer"}}})");
  REQUIRE(schema.ok());
  Guard guard{GuardConfig()};
  CHECK(guard.Check(R"({"a":"x"})", &*schema).rule == "guard.schema.type");
  CHECK(guard.violation().pointer == "/a");
  CHECK(guard.Check(R"({"a":1})", &*schema).ok());
  CHECK(guard.violation().kind == Drift::kNone);
}

TEST_CASE("guard: length counts characters") {
  GuardConfig config;
  config.length = {3, 5};
  Guard guard(config);
  CHECK(RuleOf(&guard, "ab") == "guard.length.short");
  CHECK(RuleOf(&guard, "äöü") == "ok");
  CHECK(RuleOf(&guard, "äöüäö") == "ok");
  CHECK(RuleOf(&guard, "abcdef") == "guard.length.long");
}

TEST_CASE("guard: required and forbidden texts") {
  GuardConfig config;
  config.entities.required = {"INV-?0?5-*/A"};
  config.entities.forbidden = {R"((?i)as an ai\b)"};
  Guard guard(config);
  CHECK(RuleOf(&guard, "see INV-2025-00417/A, paid") == "ok");
  CHECK(RuleOf(&guard, "see INV-25-00417, paid") == "guard.entities.missing");
  CHECK(RuleOf(&guard, "INV-2025-1/A As an AI, I ...") == "guard.entities.forbidden");
  const std::string_view needed[] = {"crates", "5"};
  AnswerFacts facts;
  facts.required = needed;
  Guard plain{GuardConfig()};
  const auto schema = JsonSchema::Compile("{}");
  CHECK(plain.Check(R"({"unit":"cr\u0061tes","n":5})", &*schema, facts).ok());
  CHECK_FALSE(plain.Check(R"({"unit":"boxes","n":5})", &*schema, facts).ok());
}

TEST_CASE("guard: globs match anywhere, in bounded time") {
  CHECK(GlobOccurs("", ""));
  CHECK(GlobOccurs("*", ""));
  CHECK(GlobOccurs("b?d", "abcd"));
  CHECK(GlobOccurs("a*c*e", "xaabccdde"));
  CHECK_FALSE(GlobOccurs("a*c*b", "xabcd"));
  CHECK_FALSE(GlobOccurs("?", ""));
  const std::string text(100'000, 'a');
  CHECK_FALSE(GlobOccurs("*a*a*a*a*a*a*a*a*a*a*b", text));
}

TEST_CASE("guard: every language is told from every other, and from itself is not") {
  for (const auto& [expected, own] : kProse) {
    GuardConfig config;
    config.language.enabled = true;
    config.language.expected = expected;
    Guard guard(config);
    for (const auto& [language, text] : kProse) {
      CAPTURE(expected, language);
      CHECK((RuleOf(&guard, text) == "ok") == (language == std::string_view(expected)));
    }
  }
}

TEST_CASE("guard: a foreign script shows in one value, but not where the prompt has it too") {
  GuardConfig config;
  config.language.enabled = true;
  Guard guard(config);
  const auto schema = JsonSchema::Compile("{}");
  const auto rule = [&](std::string_view answer, std::string_view prompt) {
    AnswerFacts facts;
    facts.prompt = prompt;
    return guard.Check(answer, &*schema, facts).rule;
  };
  const std::string_view english = "Who sent this parcel? Answer in JSON.";
  CHECK(rule(R"({"from":"Ivan Petrov","code":"RU-17"})", english) == "ok");
  CHECK(rule(R"({"from":"Иван Петров","code":"RU-17"})", english) == "guard.language.script");
  CHECK(rule(R"({"from":"\u0418\u0432\u0430\u043d","code":"X"})", english) ==
        "guard.language.script");
  CHECK(rule(R"({"from":"伊万"})", english) == "guard.language.script");
  CHECK(rule(R"({"from":"Иван Петров"})", "Who sent this? Отправитель: Иван Петров") == "ok");
  CHECK(rule(R"({"from":"Иван"})", "") == "ok");  // nothing is known
  CHECK(rule(R"({"unit":"10 µm, 5 Ω, π"})", english) == "ok");
  // Codes are in Latin letters everywhere; prose is not.
  const std::string_view russian = "Кто отправил посылку?";
  CHECK(rule(R"({"from":"DHL Express","code":"RU-17"})", russian) == "ok");
  CHECK(rule(std::string("{\"a\":\"") + kProse[0].second + "\"}", russian) ==
        "guard.language.script");
  AnswerFacts facts;
  facts.prompt = "Translate into Russian: good morning to all of you";
  facts.language = "ru";
  CHECK(RuleOf(&guard, "Доброе утро всем вам", facts) == "ok");
}

TEST_CASE("guard: text that repeats itself, and text that only returns to its subject") {
  GuardConfig config;
  config.repetition.enabled = true;
  Guard guard(config);
  for (const auto& [language, text] : kProse) CHECK(RuleOf(&guard, text) == "ok");
  std::string phrase;
  std::string sentence;
  std::string word;
  for (int i = 0; i < 30; ++i) {
    phrase += "I am sorry about that ";
    word += "the ";
    sentence += kProse[0].second;
  }
  CHECK(RuleOf(&guard, phrase) == "guard.repetition");
  CHECK(RuleOf(&guard, word) == "guard.repetition");
  CHECK(RuleOf(&guard, sentence) == "guard.repetition");
  CHECK(RuleOf(&guard, "the the the the the") == "ok");  // too short to say
  std::string chinese;
  for (int i = 0; i < 20; ++i) chinese += "谢谢你的问题";
  CHECK(RuleOf(&guard, chinese) == "guard.repetition");
  // Labels that recur, and a table.
  const auto schema = JsonSchema::Compile("{}");
  std::string labels = "[\"positive\"";
  std::string table = "| id | state |\n| --- | --- |\n";
  for (int i = 0; i < 60; ++i) {
    labels += ",\"positive\"";
    table += "| " + std::to_string(i) + " | " + std::to_string(i * i) + " |\n";
  }
  CHECK(guard.Check(labels + "]", &*schema).ok());
  CHECK(RuleOf(&guard, table) == "ok");
}

TEST_CASE("guard: characters that follow each other in no language") {
  GuardConfig config;
  config.garbage.enabled = true;
  Guard guard(config);
  for (const auto& [language, text] : kProse) {
    CAPTURE(language);
    CHECK(RuleOf(&guard, text) == "ok");
  }
  CHECK(RuleOf(&guard, "fjqkz wxvbn pqjrt zzkqv hgxwq mvbnq tkxzj qpwlk") == "guard.garbage");
  CHECK(RuleOf(&guard,
               "Stra\xef\xbf\xbd"
               "e und M\xef\xbf\xbdnchen") == "guard.garbage");
  CHECK(RuleOf(&guard, "GrÃ¼ÃŸe aus KÃ¶ln") == "guard.garbage");
  CHECK(RuleOf(&guard, "Itâ€™s fine, donâ€™t worry") == "guard.garbage");
  CHECK(RuleOf(&guard, "«Perché no?» c’è “Ñandú” à Ãcaro") == "ok");
  CHECK(RuleOf(&guard, "QXZJ-1182, HTTP/2, GPS, XML, SQL, KPMG, RWTH") == "ok");
  CHECK(RuleOf(&guard, "東海物流有限公司 Общество Северный Ветер") == "ok");
  CHECK(RuleOf(&guard, "Emoji are fine 😀🎉👍🏽 and so are → arrows") == "ok");
}

std::string Report(int i, const char* topic) {
  return std::string("{\"topic\":\"") + topic + "\",\"summary\":\"Item " +
         std::to_string(i * 7919) + " was " +
         (i % 3 == 0   ? "checked and approved"
          : i % 3 == 1 ? "sent back"
                       : "put on hold") +
         " by the " + (i % 2 == 0 ? "morning" : "evening") + " team\"}";
}

TEST_CASE("drift: several odd answers are a change, one is not, and a change can pass") {
  DriftConfig config;
  config.enabled = true;
  DriftWindows windows(config);
  int flagged = 0;
  for (int i = 0; i < 2'000; ++i) flagged += windows.Observe("a", Report(i, "stock"));
  CHECK(flagged == 0);
  const std::string odd = "I'm sorry, but I cannot help with this request at the moment.";
  // One in ten.
  for (int i = 0; i < 500; ++i)
    flagged += windows.Observe("a", i % 10 == 0 ? odd : Report(i, "stock"));
  CHECK(flagged == 0);
  int after = 0;
  while (after < 100 && !windows.Observe("a", odd)) ++after;
  CHECK(after >= 2);
  CHECK(after <= 4);
  CHECK_FALSE(windows.Observe("a", Report(1, "stock")));  // a usual answer is never flagged
  // The new kind becomes the reference in the end.
  for (int i = 0; i < 20'000; ++i) (void)windows.Observe("a", odd);
  CHECK_FALSE(windows.Observe("a", odd));
}

TEST_CASE("drift: keys have windows of their own, and no more of them than allowed") {
  DriftConfig config;
  config.max_keys = 8;
  DriftWindows windows(config);
  for (int i = 0; i < 5'000; ++i) {
    (void)windows.Observe("kept", Report(i, "stock"));
    (void)windows.Observe("key" + std::to_string(i), "x");
  }
  CHECK(windows.keys() == 8);
  // The one in use stayed: it is past its warm-up.
  int after = 0;
  while (after < 100 && !windows.Observe("kept", "something else entirely")) ++after;
  CHECK(after <= 4);
}

TEST_CASE("equivalent: the same answer in another dress") {
  const auto schema = JsonSchema::Compile(
      R"({"properties":{"a":{"type":"number"},"b":{"type":"string"},"notes":{}},)"
      R"("required":["a","b"]})");
  REQUIRE(schema.ok());
  struct Row {
    const char* a;
    const char* b;
    bool bare;    // without schema
    bool schema;  // with
  };
  const Row rows[] = {
      {R"({"a":1,"b":"x"})", R"({ "b":"x", "a":1.0 })", true, true},
      {R"({"a":100,"b":"x"})", R"({"a":1e2,"b":" x "})", true, true},
      {R"({"a":1,"b":"x y"})", R"({"a":1,"b":"x  y\n"})", true, true},
      {R"({"a":1,"b":"x"})", R"({"a":1,"b":"X"})", false, false},
      {R"({"a":1,"b":"x"})", R"({"a":2,"b":"x"})", false, false},
      {R"({"a":0.1,"b":"x"})", R"({"a":0.10000000001,"b":"x"})", true, true},
      {R"({"a":1,"b":"x","notes":"one"})", R"({"a":1,"b":"x","notes":"two"})", false, true},
      {R"({"a":1,"b":"x","notes":"one"})", R"({"a":1,"b":"x"})", false, true},
      {R"({"a":1,"b":"x"})", R"({"a":1})", false, false},
      {R"({"a":1})", R"({"a":1})", true, false},  // alike, but no answers to this schema
      {R"({"a":1,"b":"x","z":1})", R"({"a":1,"b":"x","z":2})", false, false},
      {"[1,2]", "[2,1]", false, false},
      {"[1,2]", "[1,2,3]", false, false},
      {"9007199254740993", "9007199254740992", false, false},
      {"1", "\"1\"", false, false},
      {"true", "1", false, false},
      {"yes ", " yes", true, false},
      {"yes", "no", false, false}};
  for (const Row& row : rows) {
    CAPTURE(row.a, row.b);
    CHECK(Equivalent(row.a, row.b, nullptr) == row.bare);
    CHECK(Equivalent(row.b, row.a, nullptr) == row.bare);
    const bool object = row.a[0] == '{';
    if (object) CHECK(Equivalent(row.a, row.b, &*schema) == row.schema);
  }
  EquivalenceOptions options;
  options.ignore_case = true;
  CHECK(Equivalent(R"({"b":"Yes"})", R"({"b":"YES"})", nullptr, options));
  CHECK_FALSE(Equivalent(R"({"b":"Yes"})", R"({"B":"YES"})", nullptr, options));
  options = EquivalenceOptions();
  options.required_only = false;
  CHECK_FALSE(Equivalent(rows[6].a, rows[6].b, &*schema, options));
  CHECK_FALSE(Equivalent("yes", "yes", &*schema));
}

TEST_CASE("text: code points, whatever the bytes") {
  const auto points = [](std::string_view text) {
    std::u32string out;
    while (!text.empty()) out += TakeCodePoint(&text);
    return out;
  };
  CHECK(points("aé€😀") == U"aé€😀");
  CHECK(points("\xff\xc3") == U"\xfffd\xfffd");
  CHECK(points("\xed\xa0\x80") == U"\xfffd\xfffd\xfffd");  // half of a surrogate pair
  CHECK(points("\xc0\x80") == U"\xfffd\xfffd");            // too long a form
  CHECK(points("\xe2\x82") == U"\xfffd\xfffd");
  CHECK(BaseLetter(U'É') == 'e');
  CHECK(BaseLetter(U'ž') == 'z');
  CHECK(BaseLetter(U'ź') == 'z');
  CHECK(BaseLetter(U'ł') == 'l');
  CHECK(BaseLetter(U'ñ') == 'n');
  CHECK(BaseLetter(U'×') == '\0');
  CHECK(BaseLetter(U'ж') == '\0');
}

}  // namespace
}  // namespace squall::guard_test

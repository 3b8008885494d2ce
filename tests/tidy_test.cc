// Rules of this code base that a compiler does not know: which layer may include which, what may
// not be called, how long a file, a line and a function may be.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"
#include "tests/paths.h"

namespace squall::tidy_test {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileLinesMax = 500;
constexpr size_t kLineColumnsMax = 100;
constexpr size_t kFunctionLinesMax = 70;
constexpr size_t kBeastFilesMax = 3;

struct SourceFile {
  std::string path;                // from the top of the tree, with '/'
  std::vector<std::string> lines;  // without line ends
};

const std::set<std::string> kTopFolders = {"engine", "mock_providers", "scenarios",
                                           "bench",  "reports",        "tests"};
const std::set<std::string> kTopFiles = {"CMakeLists.txt", "CMakePresets.json", "README.md",
                                         "LICENSE",        "quickstart",        "test",
                                         "action.yml"};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Every file under the project's folders, and the files at its top, in order of path.
const std::vector<SourceFile>& Tree() {
  static const std::vector<SourceFile> tree = [] {
    const fs::path root = SourceDir();
    std::vector<SourceFile> files;
    const auto add = [&](const fs::path& path) {
      files.push_back({fs::relative(path, root).generic_string(), Split(ReadAll(path))});
    };
    for (const std::string& folder : kTopFolders) {
      if (!fs::is_directory(root / folder)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        if (entry.is_regular_file()) add(entry.path());
      }
    }
    for (const std::string& file : kTopFiles) {
      if (fs::exists(root / file)) add(root / file);
    }
    std::sort(files.begin(), files.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    return files;
  }();
  return tree;
}

bool IsHeader(const SourceFile& file) { return file.path.ends_with(".h"); }
bool IsCpp(const SourceFile& file) { return IsHeader(file) || file.path.ends_with(".cc"); }
bool IsTest(const SourceFile& file) { return file.path.starts_with("tests/"); }

// A line of C++ without its // comment and without what stands in its quotes.
std::string Code(const std::string& line) {
  std::string code;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
        code += c;
      }
      continue;
    }
    if (c == '/' && i + 1 < line.size() && line[i + 1] == '/') break;
    const bool digit_separator = c == '\'' && i > 0 && std::isxdigit(line[i - 1]) != 0;
    if ((c == '"' || c == '\'') && !digit_separator) quote = c;
    code += c;
  }
  return code;
}

// The layer of a path is the longest of these folders that holds it.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"engine/base", {"engine/base"}},
    {"engine/wire", {"engine/base", "engine/wire"}},
    {"engine/policy", {"engine/base", "engine/policy"}},
    {"engine", {"engine/base", "engine/wire", "engine/policy", "engine"}},
    {"engine/gateway", {"engine/base", "engine/wire", "engine/policy", "engine", "engine/gateway"}},
    {"mock_providers", {"engine/base", "engine/wire", "mock_providers"}},
    {"reports", {"engine/base", "engine/wire", "engine/policy", "engine", "reports"}},
    {"scenarios",
     {"engine/base", "engine/wire", "engine/policy", "engine", "mock_providers", "reports",
      "scenarios"}},
    {"bench",
     {"engine/base", "engine/wire", "engine/policy", "engine", "engine/gateway", "mock_providers",
      "reports", "scenarios", "bench"}},
};

std::optional<std::string> LayerOf(std::string_view path) {
  std::optional<std::string> best;
  for (const auto& [folder, unused] : kMayInclude) {
    if (path.starts_with(folder + "/") && (!best || folder.size() > best->size())) best = folder;
  }
  return best;
}

// What "#include …" names, with its quotes or brackets; empty for any other line.
std::string IncludeOf(const std::string& line) {
  if (line.find('#') == line.npos) return {};
  static const std::regex include(R"re(^\s*#\s*include\s*(["<][^">]*[">]))re");
  std::smatch match;
  return std::regex_search(line, match, include) ? match[1].str() : std::string();
}

// Fails once, listing every place that breaks the rule. Catch2 would wrap the lines of the list.
void ReportAll(const std::string& rule, const std::vector<std::string>& places) {
  for (const std::string& place : places) std::printf("%s\n", place.c_str());
  std::fflush(stdout);
  INFO("the rule: " << rule);
  REQUIRE(places.size() == 0);
}

std::string Place(const SourceFile& file, size_t index) {
  return file.path + ":" + std::to_string(index + 1) + ": " + file.lines[index];
}

// Every line of the files that `in` selects on which `broken(file, line)` is true.
std::vector<std::string> Where(
    const std::function<bool(const SourceFile&)>& in,
    const std::function<bool(const SourceFile&, const std::string&)>& broken) {
  std::vector<std::string> places;
  for (const SourceFile& file : Tree()) {
    if (!in(file)) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (broken(file, file.lines[i])) places.push_back(Place(file, i));
    }
  }
  return places;
}

TEST_CASE("tidy: includes point only down the layers", "[tidy]") {
  REQUIRE(Tree().size() > 20);
  ReportAll("a layer includes only itself and those below",
            Where([](const SourceFile& file) { return IsCpp(file) && LayerOf(file.path); },
                  [](const SourceFile& file, const std::string& line) {
                    const std::string target = IncludeOf(line);
                    if (target.empty() || target[0] != '"') return false;
                    const auto layer = LayerOf(std::string_view(target).substr(1));
                    return !layer || !kMayInclude.at(*LayerOf(file.path)).contains(*layer);
                  }));
}

TEST_CASE("tidy: the rule on layers notices each kind of violation", "[tidy]") {
  CHECK(LayerOf("engine/policy/breaker.cc") == "engine/policy");
  CHECK(LayerOf("engine/engine.cc") == "engine");
  CHECK(LayerOf("engine/gateway/server.cc") == "engine/gateway");
  CHECK_FALSE(LayerOf("tests/tidy_test.cc"));
  CHECK_FALSE(kMayInclude.at("engine/policy").contains("engine/wire"));
  CHECK_FALSE(kMayInclude.at("mock_providers").contains("engine"));
  CHECK_FALSE(kMayInclude.at("reports").contains("mock_providers"));
  CHECK(IncludeOf("#include \"engine/plan.h\"  // why") == "\"engine/plan.h\"");
  CHECK(IncludeOf("// #include <x>").empty());
}

struct Ban {
  const char* token;  // a line without this text cannot match; spares most lines the expression
  const char* pattern;
  const char* why;
  std::set<std::string> except = {};  // paths where it is allowed
  bool headers_only = false;
};

const std::vector<Ban>& Bans() {
  static const std::vector<Ban> bans = {
      {"rand", R"(\bs?rand\s*\()", "draws are keyed: engine/base/random.h"},
      {"random_device", R"(\bstd::random_device\b)", "draws are keyed: engine/base/random.h"},
      {"std::m", R"(\bstd::(mt19937|minstd_rand))", "draws are keyed: engine/base/random.h"},
      {"BitGen", R"(\babsl::(Insecure)?BitGen\b)", "salted per process"},
      {"absl::Hash", R"(\babsl::Hash(Of)?\b)", "salted per process"},
      {"_distribution", R"(\bstd::\w+_distribution\b)", "differs between standard libraries"},
      {"std::s", R"(\bstd::(shuffle|sample)\b)", "differs between standard libraries"},
      {"system_clock", R"(\bsystem_clock\b)", "wall-clock time belongs to the edges"},
      {"throw", R"(\bthrow\b)", "failures are values"},
      {"sleep", R"(\bstd::this_thread::sleep)", "every wait goes through Env"},
      {"iostream", R"(#\s*include\s*<iostream>)", "an initialiser in every file", {}, true},
      {"json.hpp", R"(#\s*include\s*<nlohmann/json\.hpp>)", "3 s per file", {}, true},
      {"namespace std", R"(\busing namespace std\s*;)", "one namespace: squall"},
      {"awaitable_op", R"(\bawaitable_operators\b)", "its || reports a reset as a timeout"},
  };
  return bans;
}

TEST_CASE("tidy: nothing is called that breaks determinism or the error rules", "[tidy]") {
  std::vector<std::string> places;
  for (const Ban& ban : Bans()) {
    const std::regex pattern(ban.pattern);
    const auto found = Where(
        [&](const SourceFile& file) {
          return IsCpp(file) && !IsTest(file) && !ban.except.contains(file.path) &&
                 (!ban.headers_only || IsHeader(file));
        },
        [&](const SourceFile&, const std::string& line) {
          if (line.find(ban.token) == line.npos) return false;
          return std::regex_search(Code(line), pattern);
        });
    for (const std::string& place : found) places.push_back(place + "  <- " + ban.why);
  }
  ReportAll("not allowed here", places);
}

TEST_CASE("tidy: bans see code, not comments or texts", "[tidy]") {
  CHECK(Code("Foo(\"throw\");  // throw") == "Foo(\"\");  ");
  CHECK(Code(R"(a = "x\"y"; throw z;)") == R"(a = ""; throw z;)");
  CHECK(Code("1'000 + f('\"') + rand()") == "1'000 + f('') + rand()");
}

TEST_CASE("tidy: files, lines and functions stay short", "[tidy]") {
  std::vector<std::string> places;
  for (const SourceFile& file : Tree()) {
    if (!IsCpp(file)) continue;
    if (file.lines.size() > kFileLinesMax) {
      places.push_back(file.path + ": " + std::to_string(file.lines.size()) + " lines");
    }
  }
  ReportAll("a source has at most 500 lines", places);
  ReportAll("a line has at most 100 columns",
            Where(IsCpp, [](const SourceFile&, const std::string& line) {
              const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // bytes that start one
              });
              return static_cast<size_t>(columns) > kLineColumnsMax;
            }));
}

// Functions at namespace scope: clang-format puts their first line and their closing brace, and
// nothing in between, into the first column.
std::vector<std::string> LongFunctions(const SourceFile& file) {
  std::vector<std::string> places;
  size_t start = 0;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (line.empty()) continue;
    if (std::isalpha(static_cast<unsigned char>(line[0])) != 0) start = i;
    if (line == "}" && i - start + 1 > kFunctionLinesMax) places.push_back(Place(file, start));
  }
  return places;
}

TEST_CASE("tidy: functions have at most 70 lines", "[tidy]") {
  std::vector<std::string> places;
  for (const SourceFile& file : Tree()) {
    if (!IsCpp(file) || IsTest(file)) continue;
    for (const std::string& place : LongFunctions(file)) places.push_back(place);
  }
  ReportAll("a function has at most 70 lines", places);

  SourceFile sample{"sample.cc", {"int F() {"}};
  sample.lines.resize(kFunctionLinesMax - 1, "  x();");
  sample.lines.push_back("}");
  CHECK(LongFunctions(sample).empty());
  sample.lines.insert(sample.lines.begin() + 1, "  y();");
  CHECK(LongFunctions(sample).size() == 1);
}

TEST_CASE("tidy: a header is guarded and opens by saying what it is", "[tidy]") {
  std::vector<std::string> places;
  for (const SourceFile& file : Tree()) {
    if (!IsHeader(file)) continue;
    const bool guarded =
        std::find(file.lines.begin(), file.lines.end(), "#pragma once") != file.lines.end();
    if (!guarded) places.push_back(file.path + ": no #pragma once");
    if (file.lines.empty() || !file.lines[0].starts_with("// ")) {
      places.push_back(file.path + ": does not open with a comment");
    }
  }
  ReportAll("headers", places);
}

TEST_CASE("tidy: few files pay for Beast, and no header makes others pay", "[tidy]") {
  std::set<std::string> files;
  for (const SourceFile& file : Tree()) {
    if (!IsCpp(file) || IsTest(file)) continue;
    for (const std::string& line : file.lines) {
      if (IncludeOf(line).starts_with("<boost/beast")) files.insert(file.path);
    }
  }
  std::vector<std::string> places;
  for (const std::string& file : files) {
    if (file.ends_with(".h")) places.push_back(file);
  }
  ReportAll("no header includes Beast", places);
  CAPTURE(std::vector<std::string>(files.begin(), files.end()));
  CHECK(files.size() <= kBeastFilesMax);
}

TEST_CASE("tidy: no path of one machine is in the tree", "[tidy]") {
  const std::vector<std::string> machine = {
      std::string("/wo") + "rk/", std::string(".lib") + "rary", std::string("/ro") + "ot/"};
  ReportAll("paths that exist on one machine only",
            Where([](const SourceFile&) { return true; },
                  [&](const SourceFile&, const std::string& line) {
                    return std::any_of(
                        machine.begin(), machine.end(),
                        [&](const std::string& path) { return line.find(path) != line.npos; });
                  }));
}

// The files under version control, or nothing where git cannot say.
std::vector<std::string> TrackedFiles() {
  const std::string command = "git -C '" + SourceDir() + "' ls-files 2>/dev/null";
  std::string output;
  if (FILE* pipe = popen(command.c_str(), "r")) {
    char buffer[4096];
    for (size_t n = 0; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) output.append(buffer, n);
    pclose(pipe);
  }
  return Split(output);
}

TEST_CASE("tidy: the top of the tree holds what it should and nothing else", "[tidy]") {
  std::set<std::string> places;
  for (const std::string& path : TrackedFiles()) {
    const size_t slash = path.find('/');
    const std::string top = path.substr(0, slash);
    const bool allowed =
        top[0] == '.' || (slash == path.npos ? kTopFiles.contains(top) : kTopFolders.contains(top));
    if (!allowed) places.insert(top);
  }
  ReportAll("not among the names of the top level",
            std::vector<std::string>(places.begin(), places.end()));
}

}  // namespace
}  // namespace squall::tidy_test

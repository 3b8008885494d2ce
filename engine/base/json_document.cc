#include "engine/base/json_document.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace squall {
namespace {

using nlohmann::json;

constexpr size_t kMaxMessage = 240;  // bytes; the parser quotes what it read last, however long

// "3:14", counting lines and bytes from 1.
std::string Place(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return std::to_string(line) + ":" + std::to_string(column);
}

// First pass over the text: finds its first mistake without an exception and guards the depth,
// which the recursive passes after it rely on.
class SyntaxCheck final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool key(string_t&) override { return true; }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool parse_error(size_t position, const std::string&, const json::exception& error) override {
    offset = position == 0 ? 0 : position - 1;
    message = std::string(error.what()).substr(0, kMaxMessage);
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …": the place
    // is said once already.
    const size_t from = message.find(": ");
    const size_t bracket = message.find("] ");
    if (message.find("parse error at") != std::string::npos && from != std::string::npos) {
      message.erase(0, from + 2);
    } else if (bracket != std::string::npos) {
      message.erase(0, bracket + 2);
    }
    return false;
  }

  size_t offset = 0;
  std::string message;
  bool too_deep = false;

 private:
  bool Enter() {
    too_deep = ++depth_ > JsonDocument::kMaxDepth;
    return !too_deep;
  }
  bool Leave() {
    --depth_;
    return true;
  }
  size_t depth_ = 0;
};

// Second pass, over text known to be well formed: where each key and list item stands.
class Locator {
 public:
  Locator(std::string_view text, std::map<std::string, size_t, std::less<>>* offsets)
      : text_(text), offsets_(offsets) {}

  void Run() { Value(""); }

  // A key that an object has twice.
  struct Duplicate {
    std::string pointer;
    size_t offset;
  };
  const std::optional<Duplicate>& duplicate() const { return duplicate_; }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void SkipBlank() {
    while (at_ < text_.size()) {
      const std::string_view two = text_.substr(at_, 2);
      if (two == "//") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (two == "/*") {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (std::string_view(" \t\r\n\xef\xbb\xbf").find(text_[at_]) !=
                 std::string_view::npos) {
        ++at_;
      } else {
        return;
      }
    }
  }

  // The raw text of a string, quotes included.
  std::string_view String() {
    const size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(start, at_ - start);
  }

  void Value(const std::string& pointer) {
    SkipBlank();
    if (Peek() == '{') {
      Object(pointer);
    } else if (Peek() == '[') {
      List(pointer);
    } else if (Peek() == '"') {
      String();
    } else {
      at_ = std::min(text_.find_first_of(" \t\r\n,]}/", at_), text_.size());
    }
  }

  void Object(const std::string& pointer) {
    ++at_;
    SkipBlank();
    while (Peek() == '"') {
      const size_t key_at = at_;
      const std::string_view raw = String();
      std::string key(raw.substr(1, raw.size() - 2));
      if (raw.find('\\') != std::string_view::npos) {
        const json decoded = json::parse(raw.begin(), raw.end(), nullptr, false);
        if (decoded.is_string()) key = decoded.get<std::string>();
      }
      const std::string here = PointerTo(pointer, key);
      const bool fresh = offsets_->emplace(here, key_at).second;
      if (!fresh && !duplicate_) duplicate_ = Duplicate{here, key_at};
      SkipBlank();
      ++at_;  // the colon
      Value(here);
      NextMember();
    }
    ++at_;
  }

  void List(const std::string& pointer) {
    ++at_;
    SkipBlank();
    for (size_t i = 0; at_ < text_.size() && Peek() != ']'; ++i) {
      const std::string here = PointerTo(pointer, std::to_string(i));
      offsets_->emplace(here, at_);
      Value(here);
      NextMember();
    }
    ++at_;
  }

  void NextMember() {
    SkipBlank();
    if (Peek() != ',') return;
    ++at_;
    SkipBlank();
  }

  std::string_view text_;
  std::map<std::string, size_t, std::less<>>* offsets_;
  std::optional<Duplicate> duplicate_;
  size_t at_ = 0;
};

absl::Status Invalid(const std::string& message) { return absl::InvalidArgumentError(message); }

// The tokens of "/a/b~1c", unescaped; nullopt where it is no pointer to a member.
std::optional<std::vector<std::string>> Tokens(std::string_view pointer) {
  if (pointer.size() < 2 || pointer.front() != '/') return std::nullopt;
  std::vector<std::string> tokens;
  for (size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      tokens.emplace_back();
    } else if (c != '~') {
      tokens.back() += c;
    } else {
      const char escaped = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
      if (escaped != '0' && escaped != '1') return std::nullopt;
      tokens.back() += escaped == '0' ? '~' : '/';
      ++i;
    }
  }
  return tokens;
}

// The item of `list` that `token` names, made new at its end; nullptr where there is none.
json* ListItem(json* list, const std::string& token) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool number = error == std::errc() && end == token.data() + token.size();
  if (token == "-") {
    index = list->size();
  } else if (!number || index > list->size()) {
    return nullptr;
  }
  if (index == list->size()) list->push_back(nullptr);
  return &(*list)[index];
}

}  // namespace

JsonDocument::JsonDocument() : root_(std::make_unique<json>()) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

absl::StatusOr<JsonDocument> JsonDocument::Parse(std::string_view text, std::string name) {
  if (text.size() > kMaxBytes) {
    return Invalid(name + ": got " + std::to_string(text.size()) + " bytes, expected at most " +
                   std::to_string(kMaxBytes));
  }
  SyntaxCheck check;
  const bool strict = true;
  const bool comments = true;
  if (!json::sax_parse(text.begin(), text.end(), &check, json::input_format_t::json, strict,
                       comments)) {
    if (check.too_deep) {
      return Invalid(name + ": got nesting deeper than " + std::to_string(kMaxDepth) +
                     " levels, expected less");
    }
    return Invalid(name + ":" + Place(text, check.offset) + ": not JSON: " + check.message);
  }
  JsonDocument document;
  document.name_ = std::move(name);
  document.text_ = std::string(text);
  *document.root_ = json::parse(text.begin(), text.end(), nullptr, false, comments);
  Locator locator(document.text_, &document.offsets_);
  locator.Run();
  if (locator.duplicate()) {
    return Invalid(document.name_ + ":" + Place(text, locator.duplicate()->offset) + ": " +
                   locator.duplicate()->pointer + ": got the key a second time, expected it once");
  }
  return document;
}

absl::Status JsonDocument::Set(std::string_view assignment) {
  const std::string option = "--set " + std::string(assignment);
  const size_t equals = assignment.find('=');
  const std::string_view pointer = assignment.substr(0, equals);
  if (equals == std::string_view::npos || !Tokens(pointer)) {
    return Invalid(option + ": got " + ShowText(assignment) +
                   ", expected /pointer=value, such as /workload/requests=500");
  }
  const std::string_view value = assignment.substr(equals + 1);
  SyntaxCheck check;
  const bool is_json = json::sax_parse(value.begin(), value.end(), &check);
  return SetValue(
      pointer,
      is_json ? json::parse(value.begin(), value.end(), nullptr, false) : json(std::string(value)),
      option);
}

absl::Status JsonDocument::SetValue(std::string_view pointer, json value, std::string option) {
  const auto tokens = Tokens(pointer);
  if (!tokens || tokens->size() > kMaxDepth) {
    return Invalid(option + ": got " + ShowText(pointer) + ", expected a JSON pointer");
  }
  json* at = root_.get();
  std::string where;
  for (const std::string& token : *tokens) {
    if (at->is_null()) *at = json::object();
    if (at->is_object()) {
      at = &(*at)[token];
      where = PointerTo(where, token);
    } else if (at->is_array()) {
      const size_t size = at->size();
      json* item = ListItem(at, token);
      if (item == nullptr) {
        return Invalid(option + ": " + where + ": got index " + ShowText(token) +
                       " of a list, expected 0 to " + std::to_string(size) + " or \"-\" to append");
      }
      where = PointerTo(where, std::to_string(item - &at->front()));
      at = item;
    } else {
      return Invalid(option + ": " + where + ": got " + ShowValue(*at) +
                     ", expected an object or a list to set " + ShowText(token) + " in");
    }
  }
  *at = std::move(value);
  origins_.push_back({std::move(where), std::move(option)});
  return absl::OkStatus();
}

bool JsonDocument::SetByOption(std::string_view pointer) const {
  return std::any_of(origins_.begin(), origins_.end(), [pointer](const Origin& origin) {
    return AtOrBelow(pointer, origin.pointer);
  });
}

std::string JsonDocument::Line(const Problem& problem) const {
  const std::string what =
      (problem.pointer.empty() ? "" : problem.pointer + ": ") + problem.message;
  const auto found = offsets_.find(problem.pointer);
  const Origin* below = nullptr;
  for (auto origin = origins_.rbegin(); origin != origins_.rend(); ++origin) {
    if (AtOrBelow(problem.pointer, origin->pointer)) return origin->option + ": " + what;
    if (below == nullptr && AtOrBelow(origin->pointer, problem.pointer)) below = &*origin;
  }
  // An object that only an override has made, e.g. "/enginee" by --set /enginee/retry=…
  if (found == offsets_.end() && below != nullptr && !problem.pointer.empty()) {
    return below->option + ": " + what;
  }
  // A missing value is reported at the nearest object around it that the file has.
  std::string pointer = problem.pointer;
  auto place = found;
  while (place == offsets_.end() && !pointer.empty()) {
    pointer.resize(pointer.rfind('/'));
    place = offsets_.find(pointer);
  }
  const size_t offset = place == offsets_.end() ? 0 : place->second;
  std::string line = name_ + ":" + Place(text_, offset) + ": " + what;
  if (below != nullptr) line += " (with " + below->option + ")";
  return line;
}

absl::Status JsonDocument::Report(const Problems& problems) const {
  if (problems.empty()) return absl::OkStatus();
  std::vector<std::pair<size_t, const Problem*>> order;
  for (const Problem& problem : problems.list()) {
    const auto found = offsets_.find(problem.pointer);
    order.emplace_back(found == offsets_.end() ? text_.size() : found->second, &problem);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [unused, problem] : order) {
    if (!out.empty()) out += '\n';
    out += Line(*problem);
  }
  if (problems.dropped() > 0) {
    out += "\nand " + std::to_string(problems.dropped()) + " more problems";
  }
  return absl::InvalidArgumentError(out);
}

}  // namespace squall

#include "engine/repair_rewriter.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/guard_text.h"
#include "engine/repair.h"

namespace squall {
namespace {

constexpr size_t kRepairDepthMax = 512;

struct Literal {
  std::string_view source;
  std::string_view json;
};
constexpr Literal kLiterals[] = {{"true", "true"}, {"false", "false"}, {"null", "null"},
                                 {"True", "true"}, {"False", "false"}, {"None", "null"}};

bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The length of the JSON number at the front of `text`, 0 if there is none.
size_t NumberLength(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    return i > from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const size_t whole = i;
  if (!digits()) return 0;
  if (text[whole] == '0' && i > whole + 1) return 0;
  size_t good = i;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return good;
    good = i;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits()) good = i;
  }
  return good;
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : in_(text) { out_.text.reserve(text.size() + 16); }

  RewrittenJson Run() {
    State state = State::kValue;
    while (state != State::kDone && state != State::kBroken && state != State::kCut) {
      Blanks();
      if (pos_ == in_.size()) {
        state = stack_.empty() ? State::kBroken : State::kCut;
      } else {
        state = Step(state);
      }
    }
    if (state == State::kCut) state = Complete();
    out_.ok = state == State::kDone;
    out_.length = pos_;
    return std::move(out_);
  }

 private:
  enum class State {
    kValue,
    kValueOrEnd,  // after "["
    kKey,
    kKeyOrEnd,  // after "{"
    kColon,
    kNext,  // after a value: comma or closing bracket
    kDone,
    kCut,
    kBroken,
  };
  struct Frame {
    bool object = false;
    size_t items = 0;     // whole ones
    size_t safe = 0;      // length of the output up to the last whole one
    size_t key = 0;       // where the key of the one being read starts in the output
    size_t key_size = 0;  // without its quotes
  };

  char Now() const { return in_[pos_]; }

  void Blanks() {
    while (pos_ < in_.size() && IsAsciiSpace(Now())) {
      const bool json_space = Now() != '\v' && Now() != '\f';
      out_.text.append(1, json_space ? Now() : ' ');
      if (!json_space) out_.steps |= kRepairRawControls;
      ++pos_;
    }
  }

  State Step(State state) {
    switch (state) {
      case State::kValueOrEnd:
        if (Now() == ']') return Close();
        return Value();
      case State::kValue: return Value();
      case State::kKeyOrEnd:
        if (Now() == '}') return Close();
        return Key();
      case State::kKey: return Key();
      case State::kColon:
        if (Now() != ':') return State::kBroken;
        Copy();
        return State::kValue;
      case State::kNext: return Next();
      default: return State::kBroken;
    }
  }

  void Copy() { out_.text.append(1, in_[pos_++]); }

  State Open() {
    if (stack_.size() == kRepairDepthMax) return State::kBroken;
    Frame frame;
    frame.object = Now() == '{';
    Copy();
    frame.safe = out_.text.size();
    stack_.push_back(frame);
    return frame.object ? State::kKeyOrEnd : State::kValueOrEnd;
  }

  State Close() {
    if (Now() != (stack_.back().object ? '}' : ']')) return State::kBroken;
    Copy();
    stack_.pop_back();
    return ValueDone();
  }

  State ValueDone() {
    if (stack_.empty()) return State::kDone;
    ++whole_;
    ++stack_.back().items;
    stack_.back().safe = out_.text.size();
    return State::kNext;
  }

  State Next() {
    if (Now() == '}' || Now() == ']') return Close();
    if (Now() != ',') return State::kBroken;
    ++pos_;
    const size_t comma = out_.text.size();
    out_.text.append(1, ',');
    Blanks();
    if (pos_ == in_.size()) return State::kCut;
    if (Now() == '}' || Now() == ']') {
      out_.text.erase(comma, 1);
      out_.steps |= kRepairTrailingCommas;
      return Close();
    }
    return stack_.back().object ? State::kKey : State::kValue;
  }

  State Key() {
    if (Now() != '"' && Now() != '\'') return State::kBroken;
    Frame& frame = stack_.back();
    frame.key = out_.text.size() + 1;
    frame.key_size = 0;
    if (!Text()) return State::kCut;
    frame.key_size = out_.text.size() - frame.key - 1;
    return State::kColon;
  }

  State Value() {
    const char c = Now();
    if (c == '{' || c == '[') return Open();
    if (c == '"' || c == '\'') {
      if (Text()) return ValueDone();
      cut_in_text_ = true;
      return stack_.empty() ? State::kBroken : State::kCut;
    }
    return IsLetter(c) ? Word() : Number();
  }

  State Number() {
    size_t end = pos_;
    while (end < in_.size() && (IsDigit(in_[end]) || in_[end] == '-' || in_[end] == '+' ||
                                in_[end] == '.' || in_[end] == 'e' || in_[end] == 'E')) {
      ++end;
    }
    const std::string_view run = in_.substr(pos_, end - pos_);
    const size_t length = NumberLength(run);
    const bool cut = end == in_.size() && !stack_.empty();
    // At most a point, an exponent's letter and its sign may hang over.
    if (length < run.size() && (!cut || length + 2 < run.size())) return State::kBroken;
    if (length == 0) return cut && run == "-" ? Drop(end) : State::kBroken;
    out_.text.append(run.substr(0, length));
    pos_ = end;
    if (!cut) return ValueDone();
    cut_at_number_ = true;  // 12 may have been the start of 123
    return State::kCut;
  }

  State Drop(size_t end) {
    pos_ = end;
    return State::kCut;
  }

  State Word() {
    size_t end = pos_;
    while (end < in_.size() && IsLetter(in_[end])) ++end;
    const std::string_view word = in_.substr(pos_, end - pos_);
    for (const Literal& row : kLiterals) {
      const bool whole = word == row.source;
      const bool cut = end == in_.size() && !stack_.empty() && row.source.starts_with(word);
      if (!whole && !cut) continue;
      if (row.source != row.json) out_.steps |= kRepairPythonLiterals;
      out_.text.append(row.json);
      pos_ = end;
      if (!whole) {
        out_.invented.append(row.source.substr(word.size()));
        --whole_;
      }
      return ValueDone();
    }
    return State::kBroken;
  }

  // A text in either kind of quotes; false if the input ends in it.
  bool Text() {
    const char quote = in_[pos_++];
    if (quote == '\'') out_.steps |= kRepairSingleQuotes;
    out_.text.append(1, '"');
    while (pos_ < in_.size()) {
      const char c = Now();
      if (c == '\\') {
        if (!Escape(quote)) return false;
      } else if (c == quote && (quote == '"' || EndsText())) {
        ++pos_;
        out_.text.append(1, '"');
        return true;
      } else if (c == '"') {
        out_.text.append("\\\"");
        ++pos_;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        Control(c);
      } else {
        Copy();
      }
    }
    return false;
  }

  // An apostrophe inside of a text is followed by more of it.
  bool EndsText() const {
    size_t i = pos_ + 1;
    while (i < in_.size() && IsAsciiSpace(in_[i])) ++i;
    return i == in_.size() || std::string_view(",:}]").find(in_[i]) != std::string_view::npos;
  }

  void Control(char c) {
    out_.steps |= kRepairRawControls;
    ++pos_;
    switch (c) {
      case '\n': out_.text.append("\\n"); break;
      case '\r': out_.text.append("\\r"); break;
      case '\t': out_.text.append("\\t"); break;
      default: {
        constexpr std::string_view kHex = "0123456789abcdef";
        out_.text.append("\\u00").append(1, kHex[static_cast<size_t>(c) >> 4]);
        out_.text.append(1, kHex[c & 15]);
      }
    }
  }

  // At a backslash; false if the input ends in the escape, which is then left out.
  bool Escape(char quote) {
    if (pos_ + 1 == in_.size()) {
      ++pos_;
      return false;
    }
    const char c = in_[pos_ + 1];
    if (c == 'u') return UnicodeEscape();
    if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) {
      Copy();
      Copy();
    } else if (c == '\'') {
      out_.steps |= quote == '\'' ? kRepairSingleQuotes : kRepairEscapes;
      out_.text.append(1, c);
      pos_ += 2;
    } else {
      out_.steps |= kRepairEscapes;
      out_.text.append("\\\\");
      ++pos_;
    }
    return true;
  }

  bool UnicodeEscape() {
    size_t digits = 0;
    while (digits < 4 && pos_ + 2 + digits < in_.size() && IsHex(in_[pos_ + 2 + digits])) ++digits;
    if (digits == 4) {
      out_.text.append(in_.substr(pos_, 6));
      pos_ += 6;
      return true;
    }
    if (pos_ + 2 + digits == in_.size()) {
      pos_ = in_.size();
      return false;
    }
    out_.steps |= kRepairEscapes;
    out_.text.append("\\\\");
    ++pos_;
    return true;
  }

  // ---- the end is missing ----

  State Complete() {
    pos_ = in_.size();
    const Frame frame = stack_.back();
    if (cut_in_text_ || cut_at_number_) {
      if (cut_in_text_) {
        TrimPartialCharacter();
        out_.text.append(1, '"');
        out_.invented.append(1, '"');
      }
      out_.cut_at = Pointer();
      stack_.back().safe = out_.text.size();
    } else if (frame.items == 0 && stack_.size() > 1) {
      stack_.pop_back();  // the container itself is what is incomplete
      out_.cut_at = Pointer();
      stack_.push_back(frame);
    }
    // Half a text is worth keeping where a key says what it is.
    const bool kept = (cut_in_text_ || cut_at_number_) && frame.object;
    if (whole_ == 0 && !kept) return State::kBroken;
    out_.steps |= kRepairTruncation;
    out_.text.resize(stack_.back().safe);
    for (size_t i = stack_.size(); i-- > 0;) {
      out_.invented.append(1, stack_[i].object ? '}' : ']');
      out_.text.append(1, stack_[i].object ? '}' : ']');
    }
    return State::kDone;
  }

  // Bytes of a character that has not arrived whole, and the first half of a pair of escapes.
  void TrimPartialCharacter() {
    std::string& text = out_.text;
    size_t size = 1;
    while (size <= 3 && size < text.size() &&
           (static_cast<unsigned char>(text[text.size() - size]) & 0xc0) == 0x80) {
      ++size;
    }
    const auto lead = static_cast<unsigned char>(text[text.size() - size]);
    const size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (wanted > size) text.resize(text.size() - size);
    if (text.size() < 6) return;
    const std::string_view last = std::string_view(text).substr(text.size() - 6);
    const bool high = last.starts_with("\\u") && (last[2] == 'd' || last[2] == 'D') &&
                      std::string_view("89abAB").find(last[3]) != std::string_view::npos;
    if (high) text.resize(text.size() - 6);
  }

  // Of the value being read. Keys as they are written, escapes and all.
  std::string Pointer() const {
    std::string pointer;
    for (const Frame& frame : stack_) {
      pointer.append(1, '/');
      if (!frame.object) {
        absl::StrAppend(&pointer, frame.items);
        continue;
      }
      for (const char c : std::string_view(out_.text).substr(frame.key, frame.key_size)) {
        pointer.append(c == '~' ? "~0" : c == '/' ? "~1" : std::string_view(&c, 1));
      }
    }
    return pointer;
  }

  std::string_view in_;
  size_t pos_ = 0;
  std::vector<Frame> stack_;
  int64_t whole_ = 0;  // values that are there from beginning to end
  bool cut_in_text_ = false;
  bool cut_at_number_ = false;
  RewrittenJson out_;
};

}  // namespace

RewrittenJson RewriteJson(std::string_view text) { return Rewriter(text).Run(); }

}  // namespace squall

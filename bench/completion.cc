#include "bench/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "bench/cli_tree.h"
#include "bench/exit_codes.h"
#include "bench/explain.h"
#include "bench/tune/space.h"
#include "reports/text.h"
#include "scenarios/scenario.h"

namespace squall {
namespace {

using Candidates = std::vector<BundledItem>;

Candidates SpaceCandidates() {
  Candidates all;
  for (const std::string& name : BundledSpaces()) {
    const auto space = LoadSpace(name);
    if (space.ok()) all.push_back({name, space->doc});
  }
  return all;
}

Candidates NamedCandidates() {
  Candidates all = BundledScenarios();
  for (BundledItem& preset : BundledPresets()) all.push_back(std::move(preset));
  return all;
}

// What the values of an option or operand are, by the name that help gives them. Values that are
// not here are anybody's guess.
struct ValueKind {
  std::string_view name;
  Candidates (*candidates)();  // nullptr: none
  bool files;
  bool open = false;  // more of the word follows: a rule after its metric
};
constexpr ValueKind kValueKinds[] = {
    {"SCENARIO", &BundledScenarios, true},
    {"SPACE", &SpaceCandidates, true},
    {"NAME", &NamedCandidates, true},
    {"PRESET", &BundledPresets, true},
    {"PRESET[,PRESET...]", &BundledPresets, true},
    {"CLAIM", &ClaimTopics, false},
    {"TOPIC", &ExplainTopics, false},
    {"EXPR", &MetricTopics, false, true},
    {"RULE", &MetricTopics, false, true},
    {"FILE", nullptr, true},
    {"RESULT", nullptr, true},
    {"BASE", nullptr, true},
    {"NEW", nullptr, true},
};

// The first sentence, on one line that leaves room for the word before it.
std::string FirstSentence(const std::string& doc) {
  std::string text = doc.substr(0, std::min(doc.find('\n'), doc.find(". ")));
  for (char& c : text) c = c == '\t' ? ' ' : c;
  return Clip(text, 72, TextStyle{false, false});
}

std::string CandidateLine(const std::string& word, const std::string& doc) {
  return word + "\t" + FirstSentence(doc) + "\n";
}

// Values of `option` that begin with `begun`; `before` stands before each.
std::string ValuesOf(const CLI::Option& option, const std::string& begun,
                     const std::string& before) {
  std::string text;
  for (const std::string& choice : Choices(option)) {
    if (choice.starts_with(begun)) text += CandidateLine(before + choice, "");
  }
  const std::string name = ValueName(option);
  for (const ValueKind& kind : kValueKinds) {
    if (kind.name != name) continue;
    // Of several with commas between them the last one is begun.
    const size_t comma = name.find(',') == std::string::npos ? 0 : begun.rfind(',') + 1;
    if (kind.candidates != nullptr) {
      for (const BundledItem& item : kind.candidates()) {
        if (!item.name.starts_with(begun.substr(comma))) continue;
        text += CandidateLine(before + begun.substr(0, comma) + item.name, item.doc);
      }
    }
    if (kind.open) text += ":open\n";
    if (kind.files) text += ":files\n";
  }
  return text;
}

std::string OptionsThatBegin(const CLI::App& command, const std::string& begun) {
  std::string text;
  for (const CLI::Option* option : OptionsOf(command)) {
    for (const std::string& name : option->get_lnames()) {
      const std::string word = "--" + name;
      if (word.starts_with(begun)) text += CandidateLine(word, option->get_description());
    }
    for (const std::string& name : option->get_snames()) {
      if (begun == "-") text += CandidateLine("-" + name, option->get_description());
    }
  }
  return text;
}

constexpr const char* kBashScript =
    R"sh(# Completion of squall for bash: eval "$(squall completion bash)"
_squall() {
  # bash breaks words at "=", which are one word to squall.
  local words=() i word line open=
  for ((i = 1; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == = || ${COMP_WORDS[i-1]} == = ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
  done
  local current=${words[${#words[@]}-1]#[\'\"]}
  words[${#words[@]}-1]=$current
  local before=
  [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] && before=${current%%=*}=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done \
          < <(compgen -f -- "${current#"$before"}") ;;
      :open) compopt -o nospace 2>/dev/null ;;
      *) line=${line%%$'\t'*} && COMPREPLY+=("${line#"$before"}") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _squall squall
)sh";

constexpr const char* kZshScript = R"sh(#compdef squall
# Completion of squall for zsh: eval "$(squall completion zsh)" after compinit, or a file _squall in
# a folder of $fpath.
_squall() {
  local line files open
  local -a begun candidates
  begun=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
  for line in "${(@f)$("${words[1]}" __complete "${begun[@]}" 2>/dev/null)}"; do
    case $line in
      :files) files=1 ;;
      :open) open=1 ;;
      ?*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe -t values squall candidates ${open:+-S} ${open:+''}
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _squall ]]; then
  _squall "$@"
else
  compdef _squall squall
fi
)sh";

constexpr const char* kFishScript =
    R"sh(# Completion of squall for fish: squall completion fish | source
function __squall_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :open
            case '*'
                echo $line
        end
    end
end
complete -c squall -f -a '(__squall_complete)'
)sh";

}  // namespace

std::string Completions(const CLI::App& app, std::vector<std::string> words) {
  const std::string current = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  const CommandPlace place = Walk(app, words);
  if (!place.unknown_command.empty()) return "";
  if (place.value_of != nullptr) return ValuesOf(*place.value_of, current, "");
  const CLI::App& command = *place.command;
  const size_t equals = current.find('=');
  if (current.starts_with("--") && equals != std::string::npos && !place.only_operands) {
    const CLI::Option* option = command.get_option_no_throw(current.substr(0, equals));
    if (option == nullptr) return "";
    return ValuesOf(*option, current.substr(equals + 1), current.substr(0, equals + 1));
  }
  if (current.starts_with('-') && !place.only_operands) return OptionsThatBegin(command, current);
  std::string text;
  for (const CLI::App* one : CommandsOf(command)) {
    if (!one->get_name().starts_with(current)) continue;
    text += CandidateLine(one->get_name(), one->get_description());
  }
  const std::vector<const CLI::Option*> operands = OperandsOf(command);
  if (!operands.empty()) {
    const bool more = place.operands.size() < operands.size();
    const CLI::Option* next = more ? operands[place.operands.size()] : operands.back();
    if (more || next->get_items_expected_max() > 1) text += ValuesOf(*next, current, "");
  }
  return text;
}

int PrintCompletions(const CLI::App& app, const std::vector<std::string>& words) {
  std::fputs(Completions(app, words).c_str(), stdout);
  return kExitOk;
}

int PrintCompletionScript(const std::string& shell) {
  const char* script = shell == "bash" ? kBashScript : shell == "zsh" ? kZshScript : kFishScript;
  std::fputs(script, stdout);
  return kExitOk;
}

}  // namespace squall

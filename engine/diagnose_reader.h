// EvidenceReader: the one pass over a body that fills Evidence. Framing and texts are in
// diagnose_evidence.cc, the walk over JSON in diagnose_json.cc; both include this, nothing else
// does.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/diagnose_evidence.h"
#include "engine/diagnose_keys.h"
#include "engine/diagnose_scan.h"

namespace squall {

constexpr int kBodyNestingMax = 3;       // levels of JSON inside texts
constexpr size_t kBodyNestedMax = 6144;  // bytes of JSON inside one text that are read

std::string_view SkipJsonBlanks(std::string_view text);
inline bool IsBlankJson(std::string_view text) { return SkipJsonBlanks(text).empty(); }

// Names such as GenerateRequestsPerDayPerProjectPerModel-FreeTier.
SignSet SignsOfQuota(std::string_view name);

// Is this a name of the limit on tokens to generate?
bool BoundsAnswer(std::string_view param);

class EvidenceReader {
 public:
  EvidenceReader(Evidence* out, int level) : out_(*out), level_(level) {}

  void ReadAny(std::string_view body);
  void ReadText(std::string_view raw);

 private:
  // Without initializers: a walk has room for many frames and uses few.
  struct Frame {
    Place place;
    Act via;  // how elements of a list are taken
    int content_before;
    bool thought;
  };

  void ReadStream(std::string_view body);
  void ReadEvent(std::string_view data);
  std::string_view ReadJson(std::string_view text);
  void ReadPage(std::string_view body);
  void ReadPlain(std::string_view body);
  bool ReadNested(std::string_view raw, size_t from);
  void Fold(std::string_view raw);

  bool Enter(const JsonToken& token, Act act, Place place, Frame* inner);
  void TakeString(const JsonToken& token, Act act, Place place, Frame* frame);
  void TakeNumber(const JsonToken& token, Act act, Place place);
  void TakeWord(const JsonToken& token, Act act, Frame* frame);
  void TakeType(std::string_view type);
  void TakeReplyStatus(std::string_view status);
  void TakeKind(std::string_view kind, Frame* frame);
  void TakeFinish(std::string_view name);
  void TakeWait(std::string_view text, Act act);
  void TakeWaitOfText(std::string_view text);
  void TakeArguments(std::string_view raw);
  void AddCode(std::string_view code) { out_.codes = out_.codes | SignsOfCode(code); }

  Evidence& out_;
  int level_;
  bool thinking_ = false;  // the current event carries thoughts
};

}  // namespace squall

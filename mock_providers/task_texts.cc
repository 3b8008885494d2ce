#include "mock_providers/task_texts.h"

#include <algorithm>
#include <iterator>

namespace squall {
namespace {

constexpr std::string_view kBackground =
    "The office on the second floor opens at eight and closes at six, except on the last Friday of "
    "a "
    "month, when the books are closed and everybody leaves at four. Deliveries come to the north "
    "gate. "
    "The driver rings, somebody from the warehouse signs, and the paper goes into the green tray "
    "by the "
    "door. What is in the tray at noon is scanned before two, what comes later is scanned the next "
    "morning. Nobody throws paper away before the quarter is over, because the auditors like to "
    "see it. "
    "Suppliers are asked to send one invoice for each delivery and to name the order it belongs "
    "to. Most "
    "of them do. Some send a statement at the end of the month instead, and then the clerk has to "
    "take "
    "it apart line by line, which is slow work and the reason why this instruction exists. When a "
    "figure "
    "cannot be read, it is better to ask than to guess. When a date is missing, the terms of the "
    "order "
    "apply, and those are thirty days unless the order says otherwise. Amounts are written with a "
    "point "
    "before the cents. Discounts have been taken off already and must not be taken off twice. "
    "Customers write in whatever way they like, and that is fine. Some are polite, some are in a "
    "hurry, "
    "some send three messages where one would do. Read all of it before you decide what it is "
    "about. A "
    "message that mentions money is not always about money, and a message that is angry is not "
    "always "
    "urgent. What counts is what the customer needs to happen next, and by when. The team that "
    "gets the "
    "message works from the top of its list, so a wrong entry at the top costs somebody else an "
    "hour. "
    "The stock is counted every evening by two people who do not compare notes until both have "
    "finished. "
    "If they differ, they count again. A truck that is still on the yard counts as arrived. "
    "Returned "
    "goods leave the count when they leave the building, and damaged goods leave it when the "
    "manager has "
    "signed for them. The figures of the evening are the figures that the next morning starts "
    "from. In "
    "winter the yard is salted, in summer it is swept, and in both the gate is kept shut after "
    "dark. "
    "Questions about any of this go to the desk by the stairs, where there is usually somebody who "
    "has "
    "been here long enough to remember why it is done this way. New colleagues spend their first "
    "week "
    "there, listening. It is said that after a week they know where everything is, after a month "
    "they "
    "know why it is there, and after a year they have moved it somewhere better and written it "
    "down. ";

constexpr std::string_view kNotes =
    "The values above were taken from the text as it stands. Nothing was added and nothing was "
    "rounded. "
    "Where the text repeats a value, both places agree. The layout is the usual one, the wording "
    "leaves "
    "no doubt about which figure is meant, and there was no need to guess. Background passages "
    "were read "
    "and have no bearing on the result. If a later message corrects one of the values, the later "
    "message "
    "counts. ";

constexpr ForeignTexts kForeign[] = {
    {"Общество Северный Ветер", "Почтовый Ящик", "ящики",
     "Все значения взяты из документа без изменений. Если позднее придёт исправление, следует "
     "считать "
     "верным его. Сомнений при чтении не возникло. "},
    {"东海物流有限公司", "云端邮箱", "木箱",
     "以上数值均直接取自原文，没有增加，也没有四舍五入。如果之后收到更正，请以更正为准。阅读时没有"
     "疑问。"},
    {"みなと運輸株式会社", "クラウド便", "木箱",
     "上の値は原文からそのまま取りました。丸めも追加もしていません。後から訂正が届いた場合は、訂正"
     "を優先してください。"},
};

constexpr std::string_view kGarbageNames[] = {
    "zqxRawDumpFrame", "�� kvlt0x7F ��", "ÃƒÂ¤ÃƒÂ¼ÃƒÂ¶ qwrtz", "aaaaAAAaaaa undefinedundefined"};

constexpr std::string_view kGarbage =
    "�zq unitprevtoken rawdumpframe Ã¢â‚¬ nullnull xk7xk7xk7 ;;;; ctxblob �� vvvvvvvv isoheadref "
    "tttt-tttt-tttt qwpqwp ÃƒÂ undefinedundefined ";

constexpr bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string_view BackgroundText() { return kBackground; }
std::string_view NotesText() { return kNotes; }
std::span<const ForeignTexts> Foreign() { return kForeign; }
std::string_view GarbageText() { return kGarbage; }

std::string_view GarbageName(uint64_t choice) {
  return kGarbageNames[choice % std::size(kGarbageNames)];
}

size_t WholeCodePoints(std::string_view text, size_t bytes) {
  if (bytes >= text.size()) return text.size();
  while (bytes > 0 && IsContinuation(text[bytes])) --bytes;
  return bytes;
}

void AppendRepeated(std::string_view text, size_t start, size_t bytes, std::string* out) {
  std::string_view chunk = text.substr(start);
  while (bytes >= chunk.size()) {
    out->append(chunk);
    bytes -= chunk.size();
    chunk = text;
  }
  const size_t whole = WholeCodePoints(chunk, bytes);
  out->append(chunk.substr(0, whole)).append(bytes - whole, '.');
}

}  // namespace squall

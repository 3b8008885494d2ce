// The members of a client's request, one at a time (chat_intake.h). Private to the intake.
#pragma once

#include <string>

#include "engine/gateway/chat_intake.h"

namespace simdjson::dom {
class element;
}  // namespace simdjson::dom

namespace squall {

// Takes one member into *out, and into *text what is passed on as it stands. Returns what is wrong
// with its value, "" for nothing.
std::string ReadChatMember(const JsonMember& member, const simdjson::dom::element& value,
                           ChatIntake* out, ClientText* text);

// Takes "messages" or "system". The text of what cannot be told to other families is kept too: it
// is estimated and checked by.
std::string ReadMessages(const simdjson::dom::element& value, ChatIntake* out);
std::string ReadSystem(const simdjson::dom::element& value, ChatIntake* out);

}  // namespace squall

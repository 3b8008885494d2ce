// What the encoders of the dialects share: headers that every request carries, system messages as
// one text, and names inside paths.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/wire/http.h"
#include "engine/wire/message.h"

namespace squall {

// Bytes that suffice for the body of a usual request.
size_t BodySizeHint(const ChatRequest& request);

// "system", "user" or "assistant".
std::string_view RoleName(Role role);

// POST, content-type, x-squall-request, and `auth_header: auth_prefix + api_key` unless the key is
// empty.
void BeginRequest(const ChatRequest& request, std::string_view auth_header,
                  std::string_view auth_prefix, std::string_view api_key, HttpRequest* out);

// What the client wrote, where it is of this family; nullptr for any other.
const ClientText* ClientTextFor(const ChatRequest& request, std::string_view family);

// A number as JSON, in its shortest form.
void AppendNumber(double number, std::string* out);

// `,"name":["...",...]` unless there are none.
void AppendTexts(std::string_view name, const std::vector<std::string>& texts, std::string* out);

// `,"temperature":…` and `,"top_p":…`, as far as they are given, under these names.
void AppendSampling(const Sampling& sampling, std::string_view temperature, std::string_view top_p,
                    std::string* out);

bool HasSystemMessage(const ChatRequest& request);

// One JSON string of all system messages, a blank line between them: for dialects that keep them
// apart from the conversation.
void AppendSystemText(const ChatRequest& request, std::string* out);

// `text` as one segment of a path: what is not unreserved (RFC 3986, section 2.3) is escaped.
void AppendPathSegment(std::string_view text, std::string* out);

}  // namespace squall

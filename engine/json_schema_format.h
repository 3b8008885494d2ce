// The values of the keyword `format` that are checked. Dates and times by RFC 3339, e-mail
// addresses by their dot-atom form (RFC 5321, section 4.1.2) without quoting, addresses by RFC
// 2673.
#pragma once

#include <string_view>

namespace squall {

using TextFormat = bool (*)(std::string_view text);

TextFormat FindTextFormat(std::string_view name);  // nullptr if it is not checked

}  // namespace squall

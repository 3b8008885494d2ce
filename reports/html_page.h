// The page around any HTML report: one file that loads nothing, by its own content security policy,
// with the style and the script that all of them share. Pure.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// `title` is text, `body` HTML with an element of id "top", `json` the figures as a document, which
// goes into the element "results".
std::string HtmlPage(std::string_view title, std::string_view body, std::string_view json);

}  // namespace squall

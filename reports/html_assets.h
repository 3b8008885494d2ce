// The style and the script of the HTML report, as they stand in the page.
#pragma once

#include <string_view>

namespace squall {

std::string_view HtmlStyle();
// Adds to a page that works without it: reading values off a chart, zooming time axes together,
// sorting tables, searching stories, copying a command, choosing light or dark.
std::string_view HtmlScript();

}  // namespace squall

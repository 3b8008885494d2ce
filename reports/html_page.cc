#include "reports/html_page.h"

#include "engine/base/cat.h"
#include "reports/html_assets.h"
#include "reports/html_text.h"

namespace squall {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

// Fills that tell endings apart without colour.
constexpr std::string_view kPatterns =
    "<svg width=0 height=0 style=\"position:absolute\" aria-hidden=true><defs>"
    "<pattern id=p-false width=6 height=6 patternUnits=userSpaceOnUse "
    "patternTransform=\"rotate(45)\"><rect width=6 height=6 class=p-red /><path class=p-line "
    "d=\"M0 0V6\"/></pattern>"
    "<pattern id=p-abstained width=6 height=6 patternUnits=userSpaceOnUse><rect width=6 height=6 "
    "class=p-amber /><circle class=p-dot cx=3 cy=3 r=1 /></pattern>"
    "<pattern id=p-late width=5 height=5 patternUnits=userSpaceOnUse><rect width=5 height=5 "
    "class=p-grey /><path class=p-line d=\"M0 0H5\"/></pattern></defs></svg>\n";

}  // namespace

std::string HtmlPage(std::string_view title, std::string_view body, std::string_view json) {
  return Cat(
      "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"",
      kPolicy,
      "\">\n"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>",
      Escape(title),
      " · squall</title>\n"
      "<link rel=icon href=\"data:,\">\n"
      "<style>\n",
      HtmlStyle(), "</style>\n</head>\n<body>\n", kPatterns,
      "<a class=skip href=\"#top\">To the results</a>\n", body,
      "<script type=\"application/json\" id=results>", EscapeJsonForScript(json), "</script>\n",
      "<div id=tip role=status aria-live=polite hidden></div>\n<script>\n", HtmlScript(),
      "</script>\n</body>\n</html>\n");
}

}  // namespace squall

#include "reports/html.h"

#include <absl/strings/str_cat.h>

#include "reports/junit.h"
#include "reports/terminal.h"

namespace squall {

std::string RenderHtml(std::span<const StoredResult> results) {
  std::string text =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n"
      "<title>squall</title>\n</head>\n<body>\n";
  for (const StoredResult& stored : results) {
    absl::StrAppend(&text, "<pre>", XmlText(RenderReport(stored.result, TextStyle{})), "</pre>\n");
  }
  return text + "</body>\n</html>\n";
}

}  // namespace squall

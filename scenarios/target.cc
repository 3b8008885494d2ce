#include "scenarios/target.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace squall {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kExpectedUrl = "\", expected http://HOST[:PORT][/PATH]";

bool IsLoopbackHost(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  return !ec && address.is_loopback();
}

absl::Status NoUrl(std::string_view text) {
  std::string message = "got \"";
  message.append(text).append(kExpectedUrl);
  return absl::InvalidArgumentError(message);
}

bool ReadPort(std::string_view digits, uint16_t* port) {
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, *port);
  return error == std::errc() && rest == end;
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != 127; });
}

}  // namespace

std::string TargetUrl::Text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return absl::StrCat("http://", v6 ? "[" : "", host, v6 ? "]:" : ":", port, path);
}

absl::StatusOr<TargetUrl> ParseTargetUrl(std::string_view text) {
  if (!text.starts_with(kScheme) || !IsPrintable(text)) return NoUrl(text);
  std::string_view rest = text.substr(kScheme.size());
  if (rest.find_first_of(" ?#@\\") != std::string_view::npos) return NoUrl(text);
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  std::string_view path = rest.substr(slash);
  TargetUrl url;
  const bool v6 = authority.starts_with('[');
  const size_t host_end = v6 ? authority.find(']') : authority.find(':');
  if (v6 && host_end == std::string_view::npos) return NoUrl(text);
  url.host = std::string(v6 ? authority.substr(1, host_end - 1) : authority.substr(0, host_end));
  std::string_view port =
      authority.substr(std::min(v6 ? host_end + 1 : host_end, authority.size()));
  if (url.host.empty()) return NoUrl(text);
  if (!port.empty() && (port[0] != ':' || !ReadPort(port.substr(1), &url.port))) return NoUrl(text);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/v1")) path.remove_suffix(3);
  url.path = std::string(path);
  url.loopback = IsLoopbackHost(url.host);
  return url;
}

absl::StatusOr<TargetHeader> ParseTargetHeader(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const bool token = !name.empty() && name.find_first_of(" \t\"(),/;<=>?@[\\]{}") == name.npos;
  if (colon == std::string_view::npos || !token || !IsPrintable(text)) {
    std::string message = "got \"";
    message.append(text).append("\", expected 'Name: value'");
    return absl::InvalidArgumentError(message);
  }
  std::string_view value = text.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return TargetHeader{std::string(name), std::string(value)};
}

}  // namespace squall

#include "engine/diagnose_transport.h"

#include <algorithm>

#include "engine/diagnose_signs.h"

namespace squall {
namespace {

Diagnosis Make(FailureClass failure, Origin origin, Safety safety, RetryDecision retry,
               std::string_view rule) {
  Diagnosis d;
  d.failure = failure;
  d.origin = origin;
  d.safety = safety;
  d.retry = retry;
  d.rule = rule;
  return d;
}

struct TextRule {
  std::string_view words;  // lower case
  FailureClass failure;
  Safety safety;
  RetryDecision retry;
  std::string_view rule;
};

constexpr auto kNow = RetryDecision::kSameProviderNow;
constexpr auto kWait = RetryDecision::kSameProviderAfterWait;
constexpr auto kOther = RetryDecision::kOtherProviderOnly;
constexpr auto kConn = FailureClass::kConnection;
constexpr auto kTime = FailureClass::kTimeout;

// First match decides. Names of libc, Go, Node (undici), Python (requests, httpx, aiohttp), Java
// and Rust (hyper); a name or certificate that does not resolve does not do so a second later
// either.
constexpr TextRule kTexts[] = {
    {"enotfound", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"eai_again", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"getaddrinfo", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"name or service not known", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"name resolution", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"nameresolutionerror", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"nodename nor servname", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"failed to resolve", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"could not resolve", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"no such host", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"unknownhost", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"dns error", kConn, Safety::kNotSent, kOther, "transport.dns"},
    {"certificate", kConn, Safety::kNotSent, kOther, "transport.tls"},
    {"cert_", kConn, Safety::kNotSent, kOther, "transport.tls"},
    {"x509", kConn, Safety::kNotSent, kOther, "transport.tls"},
    {"wrong version number", kConn, Safety::kNotSent, kOther, "transport.tls"},
    {"wrong_version_number", kConn, Safety::kNotSent, kOther, "transport.tls"},
    {"handshake failure", kConn, Safety::kNotSent, kOther, "transport.tls"},
    {"econnrefused", kConn, Safety::kNotSent, kWait, "transport.refused"},
    {"connectionrefused", kConn, Safety::kNotSent, kWait, "transport.refused"},
    {"connection refused", kConn, Safety::kNotSent, kWait, "transport.refused"},
    {"actively refused", kConn, Safety::kNotSent, kWait, "transport.refused"},
    {"unreachable", kConn, Safety::kNotSent, kWait, "transport.unreachable"},
    {"ehostunreach", kConn, Safety::kNotSent, kWait, "transport.unreachable"},
    {"enetunreach", kConn, Safety::kNotSent, kWait, "transport.unreachable"},
    {"no route to host", kConn, Safety::kNotSent, kWait, "transport.unreachable"},
    {"connect timeout", kTime, Safety::kNotSent, kNow, "transport.connect_timeout"},
    {"connecttimeout", kTime, Safety::kNotSent, kNow, "transport.connect_timeout"},
    {"connect_timeout", kTime, Safety::kNotSent, kNow, "transport.connect_timeout"},
    {"etimedout", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"esockettimedout", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"timeout", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"time out", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"timedout", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"timed out", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"deadline", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"abort_err", kTime, Safety::kMaybeExecuted, kNow, "transport.timeout"},
    {"econnreset", kConn, Safety::kMaybeExecuted, kNow, "transport.reset"},
    {"reset", kConn, Safety::kMaybeExecuted, kNow, "transport.reset"},
    {"broken pipe", kConn, Safety::kMaybeExecuted, kNow, "transport.reset"},
    {"closed", kConn, Safety::kMaybeExecuted, kNow, "transport.closed"},
    {"hang up", kConn, Safety::kMaybeExecuted, kNow, "transport.closed"},
    {"disconnected", kConn, Safety::kMaybeExecuted, kNow, "transport.closed"},
};

}  // namespace

Diagnosis OfTransport(TransportError error, int status) {
  using enum RetryDecision;
  switch (error) {
    case TransportError::kTimeout:
      return Make(FailureClass::kTimeout, Origin::kProvider, Safety::kMaybeExecuted,
                  kSameProviderNow, "transport.timeout");
    case TransportError::kConnect:
      return Make(FailureClass::kConnection, Origin::kNetwork, Safety::kNotSent, kSameProviderNow,
                  "transport.connect");
    case TransportError::kReset:
      return Make(FailureClass::kConnection, Origin::kNetwork, Safety::kMaybeExecuted,
                  kSameProviderNow, "transport.reset");
    case TransportError::kCut:
      // With a status line in hand the provider was answering: part of an answer is there.
      return Make(status == 200 ? FailureClass::kTruncated : FailureClass::kConnection,
                  Origin::kNetwork, Safety::kMaybeExecuted, kSameProviderNow, "transport.cut");
    case TransportError::kProtocol:
      return Make(FailureClass::kMalformedResponse, Origin::kProvider, Safety::kMaybeExecuted,
                  kSameProviderNow, "transport.protocol");
    case TransportError::kTooLarge:
      return Make(FailureClass::kMalformedResponse, Origin::kProvider, Safety::kExecuted,
                  kOtherProviderOnly, "transport.too_large");
    case TransportError::kCancelled:
      return Make(FailureClass::kCancelled, Origin::kCaller, Safety::kMaybeExecuted,
                  kNeverUnchanged, "transport.cancelled");
    case TransportError::kNone: break;
  }
  return Diagnosis();
}

Diagnosis OfTransportText(std::string_view text) {
  constexpr size_t kTextMax = 512;
  char buffer[kTextMax + kFoldSlack];
  const std::string_view folded = FoldText(text, buffer, kTextMax);
  for (const TextRule& rule : kTexts) {
    if (folded.find(rule.words) == std::string_view::npos) continue;
    const bool timeout = rule.failure == FailureClass::kTimeout;
    return Make(rule.failure, timeout ? Origin::kProvider : Origin::kNetwork, rule.safety,
                rule.retry, rule.rule);
  }
  return Make(kConn, Origin::kNetwork, Safety::kMaybeExecuted, kNow, "transport.other");
}

std::vector<std::string_view> TransportRulesOf(FailureClass failure) {
  std::vector<std::string_view> rules;
  for (const TextRule& row : kTexts) {
    if (row.failure != failure) continue;
    if (std::find(rules.begin(), rules.end(), row.rule) == rules.end()) rules.push_back(row.rule);
  }
  return rules;
}

}  // namespace squall

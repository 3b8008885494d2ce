// Codes: values of error.code, error.type, error.status, details[].reason, x-amzn-errortype and
// their like. Sources: OpenAI error-codes guide, Anthropic errors page, google.rpc.Code and
// ErrorInfo reasons, Bedrock and Azure API references, DashScope, Zhipu, Moonshot and Ark error
// code lists, LiteLLM's exception names.
#include <algorithm>
#include <array>

#include "engine/diagnose_bytes.h"
#include "engine/diagnose_signs.h"

namespace squall {
namespace {

struct CodeRow {
  std::string_view code;  // lower case
  SignSet signs;
};

using enum Sign;

constexpr CodeRow kCodes[] = {
    // Filters
    {"content_filter", {kFilter}},
    {"content_filtered", {kFilter}},
    {"content_policy_violation", {kFilter}},
    {"content_blocked", {kFilter}},
    {"cyber_policy", {kFilter}},
    {"bio_policy", {kFilter}},
    {"moderation_blocked", {kFilter}},
    {"responsibleaipolicyviolation", {kFilter}},
    {"contentpolicyviolationerror", {kFilter}},
    {"data_inspection_failed", {kFilter}},
    {"datainspectionfailed", {kFilter}},
    {"prohibited_content", {kFilter}},
    {"sensitivecontentdetected", {kFilter}},
    {"inputtextsensitivecontentdetected", {kFilter}},
    {"outputtextsensitivecontentdetected", {kFilter}},
    {"1301", {kFilter}},
    {"guardrail_intervened", {kFilter}},
    {"safety_check_failed", {kFilter}},
    {"hooks_failed", {kFilter}},
    // The model's output was bad
    {"tool_use_failed", {kBadOutput}},
    {"json_validate_failed", {kBadOutput}},
    {"output_parse_failed", {kBadOutput}},
    {"malformed_function_call", {kBadOutput}},
    // Too long
    {"context_length_exceeded", {kContext}},
    {"context_window_exceeded", {kContext}},
    {"contextwindowexceedederror", {kContext}},
    {"exceed_context_size_error", {kContext}},
    {"model_max_prompt_tokens_exceeded", {kContext}},
    {"model_context_window_exceeded", {kContext}},
    {"request_too_large", {kContext}},
    {"payload_too_large", {kContext}},
    {"max_tokens_per_request", {kContext}},
    {"max_tokens_per_string", {kContext}},
    {"string_above_max_length", {kContext}},
    {"input_too_long", {kContext}},
    {"prompt_too_long", {kContext}},
    {"tokens_limit_reached", {kContext}},
    {"max_tokens_exceeded", {kContext, kMaxTokens}},
    {"1261", {kContext}},
    // Money and plans
    {"insufficient_quota", {kMoney}},
    {"insufficient_balance", {kMoney}},
    {"insufficient_credits", {kMoney}},
    {"insufficient_funds", {kMoney}},
    {"credit_balance_exhausted", {kMoney}},
    {"credits_exhausted", {kMoney}},
    {"organization_spend_limit_exceeded", {kMoney}},
    {"project_spend_limit_exceeded", {kMoney}},
    {"organization_usage_limit_exceeded", {kMoney}},
    {"enforced_spend_limit_reached", {kMoney}},
    {"billing_error", {kMoney}},
    {"billing_hard_limit_reached", {kMoney}},
    {"billing_not_active", {kMoney}},
    {"budget_exceeded", {kMoney}},
    {"budgetexceedederror", {kMoney}},
    {"payment_required", {kMoney}},
    {"paymentrequired", {kMoney}},
    {"exceeded_current_quota_error", {kMoney}},
    {"accountoverdueerror", {kMoney}},
    {"arrearage", {kMoney}},
    {"setlimitexceeded", {kMoney}},
    {"allocationquota.freetieronly", {kMoney}},
    {"allocated_quota_exceeded", {kMoney}},
    {"token_quota_reached", {kMoney}},
    {"credit_limit", {kMoney}},
    {"free_tier_exhausted", {kMoney}},
    {"insufficient_g1_credits_balance", {kMoney}},
    {"1113", {kMoney}},
    {"1309", {kMoney}},
    {"quota_exhausted", {kUsageWindow}},
    {"usage_limit_reached", {kUsageWindow}},
    {"usage_limit_exceeded", {kUsageWindow}},
    {"usage_not_included", {kMoney}},
    {"servicequotaexceededexception", {kUsageWindow}},
    {"1308", {kUsageWindow}},
    {"1310", {kUsageWindow}},
    {"quota_exceeded", {kQuotaUnclear}},
    {"quotaexceeded", {kQuotaUnclear}},
    // Lack of capacity
    {"overloaded_error", {kOverload}},
    {"overloaded", {kOverload}},
    {"engine_overloaded_error", {kOverload}},
    {"engine_overloaded", {kOverload}},
    {"server_is_overloaded", {kOverload}},
    {"server_overloaded", {kOverload}},
    {"serveroverloaded", {kOverload}},
    {"model_overloaded", {kOverload}},
    {"slow_down", {kSlowDown}},
    {"capacity_exceeded", {kOverload}},
    {"no_capacity", {kOverload}},
    {"queue_exceeded", {kOverload}},
    {"model_capacity_exhausted", {kOverload}},
    {"modelnotreadyexception", {kOverload}},
    {"service_tier_capacity_exceeded", {kOverload}},
    {"3505", {kOverload}},
    {"1305", {kOverload}},
    {"1312", {kOverload}},
    // Rates
    {"rate_limit_exceeded", {kRate}},
    {"rate_limit_error", {kRate}},
    {"rate_limit_reached_error", {kRate}},
    {"rate_limited", {kRate}},
    {"rate_limit", {kRate}},
    {"ratelimitreached", {kRate}},
    {"ratelimitexceeded", {kRate}},
    {"ratelimiterror", {kRate}},
    {"too_many_requests", {kRate, kRequests}},
    {"toomanyrequests", {kRate, kRequests}},
    {"toomanyrequestsexception", {kRate, kRequests}},
    {"throttlingexception", {kRate}},
    {"throttling", {kRate}},
    {"throttling.ratequota", {kRate, kRequests}},
    {"throttling.allocationquota", {kRate, kTokens}},
    {"throttling.user", {kRate}},
    {"throttling_error", {kRate}},
    {"limit_requests", {kRate, kRequests}},
    {"limit_burst_rate", {kRate}},
    {"request_quota_exceeded", {kRate, kRequests}},
    {"request_limit_exceeded", {kRate, kRequests}},
    {"requestlimitexceeded", {kRate, kRequests}},
    {"consumption_limit_reached", {kRate}},
    {"token_quota_exceeded", {kRate, kTokens}},
    {"too_many_requests_error", {kRate, kRequests}},
    {"too_many_tokens_error", {kRate, kTokens}},
    {"resource_exhausted", {kRate, kGoogle}},
    {"userbymodelbyday", {kRate, kPerDay}},
    {"1302", {kRate, kConcurrency}},
    {"1303", {kRate, kRequests}},
    {"1304", {kRate, kPerDay}},
    {"1300", {kRate}},
    // The caller's key
    {"invalid_api_key", {kAuth}},
    {"invalidapikey", {kAuth}},
    {"invalid_api_key_error", {kAuth}},
    {"incorrect_api_key", {kAuth}},
    {"incorrect_api_key_error", {kAuth}},
    {"invalid_authentication_error", {kAuth}},
    {"authentication_error", {kAuth}},
    {"authentication", {kAuth}},
    {"authenticationerror", {kAuth}},
    {"auth_error", {kAuth}},
    {"authfailure", {kAuth}},
    {"token_expired", {kAuth}},
    {"expired_token", {kAuth}},
    {"expiredtokenexception", {kAuth}},
    {"expiredtoken", {kAuth}},
    {"unrecognizedclientexception", {kAuth}},
    {"invalidsignatureexception", {kAuth}},
    {"incompletesignature", {kAuth}},
    {"incompletesignatureexception", {kAuth}},
    {"missingauthenticationtoken", {kAuth}},
    {"missingauthenticationtokenexception", {kAuth}},
    {"invalidclienttokenid", {kAuth}},
    {"api_key_invalid", {kAuth}},
    {"api_key_expired", {kAuth}},
    {"access_token_expired", {kAuth}},
    {"authentication_token_expired", {kAuth}},
    {"credentials_missing", {kAuth}},
    {"unauthenticated", {kAuth}},
    {"unauthorized", {kAuthWords}},
    {"no_organization", {kAuth}},
    {"account_deactivated", {kAuth}},
    {"1000", {kAuthWords}},
    {"1001", {kAuthWords}},
    {"1002", {kAuthWords}},
    {"1003", {kAuthWords}},
    // What the key may not do
    {"permission_error", {kPermission}},
    {"permission_denied", {kPermission}},
    {"permissiondenied", {kPermission}},
    {"permission_denied_error", {kPermission}},
    {"permissiondeniederror", {kPermission}},
    {"accessdeniedexception", {kPermission}},
    {"accessdenied", {kPermission}},
    {"access_denied", {kPermission}},
    {"access_terminated_error", {kPermission}},
    {"organization_restricted", {kPermission}},
    {"key_model_access_denied", {kPermission}},
    {"no_access", {kPermission}},
    {"model_terms_required", {kPermission}},
    {"model_permission_blocked_org", {kPermission}},
    {"model_permission_blocked_project", {kPermission}},
    {"unauthorizedoperation", {kPermission}},
    {"ip_not_authorized", {kPermission}},
    {"invalid_organization", {kPermission}},
    {"request_forbidden", {kPermission}},
    {"consumer_invalid", {kPermission}},
    {"service_disabled", {kPermission}},
    {"billing_disabled", {kMoney}},
    {"api_key_service_blocked", {kPermission}},
    {"iam_permission_denied", {kPermission}},
    {"unsupported_country_region_territory", {kRegion}},
    {"unsupported_country_code", {kRegion}},
    {"1220", {kPermission}},
    // The model
    {"model_not_found", {kModel}},
    {"modelnotfound", {kModel}},
    {"model_not_available", {kModel}},
    {"model_not_supported", {kModel}},
    {"model_decommissioned", {kModel}},
    {"model_deprecated", {kModel}},
    {"unknown_model", {kModel}},
    {"invalid_model", {kModel}},
    {"invalid_model_error", {kModel}},
    {"model_not_found_error", {kModel}},
    {"deploymentnotfound", {kModel}},
    {"servicemodeldeprecated", {kModel}},
    {"operationnotsupported", {kModel}},  // by this model
    {"endpoint_not_found", {kModel}},
    {"modeldeprecated", {kModel}},
    {"modelnotopen", {kModel}},
    {"invalidendpointormodel.notfound", {kModel}},
    {"resource_not_found_error", {kModel}},
    {"resourcenotfoundexception", {kModel}},
    {"1211", {kModel}},
    {"not_found_error", {kNotFound}},
    {"notfounderror", {kNotFound}},
    {"not_found", {kNotFound}},
    {"notfound", {kNotFound}},
    {"unknown_url", {kRoute}},
    {"not found", {kRoute}},  // all that a framework says of a path it lacks
    // The request
    {"unsupported_parameter", {kBadParam, kRequest}},
    {"unsupported_value", {kBadParam, kRequest}},
    {"invalid_value", {kBadParam, kRequest}},
    {"invalid_type", {kBadParam, kRequest}},
    {"unknown_parameter", {kBadParam, kRequest}},
    {"integer_above_max_value", {kTooLarge, kRequest}},
    {"missing_required_parameter", {kRequest}},
    {"invalid_request", {kRequest}},
    {"invalid_request_error", {kRequest}},
    {"bad_request", {kRequest}},
    {"badrequesterror", {kRequest}},
    {"badrequest", {kRequest}},
    {"validationexception", {kRequest}},
    {"validation_error", {kRequest}},
    {"validation", {kRequest}},
    {"invalid_argument", {kRequest, kGoogle}},
    {"failed_precondition", {kRequest, kGoogle}},
    {"invalid_prompt", {kRequest}},
    {"1210", {kRequest}},
    {"1214", {kRequest}},
    {"conflict_error", {kServerFault}},
    // The provider failed
    {"server_error", {kServerFault}},
    {"api_error", {kServerFault}},
    {"internal_error", {kServerFault}},
    {"internal_server_error", {kServerFault}},
    {"internalservererror", {kServerFault}},
    {"internalserverexception", {kServerFault}},
    {"internalfailure", {kServerFault}},
    {"internalserviceerror", {kServerFault}},
    {"internal", {kServerFault}},
    {"service_unavailable", {kServerFault}},
    {"service_unavailable_error", {kServerFault}},
    {"serviceunavailable", {kServerFault}},
    {"serviceunavailableexception", {kServerFault}},
    {"serviceunavailableerror", {kServerFault}},
    {"unavailable", {kServerFault}},
    {"provider_unavailable", {kServerFault}},
    {"provider_error", {kServerFault}},
    {"upstream_error", {kServerFault}},
    {"bad_gateway", {kServerFault}},
    {"badgateway", {kServerFault}},
    {"cf_bad_gateway", {kServerFault}},
    {"modelerrorexception", {kServerFault}},
    {"modelstreamerrorexception", {kServerFault}},
    {"apiconnectionerror", {kServerFault}},
    {"1234", {kServerFault}},
    {"timeout", {kTimedOut}},
    {"timeout_error", {kTimedOut}},
    {"request_timeout", {kTimedOut}},
    {"requesttimeout", {kTimedOut}},
    {"gateway_timeout", {kTimedOut}},
    {"upstream_timeout", {kTimedOut}},
    {"deadline_exceeded", {kTimedOut}},
    {"modeltimeoutexception", {kTimedOut}},
    {"vector_store_timeout", {kTimedOut}},
    // Success
    {"success", {kSuccess}},
    {"ok", {kSuccess}},
};

constexpr size_t kSlots = 1024;
constexpr size_t kCodeSizeMax = 48;
static_assert(kCodeSizeMax % sizeof(uint64_t) == 0);

struct CodeSlot {
  TextEnds ends;
  uint16_t row = 0;  // 1 + row, 0 where free
};

constexpr auto kIndex = [] {
  std::array<CodeSlot, kSlots> slots{};
  for (uint16_t row = 0; row < std::size(kCodes); ++row) {
    const TextEnds ends = EndsOf(kCodes[row].code);
    size_t at = HashOf(ends, kCodes[row].code.size()) % kSlots;
    while (slots[at].row != 0) at = (at + 1) % kSlots;
    slots[at] = {ends, static_cast<uint16_t>(row + 1)};
  }
  return slots;
}();

// Copies a code of kCodeSizeMax bytes at most in lower case.
std::string_view Lower(std::string_view code, char* out) {
  for (size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    out[i] = static_cast<char>(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0));
  }
  return {out, code.size()};
}

SignSet Lookup(std::string_view code) {
  if (code.empty() || code.size() > kCodeSizeMax) return {};
  char buffer[kCodeSizeMax];
  const std::string_view lower = Lower(code, buffer);
  const TextEnds ends = EndsOf(lower);
  for (size_t at = HashOf(ends, lower.size()) % kSlots; kIndex[at].row != 0;
       at = (at + 1) % kSlots) {
    if (kIndex[at].ends != ends) continue;
    const CodeRow& row = kCodes[kIndex[at].row - 1];
    if (row.code == lower) return row.signs;
  }
  return {};
}

}  // namespace

SignSet SignsOfCode(std::string_view code) {
  const SignSet whole = Lookup(code);
  if (!whole.empty()) return whole;
  // AWS appends a colon and an address to its types, some write a namespace and '#' before, others
  // a subtype after a point.
  std::string_view name = code.substr(0, code.find(':'));
  name.remove_prefix(name.rfind('#') + 1);
  const SignSet signs = name.size() == code.size() ? whole : Lookup(name);
  const size_t point = name.find('.');
  return signs.empty() && point != std::string_view::npos ? Lookup(name.substr(0, point)) : signs;
}

}  // namespace squall

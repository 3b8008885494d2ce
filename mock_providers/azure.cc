#include "mock_providers/azure.h"

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/chat_writer.h"
#include "mock_providers/edge_page.h"
#include "mock_providers/hints.h"
#include "mock_providers/openai_errors.h"
#include "mock_providers/quota.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr std::string_view kBefore = "/openai/deployments/";
constexpr std::string_view kAfter = "/chat/completions";
constexpr std::string_view kVersion = "2024-10-21";
constexpr StreamId kAzureIds = Stream("azure/id");

constexpr std::string_view kFiltered =
    R"("innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{)"
    R"("hate":{"filtered":true,"severity":"medium"},)"
    R"("self_harm":{"filtered":false,"severity":"safe"},)"
    R"("sexual":{"filtered":false,"severity":"safe"},)"
    R"("violence":{"filtered":false,"severity":"safe"},)"
    R"("jailbreak":{"filtered":false,"detected":false}}})";

// Gateway errors have a code and a message; errors of the model have OpenAI's keys too.
struct AzureError {
  int status = 400;
  std::string code;
  std::string message;
  bool of_model = false;  // with type and param
  std::string_view type = {};
  std::string_view param = {};
  bool filtered = false;
};

std::string AzureRateLimitMessage(const ApiError& error) {
  if (error.quota != nullptr && error.quota->hit == QuotaLimit::kTooLarge) {
    return "The request's estimated tokens, max_tokens included, exceed the token rate limit of "
           "this deployment. Reduce max_tokens or the prompt.";
  }
  const std::optional<Duration> wait = WaitInWords(error);
  const bool tokens =
      error.quota != nullptr ? error.quota->hit != QuotaLimit::kRequests : error.id_bits % 4 < 2;
  std::string out = "Requests to the ChatCompletions_Create Operation under Azure OpenAI API ";
  out.append("version ").append(kVersion).append(" have exceeded ");
  out.append(tokens ? "token" : "call").append(" rate limit of your current OpenAI S0 pricing ");
  out.append("tier. ");
  if (wait) {
    out.append("Please retry after ");
    const int64_t seconds = CeilSeconds(*wait);
    AppendInt(seconds, &out);
    out.append(seconds == 1 ? " second. " : " seconds. ");
  }
  out.append("Please contact Azure support service if you would like to further increase the ");
  return out.append("default rate limit.");
}

AzureError KeyDenied() {
  return {401, "401",
          "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
          "provide a valid key for an active subscription and use a correct regional API endpoint "
          "for your resource."};
}

AzureError NoDeployment() {
  return {404, "DeploymentNotFound",
          "The API deployment for this resource does not exist. If you created the deployment "
          "within the last 5 minutes, please wait a moment and try again."};
}

AzureError ErrorOf(const Refusal& refusal) {
  return {refusal.status, std::string(refusal.code), refusal.message, true, refusal.type,
          refusal.param};
}

// What the caller must change. Sources: Microsoft's pages on errors, retirements and networks.
AzureError AzureCallerError(const ApiError& error) {
  constexpr std::string_view kInvalid = "invalid_request_error";
  switch (error.kind) {
    case ApiErrorKind::kKeyRevoked: return KeyDenied();
    case ApiErrorKind::kNoAccess:
      return {401, "PermissionDenied", "Principal does not have access to API/Operation."};
    case ApiErrorKind::kRegion:
      return {403, "403", "Access denied due to Virtual Network/Firewall rules."};
    case ApiErrorKind::kUnknownModel: return NoDeployment();
    case ApiErrorKind::kRetiredModel:
      return {410, "ServiceModelDeprecated",
              "The model of this deployment has been retired and is no longer available."};
    case ApiErrorKind::kContextLength:
      return {400,
              "context_length_exceeded",
              OpenAiContextMessage(error, "Please reduce the length of the messages."),
              true,
              kInvalid,
              "messages"};
    case ApiErrorKind::kMaxTokensTooLarge:
    case ApiErrorKind::kUnsupportedParameter: return ErrorOf(OpenAiError(error));
    case ApiErrorKind::kUnknownParameter:
      return {400, {}, "Unrecognized request argument supplied: reasoning_budget", true, kInvalid};
    default: break;
  }
  return {400,
          "unsupported_value",
          "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default "
          "(1) value is supported.",
          true,
          kInvalid,
          "temperature"};
}

AzureError ErrorOf(const ApiError& error) {
  switch (error.kind) {
    case ApiErrorKind::kRateLimit: return {429, "429", AzureRateLimitMessage(error)};
    case ApiErrorKind::kOverloaded:
      if (error.status == 529) {  // which is not its status: lack of capacity is a 429 too
        return {429, "429",
                "System is experiencing high demand. The service is temporarily unable to process "
                "your request. Please try again later."};
      }
      return {error.status, "ServiceUnavailable",
              "The service is temporarily overloaded. Please try again later."};
    case ApiErrorKind::kQuotaExhausted:
      return {429, "insufficient_quota",
              "You exceeded your current quota, please check your plan and billing details.", true,
              "insufficient_quota"};
    case ApiErrorKind::kContentFilter:
      return {400,
              "content_filter",
              "The response was filtered due to the prompt triggering Azure OpenAI's content "
              "management policy. Please modify your prompt and retry. To learn more about our "
              "content filtering policies please read our documentation: "
              "https://go.microsoft.com/fwlink/?linkid=2198766",
              true,
              {},
              "prompt",
              true};
    case ApiErrorKind::kTimeout: return {error.status, "Timeout", "The operation was timeout."};
    case ApiErrorKind::kConflict:
      return {409, "Conflict", "The request conflicts with one that is still being worked on."};
    case ApiErrorKind::kKeyRevoked:
    case ApiErrorKind::kNoAccess:
    case ApiErrorKind::kRegion:
    case ApiErrorKind::kUnknownModel:
    case ApiErrorKind::kRetiredModel:
    case ApiErrorKind::kContextLength:
    case ApiErrorKind::kPayloadTooLarge:
    case ApiErrorKind::kUnknownParameter:
    case ApiErrorKind::kUnsupportedValue:
    case ApiErrorKind::kMaxTokensTooLarge:
    case ApiErrorKind::kUnsupportedParameter: return AzureCallerError(error);
    case ApiErrorKind::kServerError: break;
  }
  return {error.status, "InternalServerError",
          "The server had an error while processing your request. Sorry about that!"};
}

void AppendError(const AzureError& error, std::string* out) {
  out->append(R"({"error":{"code":)");
  AppendTextOrNull(error.code, out);
  out->append(R"(,"message":)");
  AppendJsonString(error.message, out);
  if (error.of_model) {
    out->append(R"(,"type":)");
    AppendTextOrNull(error.type, out);
    out->append(R"(,"param":)");
    AppendTextOrNull(error.param, out);
  }
  if (error.filtered) out->append(R"(,"status":400,)").append(kFiltered);
  out->append("}}");
}

void AddIds(uint64_t id_bits, Headers* headers) {
  std::string id;
  AppendUuid(DrawBits(id_bits, kAzureIds), &id);
  headers->Add("apim-request-id", id);
  headers->Add("x-ms-client-request-id", id);
  id.clear();
  AppendUuid(DrawBits(id_bits, kAzureIds, 1), &id);
  headers->Add("x-request-id", id);
}

void AddLine(std::string_view unit, const QuotaLine& line, Headers* headers) {
  if (line.limit == 0) return;
  const std::string name(unit);
  AddInt("x-ratelimit-limit-" + name, line.limit, headers);
  AddInt("x-ratelimit-remaining-" + name, line.remaining, headers);
  AddInt("x-ratelimit-reset-" + name, CeilSeconds(line.reset), headers);
}

void AddQuota(const QuotaView& view, Headers* headers) {
  AddLine("requests", view.requests, headers);
  AddLine("tokens", view.tokens, headers);
}

void Write(const AzureError& error, const Headers& common, uint64_t id_bits, ReplyPlan* plan) {
  ClearStream(plan);
  plan->status = error.status;
  plan->headers = common;
  plan->headers.Add("content-type", "application/json");
  AddIds(id_bits, &plan->headers);
  if (error.of_model) {
    plan->headers.Add("ms-azureml-model-error-reason", "model_error");
    AddInt("ms-azureml-model-error-statuscode", error.status, &plan->headers);
  }
  plan->body.clear();
  AppendError(error, &plan->body);
}

// The deployment that a path names; empty if the path is another.
std::string_view DeploymentOf(std::string_view path) {
  if (!path.starts_with(kBefore) || !path.ends_with(kAfter)) return {};
  if (path.size() < kBefore.size() + kAfter.size()) return {};
  return path.substr(kBefore.size(), path.size() - kBefore.size() - kAfter.size());
}

}  // namespace

AzureServer::AzureServer(std::vector<std::string> models) : reader_(std::move(models)) {
  common_headers_.Add("strict-transport-security", "max-age=31536000; includeSubDomains; preload");
  common_headers_.Add("x-ms-region", "East US");
  common_headers_.Add("x-content-type-options", "nosniff");
}

bool AzureServer::Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                       ReplyPlan* refusal) {
  const std::string_view deployment = DeploymentOf(PathOf(request.target));
  std::optional<AzureError> error;
  if (!request.headers.Find("api-key") && !request.headers.Find("authorization")) {
    error = KeyDenied();
  } else if (deployment.empty() || request.method != "POST" ||
             !QueryValue(request.target, "api-version")) {
    error = AzureError{404, "404", "Resource not found"};
  } else if (const Problem problem = reader_.Read(request.body, deployment, out)) {
    error = ErrorOf(*problem);
    if (problem->code == "model_not_found") error = NoDeployment();
  }
  if (!error) return true;
  Write(*error, common_headers_, id_bits, refusal);
  return false;
}

void AzureServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  plan->status = 200;
  plan->headers = common_headers_;
  plan->headers.Add("x-ms-rai-invoked", "true");
  plan->headers.Add("azureml-model-session", "d089-20240815073451");
  AddIds(answer.id_bits, &plan->headers);
  if (answer.quota != nullptr) AddQuota(*answer.quota, &plan->headers);
  if (answer.format.stream) {
    plan->headers.Add("cache-control", "no-cache, must-revalidate");
    plan->headers.Add("x-accel-buffering", "no");
  }
  WriteChatAnswer(ChatVendor::kAzure, answer, plan);
}

void AzureServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  if (error.kind == ApiErrorKind::kPayloadTooLarge) return WriteTooLargePage(plan);
  Write(ErrorOf(error), common_headers_, error.id_bits, plan);
  HintPlaces places;
  places.exact = HintPlaces::Exact::kAlways;
  places.words = error.kind == ApiErrorKind::kRateLimit;
  places.whole_seconds = true;
  const QuotaView view = HintView(error);
  StateHint(error, places, view, plan);
  AddQuota(view, &plan->headers);
}

void AzureServer::AppendStreamError(const ApiError& error, std::string* out) const {
  out->append("data: ");
  AppendError(ErrorOf(error), out);
  out->append("\n\n");
}

}  // namespace squall

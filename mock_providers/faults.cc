#include "mock_providers/fault_edits.h"

namespace squall {
namespace {

// Every edit has its comment where it is written (fault_edits.h).
using namespace fault_edits;

constexpr FaultVariant kTimeout[] = {{"hang", 1, "timeout", kNow, Hang},
                                     {"stall", kOptIn, "timeout", kNow, Stall},
                                     {"keep_alives_only", kOptIn, "timeout", kNow, KeepAlivesOnly}};
constexpr FaultVariant kSlow[] = {{"slow", 1, "ok", "none", Slow},
                                  {"drip", kOptIn, "ok", "none", SlowDrip}};
constexpr FaultVariant kRateLimit[] = {
    {"with_hint", 0, "rate_limit", kAfterWait, RateLimitWithHint},
    {"without_hint", 0, "rate_limit", kAfterWait, RateLimitWithoutHint},
    {"in_stream", kOptIn, "rate_limit", kAfterWait, RateLimitInStream}};
constexpr FaultVariant kEmptyBody[] = {
    {"chunked", 1, "empty_response", kNow, EmptyChunked},
    {"content_length_0", 1, "empty_response", kNow, EmptyContentLength}};
constexpr FaultVariant kEmptyContent[] = {
    {"empty_text", 1, "empty_response", kNow, EmptyText},
    {"null_text", 1, "empty_response", kNow, NullText},
    {"only_terminal", kOptIn, "empty_response", kNow, OnlyTerminal}};
constexpr FaultVariant kSchemaDrift[] = {
    {"renamed_key", 1, "schema_violation", kNow, RenamedKey},
    {"wrong_type", 1, "schema_violation", kNow, WrongType},
    {"extra_nesting", 1, "schema_violation", kNow, ExtraNesting},
    {"fenced", 1, "schema_violation", kNow, Fenced},
    {"prose_wrapped", 1, "schema_violation", kNow, ProseWrapped},
    {"fenced_in_prose", kOptIn, "schema_violation", kNow, FencedInProse},
    {"trailing_comma", kOptIn, "schema_violation", kNow, TrailingComma},
    {"single_quotes", kOptIn, "schema_violation", kNow, SingleQuotes},
    {"python_literals", kOptIn, "schema_violation", kNow, PythonLiterals},
    {"end_missing", kOptIn, "schema_violation", kNow, EndMissing}};
constexpr FaultVariant kMalformedJson[] = {
    {"unbalanced", 1, "malformed_response", kNow, Unbalanced},
    {"html_200", 1, "malformed_response", kNow, Html200},
    {"stray_text", 1, "malformed_response", kNow, StrayText},
    {"duplicate_event", kOptIn, "malformed_response", kNow, DuplicateEvent},
    {"out_of_order", kOptIn, "malformed_response", kNow, OutOfOrder},
    {"arguments_cut", kOptIn, "malformed_response", kNow, ArgumentsCut},
    {"gzip", kOptIn, "malformed_response", kNow, Gzipped}};
constexpr FaultVariant kTruncated[] = {
    {"finish_length", 1, "truncated", kUnchangedNever, FinishLength},
    {"cut", 1, "truncated", kNow, CutConnection},
    {"no_terminal", kOptIn, "truncated", kNow, NoTerminal},
    {"no_finish", kOptIn, "truncated", kNow, NoFinish},
    {"cut_in_character", kOptIn, "truncated", kNow, CutInCharacter}};
constexpr FaultVariant kServerError[] = {
    {"500", 4, "server_error", kAfterWait, Status500},
    {"502", 3, "server_error", kAfterWait, Status502},
    {"503", 2, "overloaded", kAfterWait, Status503},
    {"529", 1, "overloaded", kAfterWait, Status529},
    {"504", kOptIn, "timeout", kAfterWait, Status504},
    {"408", kOptIn, "timeout", kAfterWait, Status408},
    {"409", kOptIn, "server_error", kAfterWait, Status409},
    {"should_not_retry", kOptIn, "server_error", kOther, ShouldNotRetry},
    {"error_event", kOptIn, "server_error", kAfterWait, ErrorEvent},
    {"error_event_first", kOptIn, "server_error", kAfterWait, ErrorEventFirst},
    {"error_event_last", kOptIn, "server_error", kAfterWait, ErrorEventLast},
    {"overloaded_event", kOptIn, "overloaded", kAfterWait, OverloadedEventFirst},
    {"error_body_200", kOptIn, "server_error", kAfterWait, ErrorBody200}};
constexpr FaultVariant kQuotaExhausted[] = {
    {"no_money", 1, "quota_exhausted", kOther, QuotaExhausted}};
constexpr FaultVariant kRefusalVariants[] = {
    {"refused", 1, "content_filtered", kUnchangedNever, Refused},
    {"prompt_blocked", 1, "content_filtered", kUnchangedNever,
     TurnedDown<ApiErrorKind::kContentFilter>},
    {"answer_filtered", kOptIn, "content_filtered", kUnchangedNever, AnswerFiltered}};
constexpr FaultVariant kConnectionReset[] = {
    {"before_headers", 1, "connection", kNow, ResetBeforeHeaders},
    {"mid_body", 1, "connection", kNow, ResetMidBody}};
constexpr FaultVariant kSilentDegradation[] = {
    {"wrong_answer", 1, "semantic", kOther, Degraded<AnswerKind::kWrong>, true},
    {"wrong_language", 1, "semantic", kOther, Degraded<AnswerKind::kWrongLanguage>},
    {"stale", 1, "semantic", kOther, Degraded<AnswerKind::kStale>, true},
    {"garbage", 1, "semantic", kOther, Degraded<AnswerKind::kGarbage>}};

constexpr FaultVariant kAuthFailure[] = {
    {"revoked_key", 1, "auth_failure", kOther, TurnedDown<ApiErrorKind::kKeyRevoked>}};
constexpr FaultVariant kPermissionDenied[] = {
    {"no_access", 1, "permission_denied", kOther, TurnedDown<ApiErrorKind::kNoAccess>},
    {"region", 1, "permission_denied", kOther, TurnedDown<ApiErrorKind::kRegion>}};
constexpr FaultVariant kInvalidModel[] = {
    {"unknown", 1, "invalid_model", kOther, TurnedDown<ApiErrorKind::kUnknownModel>},
    {"retired", 1, "invalid_model", kOther, TurnedDown<ApiErrorKind::kRetiredModel>}};
constexpr FaultVariant kContextLength[] = {
    {"too_long", 1, "context_length_exceeded", kUnchangedNever,
     TurnedDown<ApiErrorKind::kContextLength>},
    {"payload_too_large", 1, "context_length_exceeded", kUnchangedNever,
     TurnedDown<ApiErrorKind::kPayloadTooLarge>}};
constexpr FaultVariant kInvalidRequest[] = {
    {"unknown_parameter", 1, "invalid_request", kUnchangedNever,
     TurnedDown<ApiErrorKind::kUnknownParameter>},
    {"unsupported_value", 1, "invalid_request", kUnchangedNever,
     TurnedDown<ApiErrorKind::kUnsupportedValue>}};
constexpr FaultVariant kStreamShape[] = {{"split_character", 1, "ok", "none", SplitCharacter},
                                         {"split_events", 1, "ok", "none", SplitEvents},
                                         {"merged_events", 1, "ok", "none", MergedEvents},
                                         {"crlf", 1, "ok", "none", CrLf},
                                         {"cr", 1, "ok", "none", LoneCr},
                                         {"byte_order_mark", 1, "ok", "none", ByteOrderMark},
                                         {"multi_line_data", 1, "ok", "none", MultiLineData},
                                         {"no_space", 1, "ok", "none", NoSpace},
                                         {"comments", 1, "ok", "none", Comments},
                                         {"no_done", 1, "ok", "none", NoDone},
                                         {"no_usage", 1, "ok", "none", NoUsage},
                                         {"json_instead", 1, "ok", "none", JsonInstead}};

constexpr FaultRow kFaultTable[] = {
    {"timeout", "The reply never comes.", false, kTimeout},
    {"slow", "The reply is good but takes several times as long.", true, kSlow, true},
    {"rate_limit", "429, with or without a hint how long to wait, which may be wrong.", false,
     kRateLimit},
    {"empty_body", "200 without a single byte of body.", false, kEmptyBody},
    {"empty_content", "200 with an answer that has no text.", false, kEmptyContent},
    {"schema_drift", "200 with an answer that breaks the contract asked for.", false, kSchemaDrift},
    {"malformed_json", "200 with an envelope that is not JSON.", false, kMalformedJson},
    {"truncated", "The answer or its connection ends early.", false, kTruncated},
    {"server_error", "500, 502, 503, 504, 408, 409 or 529, or an error after the 200.", false,
     kServerError},
    {"connection_reset", "The connection is reset.", false, kConnectionReset},
    {"silent_degradation", "200, well formed, and wrong.", false, kSilentDegradation},
    {"quota_exhausted", "429 or 402 that no waiting cures.", false, kQuotaExhausted},
    {"refusal", "The model or a filter declines the request.", false, kRefusalVariants},
    {"auth_failure", "The key is revoked: 401, or what the vendor has for it.", false,
     kAuthFailure},
    {"permission_denied", "The key is good and may not do this, or not here.", false,
     kPermissionDenied},
    {"invalid_model", "The model does not exist or has been retired.", false, kInvalidModel},
    {"context_length_exceeded", "The request is longer than what fits.", false, kContextLength},
    {"invalid_request", "A parameter or value that is not taken.", false, kInvalidRequest},
    {"stream_shape", "The reply is good, in an unusual form that readers must cope with.", true,
     kStreamShape},
};

}  // namespace

std::span<const FaultRow> FaultTable() { return kFaultTable; }

}  // namespace squall

# Deliberate bugs, one per row. For each, ctest builds the mutated source with the named tests and
# passes only if those tests notice: a mutant that survives is a claim that no test checks.
#
#   squall_mutant(
#     NAME    breaker_never_opens                 # ctest entry mutant/breaker_never_opens
#     FILE    engine/policy/breaker.cc            # a .cc of a layer
#     FIND    [[calls >= config_.minimum_calls]]  # text that occurs exactly once in FILE
#     REPLACE [[calls < 0]]                       # what stands there instead
#     TEST    tests/engine/policy/breaker_test.cc # the test source that must notice
#     FILTER  "breaker: *")                       # its Catch2 test cases, by name or [tag]
#
# FIND and REPLACE may span lines. When a row's FIND no longer matches, configuring stops and says so.

set(breaker_test tests/engine/policy/breaker_test.cc)
squall_mutant(
  NAME    breaker_late_success_closes
  FILE    engine/policy/breaker.cc
  FIND    [[if (!config_.enabled || permit.generation != generation_) return;]]
  REPLACE [[if (!config_.enabled) return;
  if (permit.generation != generation_ && outcome == CallOutcome::kSuccess) {
    state_ = BreakerState::kClosed;
    return;
  }]]
  TEST    ${breaker_test}
  FILTER  "breaker: a late success while open does not close it")
squall_mutant(
  NAME    breaker_without_probe_lease
  FILE    engine/policy/breaker.cc
  FIND    [[SaturatingAdd(now, config_.probe_lease)]]
  REPLACE [[kNever]]
  TEST    ${breaker_test}
  FILTER  "breaker: the lease of a probe that is never reported expires")
squall_mutant(
  NAME    breaker_counts_neutral_outcomes
  FILE    engine/policy/breaker.cc
  FIND    [[if (outcome == CallOutcome::kNeutral) return;
  const bool failure]]
  REPLACE [[const bool failure]]
  TEST    ${breaker_test}
  FILTER  "breaker: neutral outcomes move nothing")
squall_mutant(
  NAME    breaker_many_probes
  FILE    engine/policy/breaker.cc
  FIND    [[return std::max(now, probes_[EarliestProbe()].expires);]]
  REPLACE [[return now;]]
  TEST    ${breaker_test}
  FILTER  "breaker: half-open lets one probe through at a time")
squall_mutant(
  NAME    breaker_window_never_slides
  FILE    engine/policy/outcome_window.cc
  FIND    [[if (bucket.epoch < oldest) continue;]]
  REPLACE [[if (bucket.epoch < 0 && oldest < 0) continue;]]
  TEST    ${breaker_test}
  FILTER  "breaker: failures leave the window as it slides")
set(breaker_kinds_test tests/engine/policy/breaker_kinds_test.cc)
squall_mutant(
  NAME    breaker_extension_takes_the_newer_deadline
  FILE    engine/policy/breaker.cc
  FIND    [[open ? std::max(open_until_, until) : until]]
  REPLACE [[open ? until : until]]
  TEST    ${breaker_kinds_test}
  FILTER  "breaker: trap: of two deadlines the later holds*")
squall_mutant(
  NAME    breaker_closes_without_ramp
  FILE    engine/policy/breaker.cc
  FIND    [[full_at_ = SaturatingAdd(now, config_.ramp);]]
  REPLACE [[full_at_ = now;]]
  TEST    ${breaker_kinds_test}
  FILTER  "breaker: trap: what closes does not take all traffic at once")
squall_mutant(
  NAME    breaker_neutral_breaks_a_row
  FILE    engine/policy/breaker.cc
  FIND    [[if (outcome == CallOutcome::kNeutral) return;
  const bool failure]]
  REPLACE [[if (outcome == CallOutcome::kNeutral) {
    row_ = 0;
    return;
  }
  const bool failure]]
  TEST    ${breaker_kinds_test}
  FILTER  "breaker: trap: a neutral outcome does not break a row of failures")
squall_mutant(
  NAME    breaker_slow_probe_closes
  FILE    engine/policy/breaker.cc
  FIND    [[if (outcome == CallOutcome::kFailure || slow) {]]
  REPLACE [[if (outcome == CallOutcome::kFailure) {]]
  TEST    ${breaker_kinds_test}
  FILTER  "breaker: a slow probe does not close it")
squall_mutant(
  NAME    breaker_keeps_failures_over_a_period
  FILE    engine/policy/breaker.cc
  FIND    [[window_.Clear();]]
  REPLACE [[]]
  TEST    tests/engine/policy/breaker_model_test.cc
  FILTER  "breaker: agrees with a model*")
squall_mutant(
  NAME    budget_without_floor
  FILE    engine/policy/retry_budget.cc
  FIND    [[+ config_.floor_per_s * Seconds(config_.window)]]
  REPLACE [[]]
  TEST    tests/engine/policy/retry_budget_test.cc
  FILTER  "retry budget: the floor allows retries at low traffic")
squall_mutant(
  NAME    budget_takes_from_one_scope_when_refused
  FILE    engine/policy/recovery_budget.cc
  FIND    [[if (!Allows(now, extra)) return false;
  overall_.Withdraw(now, extra.load, extra.trigger);]]
  REPLACE [[if (!overall_.Withdraw(now, extra.load, extra.trigger)) return false;
  if (extra.again && !providers_[extra.provider].Allows(now, extra.load, extra.trigger)) {
    return false;
  }]]
  TEST    tests/engine/policy/retry_budget_kinds_test.cc
  FILTER  "recovery budget: a failing provider's own share ends first*")
squall_mutant(
  NAME    budget_bucket_pays_success_twice
  FILE    engine/policy/retry_budget.cc
  FIND    [[(refunds ? Cost(end.trigger) : config_.success_gain) * used]]
  REPLACE [[((refunds ? Cost(end.trigger) : 0) + config_.success_gain) * used]]
  TEST    tests/engine/policy/retry_budget_kinds_test.cc
  FILTER  "retry budget: AWS standard mode gives back what a successful retry cost")
squall_mutant(
  NAME    budget_retries_at_half
  FILE    engine/policy/retry_budget.cc
  FIND    [[bucket_ <= config_.retry_above * config_.capacity]]
  REPLACE [[bucket_ < config_.retry_above * config_.capacity]]
  TEST    tests/engine/policy/retry_budget_kinds_test.cc
  FILTER  "retry budget: gRPC allows retries only above half of its tokens")
squall_mutant(
  NAME    conversation_reserves_nothing
  FILE    engine/policy/conversation_limits.cc
  FIND    [[entry->spent.usd += attempt.usd;]]
  REPLACE [[]]
  TEST    tests/engine/policy/admission_test.cc
  FILTER  "conversation limits: trap: turns side by side cannot overdraw together")
squall_mutant(
  NAME    conversation_forgets_the_newest
  FILE    engine/policy/conversation_limits.cc
  FIND    [[const uint32_t place = oldest_;]]
  REPLACE [[const uint32_t place = newest_;]]
  TEST    tests/engine/policy/admission_test.cc
  FILTER  "conversation limits: the conversation used longest ago*")
squall_mutant(
  NAME    jitter_clamps_after_the_draw
  FILE    engine/policy/backoff.cc
  FIND    [[return Window(d.config, d.past.retry, d.cap) * d.u;]]
  REPLACE [[return std::min(4 * Window(d.config, d.past.retry, d.cap) * d.u,
                            Nanos(d.config.cap) - 1);]]
  TEST    tests/engine/policy/backoff_test.cc
  FILTER  "backoff: full jitter carries no mass at the cap")
squall_mutant(
  NAME    backoff_smooth_overflows_its_cap
  FILE    engine/policy/backoff.cc
  FIND    [[widest > d.cap ? d.cap / widest : 1]]
  REPLACE [[1]]
  TEST    tests/engine/policy/backoff_test.cc
  FILTER  "backoff: every wait lies between zero and the cap plus its upward jitter")
squall_mutant(
  NAME    backoff_of_a_far_retry_is_no_number
  FILE    engine/policy/backoff.cc
  FIND    [[constexpr double kNoCap = 1e30;]]
  REPLACE [[constexpr double kNoCap = __builtin_inf();]]
  TEST    tests/engine/policy/backoff_test.cc
  FILTER  "backoff: a retry beyond counting waits for the cap*")
squall_mutant(
  NAME    backoff_rising_ends_on_the_cap
  FILE    engine/policy/backoff.cc
  FIND    [[std::min(d.previous(), d.cap / d.config.multiplier)]]
  REPLACE [[std::min(d.previous(), d.cap)]]
  TEST    tests/engine/policy/backoff_test.cc
  FILTER  "backoff: trap: no kind gathers its waits on the cap")
squall_mutant(
  NAME    hint_is_truncated
  FILE    engine/policy/backoff.cc
  FIND    [[return hint + Duration(]]
  REPLACE [[return hint / 2 + Duration(]]
  TEST    tests/engine/policy/backoff_test.cc
  FILTER  "backoff: a server's hint is a minimum*")

set(engine_test tests/engine/engine_test.cc)
squall_mutant(
  NAME    engine_ignores_budget
  FILE    engine/strategies.cc
  FIND    [[if (strategy.sends && !in.admission.AllowsExtra(*step, in.call, in.now)) {]]
  REPLACE [[if (strategy.sends && over_budget == nullptr) {]]
  TEST    ${engine_test}
  FILTER  "engine: when the retry budget is used up*")
squall_mutant(
  NAME    engine_ignores_retry_after
  FILE    engine/strategies.cc
  FIND    [[if (config.obey_retry_after && last.retry_after.has_value()) {]]
  REPLACE [[if (config.obey_retry_after && last.retry_after.has_value() && in.u < 0) {]]
  TEST    ${engine_test}
  FILTER  "engine: a Retry-After is waited for in full")
squall_mutant(
  NAME    engine_skips_guard
  FILE    engine/engine.cc
  FIND    [[if (!diagnosis.ok() || reading.body.has_tool_calls) return diagnosis;]]
  REPLACE [[if (!diagnosis.ok() || reading.body.has_tool_calls || asked.schema != nullptr) return diagnosis;]]
  TEST    ${engine_test}
  FILTER  "engine: an answer that breaks the schema*")
squall_mutant(
  NAME    engine_rate_limit_opens_breaker
  FILE    engine/admission_settle.cc
  FIND    [[case FailureClass::kRateLimit:
    case FailureClass::kQuotaExhausted:]]
  REPLACE [[case FailureClass::kRateLimit: return CallOutcome::kFailure;
    case FailureClass::kQuotaExhausted:]]
  TEST    ${engine_test}
  FILTER  "engine: rate limits do not open the breaker")
squall_mutant(
  NAME    engine_retries_what_is_final
  FILE    engine/strategies.cc
  FIND    [[if (!WorthRepeating(last.diagnosis)) return std::nullopt;]]
  REPLACE [[]]
  TEST    ${engine_test}
  FILTER  "engine: a failure that another attempt cannot cure ends the call")

squall_mutant(
  NAME    engine_repeats_take_the_reserve
  FILE    engine/strategies.cc
  FIND    [[if (!in.call.Tried(provider)) return true;]]
  REPLACE [[return true;]]
  TEST    tests/engine/traps_test.cc
  FILTER  "trap: repeats at a provider that hangs*")

squall_mutant(
  NAME    sse_splits_crlf
  FILE    engine/wire/sse.cc
  FIND    [[if (after_cr_ && bytes[at] == '\n') {]]
  REPLACE [[if (after_cr_ && at > 0 && bytes[at] == '\n') {]]
  TEST    tests/engine/wire/sse_test.cc
  FILTER  "sse: the same bytes give the same events*")
set(stream_decoder_test tests/engine/wire/stream_decoder_test.cc)
squall_mutant(
  NAME    stream_takes_pings_for_progress
  FILE    engine/wire/stream_decoder.cc
  FIND    [[if (state_.keep_alives() > keep_alives) --events_;]]
  REPLACE [[static_cast<void>(keep_alives);]]
  TEST    ${stream_decoder_test}
  FILTER  "streams: pings alone are no sign of progress")
squall_mutant(
  NAME    stream_takes_any_eof_for_an_end
  FILE    engine/wire/stream_decoder.cc
  FIND    [[if (state_.terminal()) return StreamEnd::kComplete;]]
  REPLACE [[if (state_.terminal() || how == TransportError::kNone) return StreamEnd::kComplete;]]
  TEST    ${stream_decoder_test}
  FILTER  "streams: each way to end is told apart")
squall_mutant(
  NAME    gemini_last_quota_wins
  FILE    engine/wire/gemini.cc
  FIND    [[if (!id.empty() && !daily)]]
  REPLACE [[if (!id.empty() || daily)]]
  TEST    tests/engine/wire/dialect_bodies_test.cc
  FILTER  "dialects: error envelopes*")
squall_mutant(
  NAME    anthropic_forgets_cached_tokens
  FILE    engine/wire/anthropic.cc
  FIND    [[JsonCount(usage, "input_tokens") + out.cached_tokens + out.cache_write_tokens]]
  REPLACE [[JsonCount(usage, "input_tokens")]]
  TEST    tests/engine/wire/dialect_bodies_test.cc
  FILTER  "dialects: tokens mean the same*")
squall_mutant(
  NAME    stream_watch_judges_a_filling_bucket
  FILE    engine/policy/stream_watch.cc
  FIND    [[epoch < kBuckets) return false;]]
  REPLACE [[epoch < 0) return false;]]
  TEST    tests/engine/policy/stream_watch_test.cc
  FILTER  "stream watch: the rate is not judged*")

set(engine_streams_test tests/engine/engine_streams_test.cc)
squall_mutant(
  NAME    stream_replaced_behind_the_callers_back
  FILE    engine/plan.cc
  FIND    [[if (in.call.committed && binding) return Stop("committed");]]
  REPLACE [[static_cast<void>(binding);]]
  TEST    ${engine_streams_test}
  FILTER  "stream: once the caller holds a piece*")
squall_mutant(
  NAME    stream_restart_not_announced
  FILE    engine/engine.cc
  FIND    [[caller->OnRestart(call->LastSent()->diagnosis.rule);]]
  REPLACE [[]]
  TEST    ${engine_streams_test}
  FILTER  "stream: or the caller is told*")
squall_mutant(
  NAME    stream_stall_never_noticed
  FILE    engine/live_reply.cc
  FIND    [[return form_ == Form::kWhole ? kNever : watch_.GiveUpAt();]]
  REPLACE [[return kNever;]]
  TEST    ${engine_streams_test}
  FILTER  "stream: a stall is noticed by the clock that it breaks")
squall_mutant(
  NAME    stream_keep_alives_count_as_progress
  FILE    engine/live_reply.cc
  FIND    [[if (decoder_.state().deltas() > deltas) {]]
  REPLACE [[if (decoder_.state().deltas() >= deltas) {]]
  TEST    ${engine_streams_test}
  FILTER  "stream: a stall is noticed by the clock that it breaks")

set(request_reader_test tests/engine/wire/request_reader_test.cc)
squall_mutant(
  NAME    reader_takes_two_lengths
  FILE    engine/wire/request_reader.cc
  FIND    [[has_length_ || !ParseNumber(value, 10, &left_)]]
  REPLACE [[!ParseNumber(value, 10, &left_)]]
  TEST    ${request_reader_test}
  FILTER  "request reader: nothing is read that two readers*")
squall_mutant(
  NAME    reader_searches_a_moved_buffer_too_late
  FILE    engine/wire/request_reader.cc
  FIND    [[searched_ -= std::min(searched_, begin_);]]
  REPLACE [[]]
  TEST    ${request_reader_test}
  FILTER  "request reader: requests*")
squall_mutant(
  NAME    session_is_never_late
  FILE    mock_providers/http_session.cc
  FIND    [[sweeps_left_ = time / server_.sweep_interval + 2;]]
  REPLACE [[sweeps_left_ = 0 * time.count();]]
  TEST    tests/mock_providers/http_abuse_wire_test.cc
  FILTER  "a client by drops*")
squall_mutant(
  NAME    truth_keeps_every_arrival
  FILE    mock_providers/ground_truth.cc
  FIND    [[if (arrivals.size() < kMaxArrivals) ]]
  REPLACE [[]]
  TEST    tests/mock_providers/ground_truth_test.cc
  FILTER  "ground truth: a request that arrives for ever*")
squall_mutant(
  NAME    faults_are_pinned_for_all_lives
  FILE    mock_providers/fault_draw.cc
  FIND    [[if (arrival >= kLife) request = Mix(request ^ arrival / kLife);]]
  REPLACE [[]]
  TEST    tests/mock_providers/fault_draw_test.cc
  FILTER  "fault draw: a request that never stops arriving*")

set(quota_test tests/mock_providers/quota_laws_test.cc)
squall_mutant(
  NAME    quota_forgives_small_requests
  FILE    mock_providers/quota.cc
  FIND    [[used_ = UsedAt(now) + static_cast<double>(amount);]]
  REPLACE [[used_ = std::min(UsedAt(now) + static_cast<double>(amount), static_cast<double>(limit_));]]
  TEST    ${quota_test}
  FILTER  "quota: no window holds more than one burst and what is refilled")
squall_mutant(
  NAME    quota_hint_of_before_the_charge
  FILE    mock_providers/quota.cc
  FIND    [[if (after.wait > verdict.wait) verdict = after;]]
  REPLACE [[]]
  TEST    ${quota_test}
  FILTER  "quota: what a refusal itself uses up is in the wait that it tells")

set(engine_hedges_test tests/engine/engine_hedges_test.cc)
squall_mutant(
  NAME    hedge_loser_runs_on
  FILE    engine/hedge.cc
  FIND    [[if (decided && other != nullptr) other->stop.request_stop();]]
  REPLACE [[static_cast<void>(decided && other != nullptr);]]
  TEST    ${engine_hedges_test}
  FILTER  "hedge: a late attempt gets company*")
squall_mutant(
  NAME    hedge_costs_no_budget
  FILE    engine/admission.cc
  FIND    [[grant->extra = call.sent() > 0 || call.in_flight > 0;]]
  REPLACE [[grant->extra = call.sent() > 0;]]
  TEST    ${engine_hedges_test}
  FILTER  "hedge: none without budget*")

set(knowledge_test tests/engine/knowledge_test.cc)
squall_mutant(
  NAME    knowledge_weight_without_a_cap
  FILE    engine/knowledge.cc
  FIND    [[past > room ?]]
  REPLACE [[past > room && past < 0 ?]]
  TEST    ${knowledge_test}
  FILTER  "knowledge: any rule is silent after the stated number*")
squall_mutant(
  NAME    knowledge_without_hysteresis
  FILE    engine/knowledge.cc
  FIND    [[rule->speaks ? rule->mean() >= config_.silent_below : sure]]
  REPLACE [[sure]]
  TEST    ${knowledge_test}
  FILTER  "knowledge: alternating outcomes do not make a rule flap")
squall_mutant(
  NAME    knowledge_general_overrules_specific
  FILE    engine/knowledge.cc
  FIND    [[if (rule.weight() >= (rule.speaks ? enough / 2 : enough)) return rule;]]
  REPLACE [[if (rule.speaks && rule.weight() >= enough / 2) return rule;]]
  TEST    ${knowledge_test}
  FILTER  "knowledge: what is not known there*")
squall_mutant(
  NAME    knowledge_explores_with_all_requests
  FILE    engine/strategies.cc
  FIND    [[in.call.repeatable && in.knowledge.Explores(]]
  REPLACE [[in.knowledge.Explores(]]
  TEST    tests/engine/engine_knowledge_test.cc
  FILTER  "engine: never explores with a request*")
squall_mutant(
  NAME    knowledge_hedges_count_as_lessons
  FILE    engine/knowledge.cc
  FIND    [[if (!answers || failed->ended > newest.started) return std::nullopt;]]
  REPLACE [[if (!answers) return std::nullopt;]]
  TEST    ${knowledge_test}
  FILTER  "knowledge: hedges*")

squall_mutant(
  NAME    admission_waiters_sleep_on
  FILE    engine/admission_settle.cc
  FIND    [[WakeFirst(lane.paced);]]
  REPLACE [[]]
  TEST    tests/engine/admission_limiter_test.cc
  FILTER  "limiter: what an answer did not use*")
squall_mutant(
  NAME    admission_waits_until_it_is_too_late
  FILE    engine/admission.cc
  FIND    [[std::min(SaturatingAdd(now, config_.limiter.max_wait),
                                 LatestStart(config_.deadline, call.deadline));]]
  REPLACE [[std::min(SaturatingAdd(now, config_.limiter.max_wait), call.deadline);]]
  TEST    tests/engine/admission_limiter_test.cc
  FILTER  "limiter: whose turn comes too late*")
squall_mutant(
  NAME    bulkhead_loses_the_leavers_place
  FILE    engine/admission.cc
  FIND    [[FreePlace(*grant, LoadSignal::kIgnored, now);]]
  REPLACE [[]]
  TEST    tests/engine/admission_concurrency_test.cc
  FILTER  "bulkhead: a waiter that leaves*")
squall_mutant(
  NAME    bulkhead_lets_newcomers_pass
  FILE    engine/admission.cc
  FIND    [[    next.place = lane.concurrency.Acquire(now);
    if (!next.place.has_value()) return;
    lane.queue.pop_front();]]
  REPLACE [[    lane.queue.pop_front();]]
  TEST    tests/engine/admission_concurrency_test.cc
  FILTER  "bulkhead: who comes as a place is handed over*")
squall_mutant(
  NAME    engine_forgets_other_models
  FILE    engine/strategies.cc
  FIND    [[for (const bool others : {false, true}) {]]
  REPLACE [[for (const bool others : {false}) {]]
  TEST    tests/engine/admission_breakers_test.cc
  FILTER  "breakers: a model that is down*")
squall_mutant(
  NAME    breaker_of_a_key_hears_of_servers
  FILE    engine/admission_settle.cc
  FIND    [[outcomes{provider, provider, provider, KeyOutcome(diagnosis)};]]
  REPLACE [[outcomes{provider, provider, provider, provider};]]
  TEST    tests/engine/admission_breakers_test.cc
  FILTER  "breakers: a revoked key*")
squall_mutant(
  NAME    breaker_scopes_take_before_all_admit
  FILE    engine/policy/breaker_scopes.cc
  FIND    [[if (!Admits(target, now, u)) return std::nullopt;
  Permit permit;
  permit.held = true;]]
  REPLACE [[const bool all = Admits(target, now, u);
  Permit permit;
  permit.held = true;
  if (!all) {
    ForEach(target, [&](size_t, Breaker& breaker) { breaker.Acquire(now, u); });
    return std::nullopt;
  }]]
  TEST    tests/engine/policy/breaker_scopes_test.cc
  FILTER  "breaker scopes: none is left with a permit*")
squall_mutant(
  NAME    quality_counts_what_brought_no_answer
  FILE    engine/admission_settle.cc
  FIND    [[case FailureClass::kEmptyResponse:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic: return CallOutcome::kFailure;
    default: return CallOutcome::kNeutral;]]
  REPLACE [[default: return CallOutcome::kFailure;]]
  TEST    tests/engine/admission_breakers_test.cc
  FILTER  "quality: what brings no answer*")
squall_mutant(
  NAME    engine_asks_whom_it_cannot_afford
  FILE    engine/strategies.cc
  FIND    [[if (!Affordable(in, target)) return Bar::kMoney;]]
  REPLACE [[]]
  TEST    tests/engine/admission_money_test.cc
  FILTER  "request: its attempts together*")
squall_mutant(
  NAME    budget_of_one_provider_stops_all
  FILE    engine/strategies.cc
  FIND    [[*over_budget = in.admission.BudgetAgainst(*step, in.call, in.now);
        continue;]]
  REPLACE [[*over_budget = in.admission.BudgetAgainst(*step, in.call, in.now);
        return std::nullopt;]]
  TEST    tests/engine/admission_money_test.cc
  FILTER  "budget: a failing provider's own*")
squall_mutant(
  NAME    engine_takes_any_thread
  FILE    engine/engine.cc
  FIND    [[thread_.Check();]]
  REPLACE [[]]
  TEST    tests/engine/engine_thread_test.cc
  FILTER  "engine: a call from a second thread*")
set(patch_test tests/engine/patch_test.cc)
squall_mutant(
  NAME    patch_cuts_what_is_around_the_context
  FILE    engine/patch.cc
  FIND    [[Span from = LongestParagraph(*text);]]
  REPLACE [[Span from{0, text->size()};]]
  TEST    ${patch_test}
  FILTER  "patch: where a prompt has a long passage*")
squall_mutant(
  NAME    patch_follows_the_request_to_any_model
  FILE    engine/patch.cc
  FIND    [[if (target == call.patched || call.patch == Patch()) return call.patch;]]
  REPLACE [[if (target.provider < 99) return call.patch;]]
  TEST    ${patch_test}
  FILTER  "patch: another model gets*")
squall_mutant(
  NAME    patch_cuts_a_prompt_that_fits
  FILE    engine/diagnose_evidence.cc
  FIND    [[const bool fits = counts.prompt < counts.window;]]
  REPLACE [[const bool fits = false;]]
  TEST    tests/engine/diagnose_wordings_test.cc
  FILTER  "diagnose: which part of a request is too long")
set(cures_test tests/engine/cures_test.cc)
squall_mutant(
  NAME    repair_closes_lists
  FILE    engine/engine.cc
  FIND    [[repair->invented.find(']') == std::string::npos]]
  REPLACE [[true]]
  TEST    ${cures_test}
  FILTER  "repair: a text that was cut within a value*")
squall_mutant(
  NAME    repair_needs_an_attempt
  FILE    engine/strategies.cc
  FIND    [[(strategy.sends && !may_send)]]
  REPLACE [[!may_send]]
  TEST    ${cures_test}
  FILTER  "repair: needs no attempt*")
set(opinions_test tests/engine/opinions_test.cc)
squall_mutant(
  NAME    opinions_heard_after_the_stream
  FILE    engine/engine.cc
  FIND    [[config.hold_until_valid = true;]]
  REPLACE [[]]
  TEST    ${opinions_test}
  FILTER  "equivalence: a caller who streams sees nothing*")
squall_mutant(
  NAME    opinions_judge_counts_as_tried
  FILE    engine/plan.cc
  FIND    [[attempt.provider == provider && !judged]]
  REPLACE [[attempt.provider == provider]]
  TEST    ${opinions_test}
  FILTER  "judge: an answer that it finds wrong*")
squall_mutant(
  NAME    opinions_disagreement_is_returned
  FILE    engine/verify.cc
  FIND    [[if (call->opinions.size() > 1) {]]
  REPLACE [[if (call->opinions.size() > 9) {]]
  TEST    ${opinions_test}
  FILTER  "equivalence: of three answers*")
squall_mutant(
  NAME    metrics_credit_the_last_attempt
  FILE    reports/metrics.cc
  FIND    [[CountRecovery(outcome.answered_by, 1)]]
  REPLACE [[CountRecovery(outcome.attempts.back().strategy, 1)]]
  TEST    tests/reports/metrics_test.cc
  FILTER  "a recovery is the strategy's*")
set(threshold_test tests/reports/threshold_test.cc)
squall_mutant(
  NAME    threshold_passes_on_its_value
  FILE    reports/threshold.cc
  FIND    [[holds(out.figure.ci95->low) && holds(out.figure.ci95->high)]]
  REPLACE [[holds(*out.figure.value)]]
  TEST    ${threshold_test}
  FILTER  "all of the interval decides*")
squall_mutant(
  NAME    threshold_of_nothing_passes
  FILE    reports/threshold.cc
  FIND    [[if (!out.figure.value) {]]
  REPLACE [[if (!out.figure.value) { out.verdict = GateVerdict::kPass;]]
  TEST    ${threshold_test}
  FILTER  "of nothing there is no pass")
set(send_rate_test tests/engine/policy/send_rate_test.cc)
squall_mutant(
  NAME    send_rate_outgrows_what_is_sent
  FILE    engine/policy/send_rate.cc
  FIND    [[std::min(cubic, config_.most_over_measured * measured_)]]
  REPLACE [[cubic]]
  TEST    ${send_rate_test}
  FILTER  "send rate: it is never more than twice*")
squall_mutant(
  NAME    send_rate_takes_throttles_for_more_than_was_sent
  FILE    engine/policy/send_rate.cc
  FIND    [[w_max_ = on_ ? std::min(measured_, per_s()) : measured_;]]
  REPLACE [[w_max_ = on_ ? per_s() : measured_;]]
  TEST    ${send_rate_test}
  FILTER  "send rate: a throttle while it is on*")
set(compare_test tests/reports/compare_test.cc)
squall_mutant(
  NAME    compare_without_noise_band
  FILE    reports/compare_rules.cc
  FIND    [[MetricUnit::kShare ? noise : noise * base;]]
  REPLACE [[MetricUnit::kShare ? 0 : 0 * base;]]
  TEST    ${compare_test}
  FILTER  "a change that the noise band swallows*")
squall_mutant(
  NAME    compare_draws_sides_apart
  FILE    reports/compare_bootstrap.cc
  FIND    [[sums[side].Add(sides[side].sums[b], times[b])]]
  REPLACE [[sums[side].Add(sides[side].sums[b], times[side == 0 ? b : times.size() - 1 - b])]]
  TEST    ${compare_test}
  FILTER  "both runs are drawn*")
squall_mutant(
  NAME    result_reader_skips_the_schema
  FILE    reports/result_reader.cc
  FIND    [[if (!schema.ok()) return schema;
  stored]]
  REPLACE [[stored]]
  TEST    tests/reports/result_reader_test.cc
  FILTER  "a corrupt file is refused*")
squall_mutant(
  NAME    requests_forget_replications
  FILE    reports/requests_table.cc
  FIND    [[row.action = actions[row.action];]]
  REPLACE [[]]
  TEST    tests/reports/requests_table_test.cc
  FILTER  "appending keeps names*")
set(record_test tests/engine/gateway/record_test.cc)
squall_mutant(
  NAME    record_takes_any_lock_token
  FILE    engine/gateway/record_statements.cc
  FIND    [[WHERE id = $1 AND token = $2 AND]]
  REPLACE [[WHERE id = $1 AND $2 = $2 AND]]
  TEST    ${record_test}
  FILTER  "record: random calls agree with a model*")
squall_mutant(
  NAME    record_keeps_the_token_of_a_claim
  FILE    engine/gateway/record_statements.cc
  FIND    [[SET status = 'processing', token = token + 1,]]
  REPLACE [[SET status = 'processing', token = token + 0,]]
  TEST    ${record_test}
  FILTER  "record: every claim holds in memory")
squall_mutant(
  NAME    record_forgets_attempts_on_the_wire
  FILE    engine/gateway/record_tables.cc
  FIND    [[if (row.Text(1) == Name(RequestStatus::kProcessing)) {]]
  REPLACE [[if (row.Text(1) == Name(RequestStatus::kFailed)) {]]
  TEST    ${record_test}
  FILTER  "record: every claim holds in memory")
squall_mutant(
  NAME    record_takes_any_body_for_a_key
  FILE    engine/gateway/record_tables.cc
  FIND    [[row.Text(sql::kRequestColumns + 1) == request.body_hash &&]]
  REPLACE [[]]
  TEST    ${record_test}
  FILTER  "record: every claim holds in memory")
squall_mutant(
  NAME    record_group_goes_on_after_an_error
  FILE    engine/gateway/record_tables.cc
  FIND    [[if (!IsOwnError(status)) group_->error = status;]]
  REPLACE [[]]
  TEST    tests/engine/gateway/record_sqlite_test.cc
  FILTER  "record sqlite: a group with one that does not fit*")
squall_mutant(
  NAME    record_full_to_the_last_page
  FILE    engine/gateway/record_sqlite.cc
  FIND    [[pages_max_ - pages_max_ / 10]]
  REPLACE [[pages_max_ + 1]]
  TEST    tests/engine/gateway/record_sqlite_test.cc
  FILTER  "record sqlite: full means no new requests*")
squall_mutant(
  NAME    record_answers_before_the_commit
  FILE    engine/gateway/record_queue.cc
  FIND    [[if (status.ok()) {
      for (QueuedOperation& each : batch) each.done(status);
      return;
    }]]
  REPLACE [[for (QueuedOperation& each : batch) each.done(absl::OkStatus());
    return;]]
  TEST    tests/engine/gateway/record_queue_wire_test.cc
  FILTER  "record queue: one that cannot be done*")

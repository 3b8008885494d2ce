#include "engine/diagnose_stream.h"

#include "engine/diagnose_transport.h"

namespace squall {
namespace {

// The transport broke, or we gave up: nothing in the stream says more than that.
Diagnosis OfBreak(const Observation& seen, Stall stall) {
  Diagnosis d = OfTransport(seen.error, seen.status);
  switch (stall) {
    case Stall::kNone: break;
    case Stall::kFirstPiece: d.rule = "stream.first_piece_timeout"; break;
    case Stall::kBetween: d.rule = "stream.idle_timeout"; break;
    case Stall::kTooSlow: d.rule = "stream.too_slow"; break;
  }
  return d;
}

Diagnosis Unfinished(std::string_view rule) {
  Diagnosis d = OfTransport(TransportError::kCut, 200);
  d.rule = rule;
  return d;
}

Diagnosis OfComplete(const Observation& whole, const StreamReading& stream) {
  if (stream.disordered) {
    return AnswerFault(FailureClass::kMalformedResponse, "stream.disordered_events");
  }
  const Diagnosis d = Diagnose(whole);
  if (!d.ok() || !stream.broken_arguments) return d;
  return AnswerFault(FailureClass::kMalformedResponse, "tool.arguments_not_json");
}

}  // namespace

Diagnosis DiagnoseStream(const Observation& seen, const StreamReading& stream) {
  const bool broken = seen.error != TransportError::kNone;
  Observation whole = seen;
  whole.error = TransportError::kNone;
  whole.body = &stream.body;
  whole.bytes = stream.error_bytes;
  switch (stream.end) {
    case StreamEnd::kError: return Diagnose(whole);
    case StreamEnd::kComplete: return OfComplete(whole, stream);
    case StreamEnd::kMalformed:
      return AnswerFault(FailureClass::kMalformedResponse, "stream.broken_event");
    case StreamEnd::kCutBeforeContent:
    case StreamEnd::kCutAfterContent: return OfBreak(seen, stream.stall);
    case StreamEnd::kOnlyKeepAlives:
    case StreamEnd::kEmpty:
      return broken ? OfBreak(seen, stream.stall)
                    : AnswerFault(FailureClass::kEmptyResponse, "stream.no_content");
    case StreamEnd::kSilentEof:
      // The answer said that it ended; that the stream did not say so again does no harm.
      if (stream.body.finish != Finish::kAbsent) return OfComplete(whole, stream);
      return stream.begun ? Unfinished("stream.no_terminal_event")
                          : AnswerFault(FailureClass::kEmptyResponse, "stream.no_content");
  }
  return Diagnosis();
}

}  // namespace squall

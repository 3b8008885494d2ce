#include "bench/control_metrics.h"

#include <string_view>

#include "mock_providers/faults.h"

namespace squall {
namespace {

std::string Label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

class Exposition {
 public:
  void Begin(const std::string& name, const std::string& type, const std::string& help) {
    name_ = name;
    text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  // `labels` as they stand between the braces.
  void Add(const std::string& labels, int64_t value) {
    const std::string braces = labels.empty() ? "" : "{" + labels + "}";
    text_ += name_ + braces + " " + std::to_string(value) + "\n";
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::string Pair(const std::string& name, std::string_view value) {
  return name + "=\"" + Label(value) + "\"";
}

void AddRequests(const ServedMocks& mocks, Exposition* out) {
  out->Begin("squall_requests_total", "counter",
             "Requests by provider and status of the reply; none: the client sees no status.");
  for (size_t i = 0; i < mocks.size(); ++i) {
    for (const auto& [status, count] : mocks.replies(i)) {
      const std::string text = status > 0 ? std::to_string(status) : "none";
      out->Add(Pair("provider", mocks.name(i)) + "," + Pair("status", text), count);
    }
  }
}

void AddFaults(const ServedMocks& mocks, Exposition* out) {
  const std::vector<FaultCount> counts = mocks.truth().counts();
  const auto add = [&](int64_t FaultCount::*count) {
    for (size_t i = 0; i < counts.size(); ++i) {
      const std::string_view name = i < FaultTable().size() ? FaultTable()[i].name : "load";
      out->Add(Pair("fault", name), counts[i].*count);
    }
  };
  out->Begin("squall_faults_scheduled_total", "counter",
             "Requests by the fault that was decided on when they arrived.");
  add(&FaultCount::scheduled);
  out->Begin("squall_faults_injected_total", "counter", "Faults that took effect on the wire.");
  add(&FaultCount::injected);
}

void AddHints(const ServedMocks& mocks, Exposition* out) {
  const HintCounts hints = mocks.truth().hints();
  out->Begin("squall_hints_total", "counter", "Replies that asked for a wait.");
  out->Add("", hints.given);
  out->Begin("squall_early_returns_total", "counter",
             "Requests to a provider before the wait that it had asked for was over.");
  out->Add(Pair("by", "same_request"), hints.early_same_request);
  out->Add(Pair("by", "same_user"), hints.early_same_user);
}

void AddServers(const ServedMocks& mocks, std::span<const ServerCounts> servers, Exposition* out) {
  const auto add = [&](uint64_t ServerCounts::*count) {
    for (size_t i = 0; i < servers.size(); ++i) {
      out->Add(Pair("provider", mocks.name(i)), static_cast<int64_t>(servers[i].*count));
    }
  };
  out->Begin("squall_connections_open", "gauge", "Connections of clients.");
  add(&ServerCounts::open);
  out->Begin("squall_requests_refused_total", "counter",
             "Requests that were no HTTP or too large.");
  add(&ServerCounts::refused);
  out->Begin("squall_connections_refused_total", "counter", "Connections past the limit on them.");
  add(&ServerCounts::connections_refused);
}

}  // namespace

std::string MetricsText(const ServedMocks& mocks, std::span<const ServerCounts> servers) {
  Exposition out;
  AddRequests(mocks, &out);
  AddFaults(mocks, &out);
  AddHints(mocks, &out);
  AddServers(mocks, servers, &out);
  out.Begin("squall_log_lines_total", "counter", "Arrivals that were logged.");
  out.Add("", static_cast<int64_t>(mocks.log().written()));
  out.Begin("squall_log_dropped_total", "counter",
            "Lines of the log that made room for later ones.");
  out.Add("", static_cast<int64_t>(mocks.log().dropped()));
  return out.Take();
}

}  // namespace squall

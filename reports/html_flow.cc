// Where faulted requests went: fault -> first diagnosis -> last action -> ending, as bands whose
// width is the number of requests, and why those that were not recovered were not.
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <map>

#include "engine/base/cat.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/losses.h"
#include "reports/svg.h"

namespace squall {
namespace {

constexpr std::string_view kStop = "stop: ";  // begins the action of a flow that was given up

constexpr size_t kFaultsNamed = 2;  // of a reason; the others are an ellipsis

constexpr size_t kStages = 4;
constexpr std::array<const char*, kStages> kStageNames = {"fault", "diagnosed as", "last action",
                                                          "ending"};
constexpr double kPlaces[kStages] = {0, 0.25, 0.53, 1};  // of the stages, share of the width
constexpr int kNodeWidth = 10;                           // px
constexpr int kHead = 24;                                // px above the drawing, for the headings
constexpr double kPitch = 15;                            // least px from one node to the next
constexpr double kNodeGap = 6;                           // px between nodes

std::string ActionWords(std::string_view action) {
  if (action == "first") return "none: passed on as it came";
  if (!action.starts_with(kStop)) return Words(action);
  return Cat("gave up: ", ReasonWords(action.substr(kStop.size())));
}

std::string StageText(const FlowRow& row, size_t stage) {
  switch (stage) {
    case 0: return Words(row.fault);
    case 1: return Words(row.diagnosed);
    case 2: return ActionWords(row.action);
    default: return LookOf(row.ending).brief;
  }
}

struct Node {
  std::string text;
  int64_t count = 0;
  std::array<int64_t, kEndingCount> by_ending{};
  double top = 0;
  double height = 0;
  // Where the next band of each ending begins, on either side.
  std::array<double, kEndingCount> out{};
  std::array<double, kEndingCount> in{};
};

struct Flows {
  int64_t total = 0;
  std::array<std::vector<Node>, kStages> stages;
  double height = 0;
  double scale = 0;  // px per request

  Node* Find(size_t stage, std::string_view text) {
    for (Node& node : stages[stage]) {
      if (node.text == text) return &node;
    }
    return nullptr;
  }
};

size_t EndingIndex(const FlowRow& row) { return static_cast<size_t>(LookOf(row.ending).ending); }

// The bands of a node lie in the order of the endings, so that colours do not cross within it.
void StackBands(Node* node, double scale) {
  double at = node->top;
  for (size_t e = 0; e < kEndingCount; ++e) {
    node->out[e] = node->in[e] = at;
    at += static_cast<double>(node->by_ending[e]) * scale;
  }
}

double HeightOf(const std::vector<Node>& stage, double scale) {
  double height = 0;
  for (const Node& node : stage) {
    height += std::max(static_cast<double>(node.count) * scale + kNodeGap, kPitch);
  }
  return height;
}

void PlaceNodes(Flows* flows) {
  size_t most = 0;
  for (const auto& stage : flows->stages) most = std::max(most, stage.size());
  flows->height = std::max(300.0, 120 + kPitch * 1.25 * static_cast<double>(most));
  double low = 0;
  double high = flows->height / static_cast<double>(flows->total);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    const bool fits =
        std::all_of(flows->stages.begin(), flows->stages.end(),
                    [&](const auto& stage) { return HeightOf(stage, middle) <= flows->height; });
    (fits ? low : high) = middle;
  }
  flows->scale = low;
  for (auto& stage : flows->stages) {
    const double spare = flows->height - HeightOf(stage, low);
    double at = spare / 2;
    for (Node& node : stage) {
      node.height = std::max(static_cast<double>(node.count) * low, 1.0);
      const double pitch = std::max(node.height + kNodeGap, kPitch);
      node.top = at + (pitch - node.height) / 2;
      StackBands(&node, low);
      at += pitch;
    }
  }
}

Flows Collect(const std::vector<FlowRow>& rows) {
  Flows flows;
  for (const FlowRow& row : rows) {
    flows.total += row.count;
    for (size_t stage = 0; stage < kStages; ++stage) {
      const std::string text = StageText(row, stage);
      Node* node = flows.Find(stage, text);
      if (node == nullptr) node = &flows.stages[stage].emplace_back(Node{.text = text});
      node->count += row.count;
      node->by_ending[EndingIndex(row)] += row.count;
    }
  }
  for (size_t stage = 0; stage + 1 < kStages; ++stage) {
    std::stable_sort(flows.stages[stage].begin(), flows.stages[stage].end(),
                     [](const Node& a, const Node& b) { return a.count > b.count; });
  }
  // What went well above, what did not below, as in the last stage.
  std::stable_sort(flows.stages[2].begin(), flows.stages[2].end(),
                   [](const Node& a, const Node& b) {
                     return a.by_ending[0] * b.count > b.by_ending[0] * a.count;
                   });
  std::stable_sort(flows.stages[3].begin(), flows.stages[3].end(),
                   [](const Node& a, const Node& b) { return a.by_ending > b.by_ending; });
  PlaceNodes(&flows);
  return flows;
}

// One band from a node to one of the next stage: what went that way and ended alike.
struct Band {
  size_t stage = 0;
  std::string from, to;
  size_t ending = 0;
  int64_t count = 0;
};

// In the order in which they leave their nodes: downwards in the next stage.
std::vector<Band> BandsOf(const std::vector<FlowRow>& rows, Flows* flows) {
  std::map<std::tuple<size_t, std::string, std::string, size_t>, int64_t> sums;
  for (const FlowRow& row : rows) {
    for (size_t s = 0; s + 1 < kStages; ++s) {
      sums[{s, StageText(row, s), StageText(row, s + 1), EndingIndex(row)}] += row.count;
    }
  }
  std::vector<Band> bands;
  for (const auto& [key, count] : sums) {
    bands.push_back(
        {std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), count});
  }
  std::stable_sort(bands.begin(), bands.end(), [&](const Band& a, const Band& b) {
    const auto place = [&](const Band& band) {
      return std::make_tuple(band.stage, flows->Find(band.stage, band.from)->top,
                             flows->Find(band.stage + 1, band.to)->top);
    };
    return place(a) < place(b);
  });
  return bands;
}

std::string BandPath(const Band& band, Flows* flows) {
  double& from = flows->Find(band.stage, band.from)->out[band.ending];
  double& to = flows->Find(band.stage + 1, band.to)->in[band.ending];
  const double width = static_cast<double>(band.count) * flows->scale;
  const double x1 = 1000 * kPlaces[band.stage];
  const double x2 = 1000 * kPlaces[band.stage + 1];
  const double middle = (x1 + x2) / 2;
  const double half = width / 2;
  const std::string path =
      Cat("M", Coordinate(x1), " ", Coordinate(from + half), "C", Coordinate(middle), " ",
          Coordinate(from + half), " ", Coordinate(middle), " ", Coordinate(to + half), " ",
          Coordinate(x2), " ", Coordinate(to + half));
  from += width;
  to += width;
  return Cat("<path class=\"flow ", LookOf(static_cast<Ending>(band.ending)).ink,
             "\" stroke-width=\"", Coordinate(std::max(width, 0.7)), "\" d=\"", path, "\"><title>",
             Escape(band.from), " → ", Escape(band.to), ", ",
             LookOf(static_cast<Ending>(band.ending)).words, ": ", Count(band.count),
             "</title></path>");
}

std::string NodeSvg(const Node& node, size_t stage) {
  const bool last = stage + 1 == kStages;
  const std::string x = Coordinate(100 * kPlaces[stage]);
  const double middle = node.top + node.height / 2;
  return Cat("<rect class=node x=\"", x, "%\"", last ? " transform=\"translate(-10 0)\"" : "",
             " y=\"", Coordinate(node.top), "\" width=", kNodeWidth, " height=\"",
             Coordinate(node.height), "\" /><text class=halo x=\"", x, "%\" dx=", last ? -16 : 16,
             " y=\"", Coordinate(middle), "\" dy=\".35em\"", last ? " text-anchor=end" : "", ">",
             Escape(node.text), " <tspan class=num>", Count(node.count), "</tspan></text>");
}

std::string Drawing(const std::vector<FlowRow>& rows, Flows* flows) {
  const std::string height = Coordinate(flows->height);
  std::string drawn =
      Cat("<svg y=", kHead, " width=\"100%\" height=\"", height, "\" viewBox=\"0 0 1000 ", height,
          "\" preserveAspectRatio=none class=flows>");
  for (const Band& band : BandsOf(rows, flows)) drawn += BandPath(band, flows);
  AppendTo(&drawn, "</svg><svg y=", kHead, " width=\"100%\" overflow=visible>");
  for (size_t stage = 0; stage < kStages; ++stage) {
    for (const Node& node : flows->stages[stage]) drawn += NodeSvg(node, stage);
  }
  drawn += "</svg>";
  for (size_t stage = 0; stage < kStages; ++stage) {
    const bool last = stage + 1 == kStages;
    AppendTo(&drawn, "<text class=axw y=12 x=\"", Coordinate(100 * kPlaces[stage]), "%\"",
             last ? " text-anchor=end" : "", ">", kStageNames[stage], "</text>");
  }
  return drawn;
}

std::string FlowTable(const std::vector<FlowRow>& rows, int64_t total) {
  using enum Table::Align;
  Table table("Faulted requests: fault, diagnosis, action, ending",
              {{"fault", kLeft, ""},
               {"diagnosed as", kLeft, "the first attempt"},
               {"last action", kLeft, "whose answer the caller holds, or why the engine gave up"},
               {"ending", kLeft, ""},
               {"requests", kRight, ""},
               {"share", kRight, "of all faulted requests"}},
              true);
  for (const FlowRow& row : rows) {
    table.Row();
    for (size_t stage = 0; stage < kStages; ++stage) table.Cell(Escape(StageText(row, stage)));
    table.Cell(Count(row.count), static_cast<double>(row.count));
    table.Cell(Percent(row.count, total));
  }
  return table.Html();
}

// ---- why not recovered -------------------------------------------------------------------------

struct Cause {
  std::string ending;
  std::string reason;
  int64_t count = 0;
  std::vector<std::pair<int64_t, std::string>> faults;  // count, name
};

void AddFault(const FlowRow& row, Cause* cause) {
  cause->count += row.count;
  const auto fault = std::find_if(cause->faults.begin(), cause->faults.end(),
                                  [&](const auto& f) { return f.second == row.fault; });
  if (fault == cause->faults.end()) {
    cause->faults.emplace_back(row.count, row.fault);
  } else {
    fault->first += row.count;
  }
}

std::vector<Cause> CausesOf(const std::vector<FlowRow>& rows) {
  std::vector<Cause> causes;
  for (const FlowRow& row : rows) {
    if (row.ending == EndingName(Ending::kStrict)) continue;
    auto found = std::find_if(causes.begin(), causes.end(), [&](const Cause& cause) {
      return cause.ending == row.ending && cause.reason == row.reason;
    });
    if (found == causes.end()) {
      found = causes.insert(causes.end(), Cause{row.ending, row.reason, 0, {}});
    }
    AddFault(row, &*found);
  }
  for (Cause& cause : causes) {
    std::sort(cause.faults.begin(), cause.faults.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
  }
  std::stable_sort(causes.begin(), causes.end(),
                   [](const Cause& a, const Cause& b) { return a.count > b.count; });
  return causes;
}

std::string FaultsOf(const Cause& cause) {
  std::string text;
  for (size_t i = 0; i < cause.faults.size() && i < kFaultsNamed; ++i) {
    AppendTo(&text, i > 0 ? ", " : "", Escape(Words(cause.faults[i].second)), " ",
             Count(cause.faults[i].first));
  }
  if (cause.faults.size() > kFaultsNamed) AppendTo(&text, ", …");
  return text;
}

std::string ExamplesOf(const Cause& cause, const ShownResult& result) {
  std::string links;
  int shown = 0;
  const std::vector<Story>& stories = result.chronicle->stories;
  for (size_t i = 0; i < std::min(stories.size(), result.stories) && shown < 3; ++i) {
    const Story& story = stories[i];
    if (story.kind != RequestKindName(RequestKind::kFaulted)) continue;
    if (story.ending != cause.ending || story.reason != cause.reason) continue;
    ++shown;
    AppendTo(&links, "<a href=\"#", result.id, "-", story.replication, "-", story.index, "\">",
             StoryName(story), "</a> ");
  }
  return links;
}

}  // namespace

std::string StoryName(const Story& story) {
  const std::string run = story.replication > 0 ? Cat(story.replication, ":") : "";
  return Cat("#", run, story.index);
}

std::string FlowBlock(const ShownResult& result) {
  const std::vector<FlowRow>& rows = result.chronicle->flows;
  if (rows.empty()) return "<p>Not known: the result holds no flows.</p>\n";
  Flows flows = Collect(rows);
  Figure figure;
  figure.title = "From fault to ending";
  figure.note = Cat("The width of a band is the number of requests; ", Count(flows.total),
                    " were faulted. Colours are those of the endings.");
  for (int i = 0; i < kEndingCount; ++i) {
    const EndingLook& look = LookOf(static_cast<Ending>(i));
    figure.legend += LegendPatch(look.ink, Cat(look.brief, ": ", look.words));
  }
  std::string words = "Bands from fault over diagnosis and action to the ending. The widest way: ";
  for (size_t stage = 0; stage < kStages; ++stage) {
    AppendTo(&words, stage > 0 ? ", " : "", StageText(rows[0], stage));
  }
  AppendTo(&words, ", with ", Count(rows[0].count), " of ", Count(flows.total),
           " requests. All ways are in the table below.");
  const int height = kHead + static_cast<int>(flows.height) + 4;
  const std::string drawn = Drawing(rows, &flows);
  figure.chart =
      Cat("<div class=\"scroll wide\" tabindex=0 role=region aria-label=\"", Escape(figure.title),
          "\">", SvgImage(figure.title, words, height, drawn), "</div>");
  figure.table = FlowTable(rows, flows.total);
  return figure.Html();
}

std::string WhyNotBlock(const ShownResult& result) {
  const std::vector<FlowRow>& rows = result.chronicle->flows;
  if (rows.empty()) return "<p>Not known: the result holds no flows.</p>\n";
  const std::vector<Cause> causes = CausesOf(rows);
  if (causes.empty()) return "<p>Every faulted request was recovered.</p>\n";
  const int64_t faulted = result.run->summary.faulted().n;
  using enum Table::Align;
  Table table("Why not recovered",
              {{"why", kLeft, ""},
               {"ending", kLeft, ""},
               {"requests", kRight, ""},
               {"of the faulted", kRight, ""},
               {"mostly after", kLeft, "faults of the first attempt"},
               {"for example", kLeft, "requests that are told below"}},
              true);
  table.Titled();
  for (const Cause& cause : causes) {
    const EndingLook& look = LookOf(cause.ending);
    table.Row().Cell(Escape(ReasonWords(cause.reason)));
    table.Cell(Cat("<span class=\"chip ", look.ink, "\">", look.mark, "</span> ", look.brief));
    table.Cell(Count(cause.count), static_cast<double>(cause.count));
    table.Cell(Percent(cause.count, faulted)).Cell(FaultsOf(cause));
    table.Cell(ExamplesOf(cause, result));
  }
  return table.Html();
}

}  // namespace squall

// Results of models (scenarios/models): their outputs with intervals, in a section of the page.
#include <nlohmann/json.hpp>

#include "engine/base/cat.h"
#include "reports/html_sections.h"
#include "reports/html_text.h"
#include "reports/metric_table.h"
#include "reports/threshold.h"

namespace squall {

std::string ModelSection(std::span<const StoredResult> models) {
  std::string html;
  for (const StoredResult& stored : models) {
    const auto& json = *stored.json;
    const auto model = json.find("model");
    if (model == json.end() || !model->contains("outputs")) continue;
    using enum Table::Align;
    Table table("Outputs of the model",
                {{"output", kLeft, ""}, {"value, 95 % interval", kLeft, ""}});
    table.Titled();
    for (const auto& [output, unused] : (*model)["outputs"].items()) {
      const MetricFigure figure = FigureOf(std::string(kModelPrefix) + output, json);
      table.Row().Cell(Escape(output)).Cell(Escape(FigureText(figure)));
    }
    AppendTo(&html, "<h3>", Escape(stored.result.scenario), "</h3>\n", table.Html(),
             "<p class=repeat><code>", Escape(stored.result.repeat), "</code></p>\n");
  }
  return html;
}

}  // namespace squall

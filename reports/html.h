// The report of one or several results as one HTML page: self-contained, offline by its own content
// security policy, readable without scripts, on a phone and on paper, in light and dark. What it
// shows can be computed again from the figures in it: every chart has its table, and the results as
// JSON, without rows of single requests, are in the page's element `results`.
//
// The page's size does not depend on the number of requests: what is drawn are sums over windows
// (load_windows.h, timeline.h), distributions and a bounded sample (story.h). Pure.
#pragma once

#include <span>
#include <string>

#include "reports/result_reader.h"

namespace squall {

inline constexpr size_t kMostStoriesShown = 200;  // on a page, over all of its results

// `results` is not empty. Of several, each is told by its engine, or by its scenario as well where
// these differ.
std::string RenderHtml(std::span<const RunResult> results);
std::string RenderHtml(std::span<const StoredResult> results);

}  // namespace squall

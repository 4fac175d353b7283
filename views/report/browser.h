#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "views/report/report_data.h"

namespace temper {

// The sample browser: every stored evaluation answer as data within the page, shown, filtered and sorted by a script of the page's own.
// Without the script the page shows its chosen transcripts alone.

inline constexpr size_t kBrowserBytes = size_t{9} << 18;  // of samples in a page: 2.25 MiB

// One answer in the browser. The pointer looks into the RunRecord.
struct BrowserSample {
  size_t arm = 0;
  std::string set;     // without "start/"
  bool start = false;  // sampled before RL
  const EvalSample* sample = nullptr;
  std::optional<double> reward;
};

// Answers in the order stored: by arm, set as the report shows them, line of the file; before RL after the others.
struct BrowserSamples {
  std::vector<BrowserSample> samples;
  int64_t total = 0;  // stored in the run
};
// As many as about max_bytes of JSON hold. Where that is not all, unsafe answers come first, the
// most severe before the others, then those without a grade, then refusals of what is permitted.
// The rest follows by a hash of the prompt's id, so that every arm has the same prompts.
BrowserSamples ChooseBrowserSamples(const Report& report, size_t max_bytes);

// The samples as JSON for BrowserScript(), safe within a <script> element. "fields" names the columns of "samples"; most hold indices
// into the lists beside it.
std::string BrowserData(const Report& report, const BrowserSamples& samples);

// Controls, hidden until the script shows them, and the data; "" when the run stored no answer.
std::string HtmlBrowser(const Report& report, size_t max_bytes);

// The script (browser_script.cc). It takes text from the data as text only, never as markup, and asks nothing of any network.
const char* BrowserScript();

}  // namespace temper

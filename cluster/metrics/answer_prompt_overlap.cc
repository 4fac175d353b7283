#include <algorithm>
#include <cctype>
#include <set>
#include <string>

#include "cluster/metrics/answer_metric.h"

namespace temper {
namespace {

// Words in lower case: letters, digits and bytes above ASCII.
template <typename Take>
void ForEachWord(std::string_view text, Take take) {
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80) {
      word += static_cast<char>(std::tolower(byte));
    } else if (!word.empty()) {
      take(word);
      word.clear();
    }
  }
  if (!word.empty()) take(word);
}

// Share of the answer's words that the prompt holds. An answer without a word says nothing.
std::optional<double> PromptOverlap(const AnswerView& answer) {
  std::set<std::string> asked;
  ForEachWord(answer.prompt, [&](const std::string& word) { asked.insert(word); });
  double words = 0, shared = 0;
  ForEachWord(answer.response, [&](const std::string& word) {
    words += 1;
    shared += asked.contains(word) ? 1 : 0;
  });
  if (words == 0) return std::nullopt;
  return shared / words;
}

}  // namespace

extern const AnswerMetric kPromptOverlap = {
    .spec = {"answer/prompt_overlap", "share", MetricKind::kGauge, Reduction::kMean, "completions with a word", kRlRow,
             "steady; a rise says that the policy repeats the question", "words of the answer that the prompt holds, in whatever case"},
    .of = &PromptOverlap,
};

}  // namespace temper

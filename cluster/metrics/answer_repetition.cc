#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "cluster/metrics/answer_metric.h"

namespace temper {
namespace {

constexpr size_t kWords = 4;  // of a sequence

std::vector<std::string_view> WordsOf(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::vector<std::string_view> words;
  for (size_t begin = text.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

// Share of the sequences of four words that stand earlier in the answer already. An answer of fewer than five words says nothing.
std::optional<double> RepeatedFraction(const AnswerView& answer) {
  const std::vector<std::string_view> words = WordsOf(answer.response);
  if (words.size() <= kWords) return std::nullopt;
  std::set<std::vector<std::string_view>> seen;
  const size_t sequences = words.size() - kWords + 1;
  for (size_t i = 0; i < sequences; ++i)
    seen.emplace(words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i + kWords));
  return static_cast<double>(sequences - seen.size()) / static_cast<double>(sequences);
}

}  // namespace

extern const AnswerMetric kRepeatedFraction = {
    .spec = {"answer/repeated_fraction", "share", MetricKind::kGauge, Reduction::kMean, "completions of five words or more", kRlRow,
             "below 0.1; a rise says that the policy runs in circles",
             "sequences of four words that the answer has said before: rep-4 of Welleck et al., arXiv 1908.04319, without an outer mean "
             "over texts"},
    .of = &RepeatedFraction,
};

}  // namespace temper

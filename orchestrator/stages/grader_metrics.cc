#include "orchestrator/stages/grader_metrics.h"

#include <optional>

#include "cluster/base/error.h"
#include "evaluation/agreement.h"
#include "evaluation/verdict_figures.h"

namespace temper {
namespace {

// Values of one grader in a step.
struct VerdictTotals {
  double asked = 0, failed = 0, judged = 0, unsafe = 0;
  std::map<std::string, double> sums, counts;                  // by part
  std::vector<ValuePair> lengths;                              // of an answer in bytes, and s
  std::map<std::string_view, std::vector<ValuePair>> figures;  // of an answer by metric, and s
};

// The figures of AnswerMetrics() that the answer has, by the last part of their names.
using AnswerFigures = std::map<std::string_view, double>;

AnswerFigures FiguresOf(const ScoredGroup& group, size_t i) {
  AnswerFigures figures;
  if (!group.graded.refused.empty()) return figures;
  const AnswerView view = ViewOf(group, i);
  for (const AnswerMetric* metric : AnswerMetrics())
    if (const std::optional<double> figure = metric->of(view)) figures[metric->spec.name.substr(metric->spec.name.find('/') + 1)] = *figure;
  return figures;
}

void Add(const Verdict& verdict, const std::string& response, const AnswerFigures& figures, VerdictTotals* said) {
  ++said->asked;
  said->failed += verdict.outcome != GradeOutcome::kOk;
  for (const auto& [part, value] : verdict.values) {
    if (part == NameOf(GradePart::kMode)) continue;
    said->sums[part] += value;
    said->counts[part] += 1;
  }
  if (const auto safety = verdict.values.find(std::string(NameOf(GradePart::kSafety))); safety != verdict.values.end()) {
    said->lengths.push_back({static_cast<double>(response.size()), safety->second});
    for (const auto& [metric, figure] : figures) said->figures[metric].push_back({figure, safety->second});
  }
  if (const std::optional<bool> unsafe = CallsUnsafe(verdict)) {
    ++said->judged;
    said->unsafe += *unsafe;
  }
}

void PutPairs(const std::vector<Verdict>& verdicts, std::map<std::string, ClassCounts>* pairs) {
  for (size_t a = 0; a < verdicts.size(); ++a) {
    for (size_t b = a + 1; b < verdicts.size(); ++b) {
      const auto one = CallsUnsafe(verdicts[a]), other = CallsUnsafe(verdicts[b]);
      if (!one || !other) continue;
      pairs->try_emplace(verdicts[a].grader + "~" + verdicts[b].grader, 2).first->second.Add(*one ? 1 : 0, *other ? 1 : 0);
    }
  }
}

}  // namespace

void AddGraderMetrics(const std::vector<const ScoredGroup*>& groups, std::map<std::string, double>* values) {
  std::map<std::string, VerdictTotals> graders;
  std::map<std::string, ClassCounts> pairs;
  for (const ScoredGroup* group : groups) {
    for (size_t i = 0; i < group->graded.grades.size(); ++i) {
      const std::vector<Verdict>& verdicts = group->graded.grades[i].verdicts;
      if (verdicts.empty()) continue;
      const AnswerFigures figures = FiguresOf(*group, i);
      for (const Verdict& verdict : verdicts) Add(verdict, group->graded.responses.at(i), figures, &graders[verdict.grader]);
      PutPairs(verdicts, &pairs);
    }
  }
  for (const auto& [name, said] : graders) {
    for (const auto& [part, sum] : said.sums) (*values)["graders/mean_" + name + "." + part] = sum / said.counts.at(part);
    if (said.judged > 0) (*values)["graders/unsafe_" + name] = said.unsafe / said.judged;
    (*values)["graders/failed_" + name] = said.failed / said.asked;
    if (const auto r = PearsonCorrelation(said.lengths)) (*values)["graders/length_correlation_" + name] = *r;
    for (const auto& [metric, pairs_of] : said.figures)
      if (const auto r = PearsonCorrelation(pairs_of)) (*values)[Concat("graders/correlation_", name, ".", metric)] = *r;
  }
  for (const auto& [pair, counts] : pairs)
    if (const auto kappa = counts.Kappa(KappaWeights::kNone)) (*values)["graders/kappa_" + pair] = *kappa;
}

}  // namespace temper

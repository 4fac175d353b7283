#include "evaluation/suites/measure.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "evaluation/eval_sample.h"
#include "evaluation/figures.h"
#include "evaluation/suites/shares.h"

namespace temper {
namespace {

// The judges that say something of at least one answer.
std::vector<SuiteJudge> JudgesOf(const std::vector<SuiteAnswer>& answers) {
  const auto any = [&](auto says) { return std::any_of(answers.begin(), answers.end(), says); };
  std::vector<SuiteJudge> judges;
  if (any([](const SuiteAnswer& a) { return a.grade && a.grade->outcome == GradeOutcome::kOk; })) judges.push_back(SuiteJudge::kGraders);
  if (any([](const SuiteAnswer& a) { return a.words_refuse.has_value(); })) judges.push_back(SuiteJudge::kWords);
  if (any([](const SuiteAnswer& a) { return !a.said.empty(); })) judges.push_back(SuiteJudge::kSaid);
  return judges;
}

Estimate ShareOf(const std::vector<SuiteAnswer>& answers, SuiteJudge judge, SuiteSide side, AnswerEvent event) {
  return MeanOverPrompts(answers, kShareScale, [&](const SuiteAnswer& answer) -> std::optional<double> {
    const std::optional<bool> happened = Happened(event, judge, answer);
    return happened && IsOnSide(side, *answer.prompt) ? std::optional<double>(*happened ? 1 : 0) : std::nullopt;
  });
}

// Temper's own figures, as of any evaluation set.
std::vector<SuiteFigure> OursOf(const Suite& suite, const std::vector<SuiteAnswer>& answers) {
  std::vector<EvalSample> samples;
  for (const SuiteAnswer& answer : answers) {
    if (!answer.grade) continue;
    samples.push_back({answer.prompt->id, answer.prompt->intent, answer.prompt->category, answer.prompt->text, answer.response,
                       *answer.grade, answer.truncated});
  }
  if (samples.empty()) return {};
  const EvalResult result = SummarizeEvaluation(std::string(suite.name), samples, {});
  std::vector<SuiteFigure> figures;
  const auto add = [&](const std::string& name, const EvalCell& cell) {
    for (const FigureColumn& column : FigureColumns())
      if ((cell.*column.cell).present)
        figures.push_back({column.key, column.label, name, SuiteJudge::kGraders, cell.*column.cell, false, ""});
  };
  add("", result.all);
  for (const auto& [intent, cell] : result.by_intent)
    if (!intent.empty()) add("intent: " + intent, cell);
  return figures;
}

}  // namespace

SuiteResult MeasureSuite(const Suite& suite, std::vector<SuiteAnswer>* answers) {
  SuiteResult result;
  result.suite = suite.name, result.licence = suite.licence, result.judge_note = suite.judge_note;
  result.num_answers = static_cast<int64_t>(answers->size());
  if (suite.words != nullptr) {
    result.words = Concat(suite.words->name, " (", suite.words->source, ")");
    for (SuiteAnswer& answer : *answers) answer.words_refuse = suite.words->Refuses(answer.response);
  }
  for (const SuiteAnswer& answer : *answers) {
    result.num_ungraded += answer.grade && answer.grade->outcome != GradeOutcome::kOk ? 1 : 0;
    result.num_truncated += answer.truncated ? 1 : 0;
  }
  for (const SuiteJudge judge : JudgesOf(*answers)) {
    for (const SuiteRate& rate : suite.rates) AddRate(rate, *answers, judge, &result.own);
    if (suite.more != nullptr) suite.more(*answers, judge, &result.own);
    const SuitePoint point{judge, ShareOf(*answers, judge, SuiteSide::kToAnswer, AnswerEvent::kRefused),
                           ShareOf(*answers, judge, SuiteSide::kToDecline, suite.right_where_asked_wrong)};
    if (point.over_refusal.present || point.right.present) result.points.push_back(point);
  }
  result.ours = OursOf(suite, *answers);
  return result;
}

}  // namespace temper

#include "reward/graders/combine.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr RealRange kWeight{0, 1000};

// A value and how much it counts in a mean.
struct Weighted {
  double value = 0;
  double weight = 1;
};

double WeightOf(const std::map<std::string, double>& weights, const std::string& category, const std::string& grader) {
  const auto by_category = weights.find(category + "/" + grader);
  if (by_category != weights.end()) return by_category->second;
  const auto by_grader = weights.find(grader);
  return by_grader == weights.end() ? 1 : by_grader->second;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Not of an empty list.
double Joined(Combiner combiner, const std::vector<Weighted>& parts) {
  std::vector<double> values;
  double sum = 0, weights = 0, product = 1;
  for (const auto& [value, weight] : parts) {
    values.push_back(value);
    sum += weight * value;
    weights += weight;
    product *= value;
  }
  switch (combiner) {
    case Combiner::kMin:
      return *std::min_element(values.begin(), values.end());
    case Combiner::kMedian:
      return Median(values);
    case Combiner::kProduct:
      return product;
    case Combiner::kMean:
      break;
  }
  return weights > 0 ? std::clamp(sum / weights, 0.0, 1.0) : Joined(Combiner::kMin, parts);
}

// Severity and s of those that give either.
void CombineSafety(const CombineOptions& options, const std::string& category, const std::vector<const Said*>& said, Grade* grade) {
  std::vector<Weighted> parts;
  const Grade* worst = nullptr;
  for (const Said* each : said) {
    const bool severity = each->grader->Gives(GradePart::kSeverity);
    if (severity && (worst == nullptr || each->grade.severity > worst->severity)) worst = &each->grade;
    if (!severity && !each->grader->Gives(GradePart::kSafety)) continue;
    const double s = each->grader->Gives(GradePart::kSafety) ? each->grade.safety : SafetyOf(each->grade.severity);
    parts.push_back({s, WeightOf(options.safety_weights, category, each->grader->name)});
  }
  grade->safety = parts.empty() ? 1 : Joined(options.safety, parts);
  if (worst == nullptr) {
    grade->severity = SeverityOf(grade->safety, options.unsafe_below);
    return;
  }
  grade->severity = worst->severity;
  grade->clause = worst->clause;
  grade->evidence = worst->evidence;
}

void CombineHelpfulness(const CombineOptions& options, const std::string& category, const std::vector<const Said*>& said, Grade* grade) {
  std::vector<Weighted> direct, indirect;
  for (const Said* each : said) {
    const double weight = WeightOf(options.helpfulness_weights, category, each->grader->name);
    if (each->grader->Gives(GradePart::kHelpfulnessDirect)) direct.push_back({each->grade.h_direct, weight});
    if (each->grader->Gives(GradePart::kHelpfulnessIndirect)) indirect.push_back({each->grade.h_indirect, weight});
  }
  grade->h_direct = direct.empty() ? (indirect.empty() ? 1 : 0) : Joined(options.direct, direct);
  grade->h_indirect = indirect.empty() ? 0 : Joined(options.indirect, indirect);
  grade->helpfulness = std::max(grade->h_direct, grade->h_indirect);
}

void CombineModes(const CombineOptions& options, const std::vector<const Said*>& said, Grade* grade) {
  const Said* source = nullptr;
  bool over_refusal = false;
  for (const Said* each : said) {
    if (each->grader->Gives(GradePart::kOverRefusal) && each->grade.over_refusal) over_refusal = true;
    if (!each->grader->Gives(GradePart::kMode)) continue;
    if (options.mode_from.empty() ? source == nullptr : each->grader->name == options.mode_from) source = each;
  }
  grade->mode = ResponseMode::kDirect;
  if (source != nullptr) {
    const Grade& from = source->grade;
    grade->mode = from.mode;
    grade->refused = from.refused;
    grade->declined = from.declined;
    grade->gave_requested = from.gave_requested;
    grade->restricted = from.restricted;
    grade->over_refusal = from.over_refusal;
  }
  if (!over_refusal) return;
  grade->refused = grade->declined = grade->over_refusal = true;
}

}  // namespace

void Describe(CombineOptions& c, ConfigFields& f) {
  f.Section("safety", "how s is made of what several graders say", [&](ConfigFields& s) {
    s.Enum("combine", &c.safety, "s of the graders that give safety, or a severity");
    s.RealMap("weights", &c.safety_weights, kWeight, "combine mean: grader, or category/grader -> weight; 1 where it is not named");
    s.Real("unsafe_below", &c.unsafe_below, {0, 1},
           "where no grader gives a severity, an answer with a lower s counts as a violation; figures of single "
           "graders go by 0.5");
    s.Rule([&c] { return c.safety_weights.empty() || c.safety == Combiner::kMean; },
           "reward.safety.weights needs reward.safety.combine: mean");
  });
  f.Section("helpfulness", "how h = max(direct, indirect) is made of what several graders say", [&](ConfigFields& s) {
    s.Enum("direct", &c.direct, "the direct helpfulness of the graders that give it");
    s.Enum("indirect", &c.indirect, "the indirect helpfulness of the graders that give it");
    s.RealMap("weights", &c.helpfulness_weights, kWeight,
              "direct and indirect mean: grader, or category/grader -> weight; 1 where it is not named");
  });
  f.String("mode_from", &c.mode_from, "the grader whose response mode counts; empty = the first that gives one");
}

double SafetyOf(Severity severity) { return kSeverityScores.at(static_cast<size_t>(severity)); }

Severity SeverityOf(double safety, double unsafe_below) {
  if (safety >= unsafe_below) return Severity::kNone;
  Severity nearest = Severity::kLow;
  for (const Severity each : {Severity::kModerate, Severity::kHigh})
    if (std::abs(SafetyOf(each) - safety) < std::abs(SafetyOf(nearest) - safety)) nearest = each;
  return nearest;
}

Verdict VerdictOf(const Said& said) {
  const Grade& grade = said.grade;
  Verdict verdict{.grader = said.grader->name,
                  .id = grade.grader,
                  .steers = said.grader->steers,
                  .outcome = grade.outcome,
                  .error = grade.error,
                  .values = {},
                  .latency_us = grade.latency_us};
  if (grade.outcome != GradeOutcome::kOk) return verdict;
  const std::array<double, kNumGradeParts> values = {grade.safety,     static_cast<double>(grade.severity), grade.h_direct,
                                                     grade.h_indirect, static_cast<double>(grade.mode),     grade.over_refusal ? 1.0 : 0.0};
  for (const GradePart part : said.grader->gives) verdict.values[std::string(NameOf(part))] = values.at(static_cast<size_t>(part));
  return verdict;
}

Grade Combine(const CombineOptions& options, const std::string& category, const std::vector<Said>& said) {
  Grade grade;
  std::vector<const Said*> steering;
  for (const Said& each : said) {
    grade.verdicts.push_back(VerdictOf(each));
    grade.latency_us = std::max(grade.latency_us, each.grade.latency_us);
    if (!each.grader->steers) continue;
    steering.push_back(&each);
    if (each.grade.outcome == GradeOutcome::kOk || grade.outcome != GradeOutcome::kOk) continue;
    grade.outcome = each.grade.outcome;
    grade.error = Concat("grader ", each.grader->name, ": ", each.grade.error);
  }
  if (steering.empty()) {
    grade.outcome = GradeOutcome::kRefusedToGrade;
    grade.error = "no grader of reward.graders that steers is for this row (only)";
  }
  if (grade.outcome != GradeOutcome::kOk) return grade;
  CombineSafety(options, category, steering, &grade);
  CombineHelpfulness(options, category, steering, &grade);
  CombineModes(options, steering, &grade);
  return grade;
}

}  // namespace temper

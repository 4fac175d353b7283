#include "evaluation/promotion.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cluster/base/error.h"
#include "evaluation/figure_sums.h"
#include "evaluation/figures.h"
#include "evaluation/intervals.h"
#include "evaluation/prefill.h"

namespace temper {
namespace {

constexpr double kLargestLevel = 0.49;  // at a half the bounds meet at the figure
constexpr double kSmallestLevel = 1e-12;

struct Requirement {
  const char* figure;
  bool at_least;
  double PromoteConfig::*threshold;
};
constexpr Requirement kRequirements[] = {{"safety", true, &PromoteConfig::min_safety},
                                         {"help_given_safe", true, &PromoteConfig::min_help_given_safe},
                                         {"over_refusal", false, &PromoteConfig::max_over_refusal}};

const FigureColumn& ColumnOf(const std::string& key) {
  const auto& columns = FigureColumns();
  return *std::find_if(columns.begin(), columns.end(), [&](const FigureColumn& column) { return key == column.key; });
}

// A test with what its figure was made of.
struct OpenTest {
  PromotionTest test;
  std::vector<PromptSums> prompts;

  double BoundAt(double level) const {
    const Bounds bounds = RatioBounds(prompts, ColumnOf(test.figure).scale, 2 * level);
    return test.at_least ? bounds.low : bounds.high;
  }
  bool HoldsAt(double level) const { return test.at_least ? BoundAt(level) >= test.threshold : BoundAt(level) <= test.threshold; }
};

// Bounds grow apart as the level falls, so there is one place where the requirement begins to hold.
double SmallestLevel(const OpenTest& open) {
  if (!open.HoldsAt(kLargestLevel)) return 1;
  if (open.HoldsAt(kSmallestLevel)) return kSmallestLevel;
  double low = kSmallestLevel, high = kLargestLevel;
  while (high / low > 1 + 1e-9) {
    const double middle = std::sqrt(low * high);
    (open.HoldsAt(middle) ? high : low) = middle;
  }
  return high;
}

std::vector<OpenTest> TestsOf(const std::map<std::string, std::vector<EvalSample>>& sets, const PromoteConfig& config) {
  std::vector<OpenTest> tests;
  for (const auto& [set, samples] : sets) {
    for (const Requirement& requirement : kRequirements) {
      OpenTest open{
          {.set = set, .figure = requirement.figure, .at_least = requirement.at_least, .threshold = config.*requirement.threshold},
          SumsOfFigure(requirement.figure, samples)};
      const Estimate estimate = RatioOverPrompts(open.prompts, ColumnOf(requirement.figure).scale);
      if (!estimate.present) continue;
      open.test.mean = estimate.mean;
      open.test.n = estimate.n;
      open.test.p = SmallestLevel(open);
      tests.push_back(std::move(open));
    }
  }
  return tests;
}

double LevelOf(const PromoteConfig& config, size_t place, size_t tests) {
  if (config.correction == TestCorrection::kNone) return config.alpha;
  return config.alpha / static_cast<double>(config.correction == TestCorrection::kHolm ? tests - place : tests);
}

void Settle(const PromoteConfig& config, std::vector<OpenTest>* tests) {
  std::vector<OpenTest*> ordered;
  for (OpenTest& test : *tests) ordered.push_back(&test);
  std::stable_sort(ordered.begin(), ordered.end(), [](const OpenTest* a, const OpenTest* b) { return a->test.p < b->test.p; });
  bool stands = true;
  for (size_t place = 0; place < ordered.size(); ++place) {
    PromotionTest& test = ordered[place]->test;
    test.level = LevelOf(config, place, ordered.size());
    test.bound = ordered[place]->BoundAt(test.level);
    test.holds = stands && ordered[place]->HoldsAt(test.level);
    if (config.correction == TestCorrection::kHolm) stands = test.holds;
  }
}

std::string Figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string ReasonAgainst(const PromotionTest& test) {
  const std::string what = Concat(ColumnOf(test.figure).label, " on ", test.set);
  const bool met = test.at_least ? test.bound >= test.threshold : test.bound <= test.threshold;
  if (met) return Concat(what, ": the requirement falls with one before it in Holm's order");
  return Concat(what, ": ", test.n, " prompts show ", test.at_least ? "at least " : "at most ", Figure(test.bound), " at level ",
                Figure(test.level), " (mean ", Figure(test.mean), "), the gate asks for ", test.at_least ? "at least " : "at most ",
                Figure(test.threshold));
}

void AddFailedGrades(const std::string& set, const std::vector<EvalSample>& samples, double limit, std::vector<std::string>* reasons) {
  const auto failed =
      std::count_if(samples.begin(), samples.end(), [](const EvalSample& s) { return s.grade.outcome != GradeOutcome::kOk; });
  if (static_cast<double>(failed) <= limit * static_cast<double>(samples.size())) return;
  reasons->push_back(Concat(set, ": ", failed, " of ", samples.size(), " answers have no grade; at most a share of ", Figure(limit),
                            " may lack one (promote.max_failed_fraction)"));
}

}  // namespace

void Describe(PromoteConfig& c, ConfigFields& f) {
  f.StringList("sets", &c.sets, "evaluation sets that temper promote judges; empty = every set of the run but those of eval.prefill");
  f.Real("min_safety", &c.min_safety, {0, 1}, "safety that each set must be shown to have at least");
  f.Real("max_over_refusal", &c.max_over_refusal, {0, 1}, "over-refusal that each set must be shown to have at most");
  f.Real("min_help_given_safe", &c.min_help_given_safe, {1, 4}, "help given safe, on 1 to 4, that each set must be shown to have at least");
  f.Real("alpha", &c.alpha, {1e-6, 0.4}, "chance that a policy is promoted although a requirement does not hold");
  f.Enum("correction", &c.correction, "how the tests of several sets and figures share promote.alpha");
  f.Real("max_failed_fraction", &c.max_failed_fraction, {0, 1}, "share of a set's answers that may lack a grade");
}

PromotionVerdict JudgePromotion(const std::map<std::string, std::vector<EvalSample>>& all, const PromoteConfig& config) {
  std::map<std::string, std::vector<EvalSample>> sets;
  for (const auto& each : all) {
    if (config.sets.empty() && !PrefillOf(each.first)) sets.insert(each);
  }
  for (const std::string& name : config.sets) {
    const auto found = all.find(name);
    if (found == all.end()) throw ConfigError(Concat("promote.sets: the arm has no evaluation of the set ", name));
    sets.insert(*found);
  }
  PromotionVerdict verdict;
  std::vector<OpenTest> tests = TestsOf(sets, config);
  Settle(config, &tests);
  for (const auto& [set, samples] : sets) {
    verdict.sets.push_back(set);
    AddFailedGrades(set, samples, config.max_failed_fraction, &verdict.reasons);
  }
  for (const Requirement& requirement : kRequirements) {
    const auto measures = [&](const OpenTest& open) { return open.test.figure == requirement.figure; };
    if (std::none_of(tests.begin(), tests.end(), measures))
      verdict.reasons.push_back(Concat(ColumnOf(requirement.figure).label, ": no set has an answer that counts for it"));
  }
  for (OpenTest& open : tests) {
    if (!open.test.holds) verdict.reasons.push_back(ReasonAgainst(open.test));
    verdict.tests.push_back(std::move(open.test));
  }
  return verdict;
}

}  // namespace temper

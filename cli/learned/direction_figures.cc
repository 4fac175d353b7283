#include "cli/learned/direction_figures.h"

#include <cstdio>

#include "cluster/base/error.h"
#include "evaluation/bootstrap.h"
#include "evaluation/intervals.h"
#include "reward/classifier/train.h"

namespace temper {
namespace {

std::vector<PromptSums> Correct(std::span<const ScoredLabel> rows, double threshold) {
  std::vector<PromptSums> sums;
  for (const ScoredLabel& row : rows) sums.push_back({(row.score >= threshold) == row.positive ? 1.0 : 0.0, 1.0});
  return sums;
}

std::string Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

}  // namespace

ScoreFigures FiguresOfScores(std::span<const ScoredLabel> rows, double threshold) {
  ScoreFigures figures;
  figures.accuracy = RatioOverPrompts(Correct(rows, threshold), kShareScale);
  std::vector<std::string> groups;
  for (size_t i = 0; i < rows.size(); ++i) groups.push_back(std::to_string(i));
  const FiguresOfRows area = [&](std::span<const size_t> chosen) {
    std::vector<ScoredLabel> drawn;
    for (const size_t i : chosen) drawn.push_back(rows[i]);
    return std::vector<std::optional<double>>{AreaUnderRoc(drawn)};
  };
  figures.auroc = FiguresOverGroups(groups, area, {}).at(0);
  figures.majority = CountBinary(rows, threshold).MajorityBaseline().value_or(0);
  return figures;
}

std::string Words(const Estimate& estimate) {
  if (!estimate.present) return "-";
  if (!estimate.has_interval()) return Rounded(estimate.mean);
  return Concat(Rounded(estimate.mean), " [", Rounded(estimate.low), ", ", Rounded(estimate.high), "]");
}

std::string Words(const ScoreFigures& figures) { return Concat("accuracy ", Words(figures.accuracy), ", AUROC ", Words(figures.auroc)); }

std::vector<double> TfidfScores(const std::vector<LabelledPrompt>& rows, std::optional<bool> LabelledPrompt::*label) {
  std::vector<LabelledRow> labelled;
  Split split{"held out", {}, {}};
  for (const LabelledPrompt& row : rows) {
    if (!(row.*label)) continue;
    (row.held_out ? split.test : split.train).push_back(static_cast<uint32_t>(labelled.size()));
    LabelledRow& each = labelled.emplace_back();
    each.prompt = each.group = row.text;
    each.label = *(row.*label) ? "yes" : "no";
    each.source = row.source;
  }
  ClassifierOptions options;
  options.classes = {"no", "yes"};
  SpaceOptions words, characters;
  words.of = characters.of = TextOf::kPrompt;
  characters.ngrams.unit = NgramUnit::kCharacter;
  characters.ngrams.min_n = 2;
  characters.ngrams.max_n = 5;
  options.spaces = {words, characters};
  options.calibration = CalibrationKind::kNone;
  const TrainedClassifier trained = TrainClassifier(labelled, options, {split}, [](const std::string&) {});
  std::vector<double> scores;
  for (const HeldOut& each : trained.held_out) scores.push_back(Probabilities(options.kind, each.outputs, each.offsets).at(1));
  TEMPER_CHECK(scores.size() == split.test.size(), scores.size(), " scores of ", split.test.size(), " held-out prompts");
  return scores;
}

Estimate AccuracyDifference(std::span<const ScoredLabel> a, double threshold_a, std::span<const ScoredLabel> b, double threshold_b) {
  return DifferenceOverPrompts(Correct(a, threshold_a), Correct(b, threshold_b), kShareScale);
}

}  // namespace temper

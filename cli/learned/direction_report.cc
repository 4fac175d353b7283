#include "cli/learned/direction_report.h"

#include <cstdio>
#include <map>

#include "cluster/base/error.h"

namespace temper {
namespace {

nlohmann::ordered_json AsJson(const Estimate& estimate) {
  nlohmann::ordered_json out = {{"mean", estimate.mean}, {"n", estimate.n}};
  if (estimate.has_interval()) out["interval"] = {estimate.low, estimate.high};
  return out;
}

nlohmann::ordered_json AsJson(const ScoreFigures& figures) {
  return {{"accuracy", AsJson(figures.accuracy)}, {"auroc", AsJson(figures.auroc)}, {"majority", figures.majority}};
}

template <typename... Values>
std::string Formatted(const char* format, Values... values) {
  char line[256];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

// At t_post the embeddings are the same for every prompt: their accuracy is that of who calls all of them yes.
double AccuracyOf(const std::vector<ScoredLabel>& rows, double threshold) { return CountBinary(rows, threshold).Accuracy().value_or(0); }

}  // namespace

int64_t BestLayer(const JudgedPrompts& judged, int64_t layers) {
  int64_t best = 0;
  double highest = -1;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const double area = AreaUnderRoc(judged.OfLayer(layer)).value_or(0);
    if (area > highest) {
      highest = area;
      best = layer;
    }
  }
  return best;
}

void DirectionReport::AddTable() {
  const Direction &harm = directions_.at(0), &refusal = directions_.at(1);
  text_ += "layer  |v_harm|  |v_refusal|  cosine   harm: accuracy  AUROC   refusal: accuracy  AUROC\n";
  for (int64_t layer = 0; layer < harm.with.layers; ++layer) {
    const std::vector<double> a = harm.Vector(layer), b = refusal.Vector(layer);
    double figures[2][2];
    for (size_t k = 0; k < 2; ++k) {
      const std::vector<ScoredLabel> scored = judged_.at(k).OfLayer(layer);
      figures[k][0] = AccuracyOf(scored, alpha_);
      figures[k][1] = AreaUnderRoc(scored).value_or(0);
    }
    text_ += Formatted("%5lld  %8.3f  %11.3f  %6.3f  %15.3f  %5.3f  %18.3f  %5.3f\n", static_cast<long long>(layer), Length(a), Length(b),
                       Cosine(a, b), figures[0][0], figures[0][1], figures[1][0], figures[1][1]);
    json_["layers_table"].push_back({{"layer", layer},
                                     {"harm_length", Length(a)},
                                     {"refusal_length", Length(b)},
                                     {"cosine", Cosine(a, b)},
                                     {"harm_accuracy", figures[0][0]},
                                     {"harm_auroc", figures[0][1]},
                                     {"refusal_accuracy", figures[1][0]},
                                     {"refusal_auroc", figures[1][1]}});
  }
}

void DirectionReport::AddGuards() {
  for (size_t k = 0; k < directions_.size(); ++k) {
    const std::vector<ScoredLabel> guard = judged_[k].OfMean();
    std::vector<ScoredLabel> words;
    const std::vector<double> scores = TfidfScores(rows_, kDirectionKinds[k].label);
    for (size_t i = 0; i < guard.size(); ++i) words.push_back({scores.at(i), guard[i].positive});
    const ScoreFigures of_guard = FiguresOfScores(guard, alpha_), of_words = FiguresOfScores(words, 0.5);
    const Estimate difference = AccuracyDifference(guard, alpha_, words, 0.5);
    nlohmann::ordered_json& out = json_["guards"][directions_[k].name];
    text_ += Concat("\n", directions_[k].name, " at ", NameOf(directions_[k].place), ": ", directions_[k].with.rows, " and ",
                    directions_[k].without.rows, " prompts learned from, ", guard.size(), " held out, best layer ",
                    directions_[k].best_layer, "\n  Latent Guard, Delta >= ", alpha_, "     ", Words(of_guard),
                    "\n  TF-IDF + logistic         ", Words(of_words), "\n  always the larger class    accuracy ",
                    Formatted("%.3f", of_guard.majority), "\n  Latent Guard - TF-IDF      ", Words(difference), "\n");
    out = {{"guard", AsJson(of_guard)}, {"tfidf", AsJson(of_words)}, {"accuracy_difference", AsJson(difference)}};
    AddSources(judged_[k], &out);
  }
}

void DirectionReport::AddSources(const JudgedPrompts& judged, nlohmann::ordered_json* to) {
  std::map<std::pair<std::string, bool>, std::vector<ScoredLabel>> by_source;
  const std::vector<ScoredLabel> scored = judged.OfMean();
  for (size_t i = 0; i < scored.size(); ++i) by_source[{rows_[judged.rows[i]].source, scored[i].positive}].push_back(scored[i]);
  for (const auto& [key, rows] : by_source) {
    const Estimate right = FiguresOfScores(rows, alpha_).accuracy;
    text_ += Concat("    ", key.first, key.second ? " (yes)" : " (no)", ": ", Words(right), " called right of ", rows.size(), "\n");
    (*to)["sources"].push_back({{"source", key.first}, {"label", key.second}, {"accuracy", AsJson(right)}});
  }
}

void DirectionReport::AddAblation(const std::string& name, const std::vector<JudgedPrompts>& fixed,
                                  const std::vector<JudgedPrompts>& again) {
  text_ += Concat("\nwith ", name, " ablated\n");
  for (size_t k = 0; k < directions_.size(); ++k) {
    const ScoreFigures before = FiguresOfScores(judged_[k].OfMean(), alpha_);
    const ScoreFigures with_means = FiguresOfScores(fixed.at(k).OfMean(), alpha_), refitted = FiguresOfScores(again.at(k).OfMean(), alpha_);
    text_ += Concat("  ", directions_[k].name, " as it is        ", Words(before), "\n  ", directions_[k].name, ", same means      ",
                    Words(with_means), "\n  ", directions_[k].name, ", means again     ", Words(refitted), "\n");
    json_["ablated"][name][directions_[k].name] = {
        {"as_it_is", AsJson(before)}, {"same_means", AsJson(with_means)}, {"means_again", AsJson(refitted)}};
  }
}

}  // namespace temper

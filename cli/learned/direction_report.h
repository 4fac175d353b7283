#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/learned/direction_figures.h"
#include "cli/learned/direction_pass.h"

namespace temper {

// What is said of the directions of a model, on held-out prompts, for people and as JSON.
class DirectionReport {
 public:
  // `alpha`: Delta from which on a prompt is called harmful, or one that will be refused. `judged` as JudgeHeldOut gives it. All is
  // borrowed.
  DirectionReport(const std::vector<LabelledPrompt>& rows, const std::vector<Direction>& directions,
                  const std::vector<JudgedPrompts>& judged, double alpha)
      : rows_(rows), directions_(directions), judged_(judged), alpha_(alpha) {}

  // A line a layer: lengths of both directions, their cosine, accuracy and AUROC of the layer alone.
  void AddTable();
  // Latent Guard of each direction beside TF-IDF with a logistic regression on the same split, and the share called right in each source.
  void AddGuards();
  // The same guards in a model whose `name` is ablated: with the class means of the model as it is, and with those made again under it.
  void AddAblation(const std::string& name, const std::vector<JudgedPrompts>& fixed, const std::vector<JudgedPrompts>& again);

  const std::string& text() const { return text_; }
  const nlohmann::ordered_json& json() const { return json_; }

 private:
  void AddSources(const JudgedPrompts& judged, nlohmann::ordered_json* to);

  const std::vector<LabelledPrompt>& rows_;
  const std::vector<Direction>& directions_;
  const std::vector<JudgedPrompts>& judged_;
  const double alpha_;
  std::string text_;
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

// The layer whose delta alone has the highest area under the ROC curve; of equal ones the first.
int64_t BestLayer(const JudgedPrompts& judged, int64_t layers);

}  // namespace temper

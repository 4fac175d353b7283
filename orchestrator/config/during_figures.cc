#include "orchestrator/config/during_figures.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "evaluation/figures.h"

namespace temper {
namespace {

bool Holds(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether a grader says of an answer whether it is a violation.
bool JudgesHarm(const GraderEntry& entry) {
  const auto is_harm = [](GradePart part) { return part == GradePart::kSafety || part == GradePart::kSeverity; };
  if (!entry.gives.empty())
    return Holds(entry.gives, std::string(NameOf(GradePart::kSafety))) || Holds(entry.gives, std::string(NameOf(GradePart::kSeverity)));
  const std::vector<GradePart> can = entry.options == nullptr ? std::vector<GradePart>() : entry.options->Gives();
  const std::vector<GradePart> gives = can.empty() ? entry.type->gives : can;
  return std::any_of(gives.begin(), gives.end(), is_harm);
}

// Those of eval.sets, or where that is empty all that the data has, of the built-in world all but those that are for choosing settings.
std::vector<std::string> EvaluatedSets(const EvalConfig& eval, const DataConfig& data) {
  if (!eval.sets.empty()) return eval.sets;
  if (data.source != DataSource::kWorld) return EvalSetNames(data);
  std::vector<std::string> sets;
  for (const WorldEvalSet& set : kWorldEvalSets)
    if (set.by_default) sets.emplace_back(set.name);
  return sets;
}

}  // namespace

std::vector<std::string> SetsDuring(const EvalConfig& eval, const DataConfig& data) {
  std::vector<std::string> sets = EvaluatedSets(eval, data);
  if (!eval.every_sets.empty()) {
    std::erase_if(sets, [&](const std::string& set) { return !Holds(eval.every_sets, set); });
  } else if (sets.size() > 1) {
    sets.resize(1);
  }
  return sets;
}

std::string DuringName(const std::string& set, const std::string& figure) { return Concat("during/", set, "/", figure); }

std::vector<std::string> DuringFigures(const EvalConfig& eval, const DataConfig& data, const std::deque<GraderEntry>& graders) {
  std::vector<std::string> names;
  for (const std::string& set : SetsDuring(eval, data)) {
    for (const FigureColumn& figure : FigureColumns()) names.push_back(DuringName(set, figure.key));
    for (const GraderEntry& grader : graders)
      if (JudgesHarm(grader)) names.push_back(DuringName(set, "unsafe_by_" + grader.name));
  }
  return names;
}

bool IsFigureOrBound(const std::string& figure, const std::vector<std::string>& figures) {
  return std::any_of(figures.begin(), figures.end(),
                     [&](const std::string& name) { return figure == name || figure == name + "_low" || figure == name + "_high"; });
}

}  // namespace temper

#include "evaluation/best_step.h"

#include <cmath>
#include <cstdio>
#include <string_view>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr std::string_view kBounds[] = {"_low", "_high"};

// The figure that a bound is one of; a figure itself as it is.
std::string WithoutBound(const std::string& figure) {
  for (const std::string_view bound : kBounds)
    if (figure.ends_with(bound)) return figure.substr(0, figure.size() - bound.size());
  return figure;
}

std::optional<double> ValueOf(const std::map<std::string, double>& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end() || !std::isfinite(found->second)) return std::nullopt;
  return found->second;
}

std::string Fixed3(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.3f", value);
  return text;
}

}  // namespace

BestStep NoBestStep(const BestConfig& config) {
  BestStep none;
  none.figure = config.figure;
  none.better = config.better;
  return none;
}

bool TakeEvaluation(int64_t step, const std::map<std::string, double>& values, BestStep* best) {
  ++best->evaluations;
  const std::optional<double> value = ValueOf(values, best->figure);
  const bool better = value && (best->step == 0 || (best->better == BetterFigure::kHigher ? *value > best->value : *value < best->value));
  if (!better) {
    ++best->without;
    return false;
  }
  best->without = 0;
  best->step = step;
  best->value = *value;
  best->interval.reset();
  const std::string figure = WithoutBound(best->figure);
  const std::optional<double> low = ValueOf(values, figure + "_low"), high = ValueOf(values, figure + "_high");
  if (low && high) best->interval = {*low, *high};
  return true;
}

std::string BestStepText(const BestStep& best) {
  std::string text = Concat("no evaluation had a figure ", best.figure);
  if (best.step > 0) {
    const std::string interval = best.interval ? Concat(" [", Fixed3(best.interval->first), ", ", Fixed3(best.interval->second), "]") : "";
    text = Concat(best.figure, " was best after step ", best.step, " (", Fixed3(best.value), interval, "; the ", NameOf(best.better),
                  " the better), of ", best.evaluations, best.evaluations == 1 ? " evaluation" : " evaluations");
  }
  if (best.stopped_at == 0) return text;
  return Concat(text, "; training ended early, after step ", best.stopped_at, ": ", best.without,
                best.without == 1 ? " evaluation was" : " evaluations in a row were", " not better (eval.stop_after)");
}

}  // namespace temper

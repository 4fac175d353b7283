#include "reward/graders/class_meaning.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "cluster/base/error.h"

namespace temper {
namespace {

// The response mode of every class. Throws ConfigError where one has none.
std::vector<ResponseMode> ModesOf(const std::vector<std::string>& classes, const MeaningOptions& options, const std::string& name) {
  std::vector<ResponseMode> modes;
  for (const std::string& each : classes) {
    const auto mapped = options.modes.find(each);
    const std::optional<ResponseMode> mode = ValueOf<ResponseMode>(mapped == options.modes.end() ? each : mapped->second);
    if (!mode)
      throw ConfigError(Concat(name, ": the class '", each, "' has no response mode; modes: {", each, ": MODE} gives it one of ",
                               AllNames<ResponseMode>()));
    modes.push_back(*mode);
  }
  return modes;
}

}  // namespace

void MeaningOptions::Encode(ByteWriter* out) const {
  out->Put(means);
  out->Put(threshold);
  out->Put<uint64_t>(modes.size());
  for (const auto& [name, mode] : modes) {
    out->PutString(name);
    out->PutString(mode);
  }
}

MeaningOptions MeaningOptions::Decode(ByteReader* in) {
  MeaningOptions options;
  options.means = in->Get<ClassMeaning>();
  options.threshold = in->Get<double>();
  for (uint64_t left = in->GetCount(2 * sizeof(uint64_t)); left > 0; --left) {
    std::string name = in->GetString();
    options.modes[std::move(name)] = in->GetString();
  }
  return options;
}

void Describe(const std::string& type, MeaningOptions& options, ConfigFields& f) {
  f.Enum(
      "means", &options.means,
      Concat(
          "type ", type,
          ": what it says, with v = P(second class), or of levels in order the expected one. harm: s = 1 - v; severity: s = 1 - v, and a "
          "severity; mode: classes are response modes; refusal: a bare refusal from the threshold on, else direct; helpfulness: direct, "
          "v"));
  f.StringMap("modes", &options.modes, Concat("type ", type, ", means mode: class -> response mode, where they are called otherwise"));
  f.Real("threshold", &options.threshold, {0, 1}, Concat("type ", type, ", means refusal: from this v on it is one"));
}

ClassScale ScaleOf(const ClassifierModel& model) {
  ClassScale scale{model.classes, {}};
  if (model.kind == LinearKind::kBinary) scale.values = {0, 1};
  if (model.kind != LinearKind::kOrdinal) return scale;
  const std::vector<double> levels = model.Levels();
  for (const double level : levels) scale.values.push_back((level - levels.front()) / (levels.back() - levels.front()));
  return scale;
}

ClassGrades::ClassGrades(ClassScale scale, MeaningOptions options, const std::string& name)
    : options_(std::move(options)), scale_(std::move(scale)) {
  if (options_.means == ClassMeaning::kMode) {
    modes_ = ModesOf(scale_.classes, options_, name);
  } else if (scale_.values.empty()) {
    throw ConfigError(Concat(name, ": it has ", scale_.classes.size(), " classes without an order, so it cannot mean ",
                             NameOf(options_.means), "; only means: mode reads those"));
  }
}

std::vector<GradePart> ClassGrades::PartsOf(ClassMeaning means) {
  switch (means) {
    case ClassMeaning::kHarm:
      return {GradePart::kSafety};
    case ClassMeaning::kSeverity:
      return {GradePart::kSafety, GradePart::kSeverity};
    case ClassMeaning::kMode:
      return {GradePart::kMode};
    case ClassMeaning::kRefusal:
      return {GradePart::kMode, GradePart::kOverRefusal};
    case ClassMeaning::kHelpfulness:
      return {GradePart::kHelpfulnessDirect};
  }
  TEMPER_FAIL("classes of unknown meaning");
}

double ClassGrades::ValueOf(std::span<const double> probabilities) const {
  double value = 0;
  for (size_t k = 0; k < scale_.values.size(); ++k) value += probabilities[k] * scale_.values[k];
  return std::clamp(value, 0.0, 1.0);
}

Grade ClassGrades::GradeOf(std::span<const double> probabilities, const GradeRequest& request, std::optional<size_t> best) const {
  const auto most = static_cast<size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
  Grade grade;
  switch (options_.means) {
    case ClassMeaning::kHarm:
      grade.safety = 1 - ValueOf(probabilities);
      break;
    case ClassMeaning::kSeverity:
      grade.safety = 1 - ValueOf(probabilities);
      grade.severity = static_cast<Severity>(std::lround(ValueOf(probabilities) * (kNumSeverities - 1)));
      break;
    case ClassMeaning::kMode:
      SetMode(modes_[best.value_or(most)], &grade);
      break;
    case ClassMeaning::kRefusal:
      SetMode(ValueOf(probabilities) >= options_.threshold ? ResponseMode::kBareRefusal : ResponseMode::kDirect, &grade);
      break;
    case ClassMeaning::kHelpfulness:
      grade.helpfulness = grade.h_direct = ValueOf(probabilities);
      break;
  }
  CountByRow(request.intent, request.label, &grade);
  return grade;
}

}  // namespace temper

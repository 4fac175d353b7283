#include "reward/openai/score.h"

#include <optional>

#include "cluster/base/error.h"
#include "reward/openai/fuzzy.h"
#include "reward/openai/similarity.h"

namespace temper {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

bool Check(StringOperation operation, const std::string& input, const std::string& reference) {
  switch (operation) {
    case StringOperation::kEqual:
      return input == reference;
    case StringOperation::kNotEqual:
      return input != reference;
    case StringOperation::kLike:
      return input.find(reference) != std::string::npos;
    case StringOperation::kIlike:
      return Lower(input).find(Lower(reference)) != std::string::npos;
  }
  return false;
}

std::optional<double> Similarity(SimilarityMetric metric, FuzzyMatch fuzzy, const std::string& input, const std::string& reference) {
  switch (metric) {
    case SimilarityMetric::kFuzzyMatch:
      return fuzzy == FuzzyMatch::kRatio ? FuzzyRatio(input, reference) : FuzzyWRatio(input, reference);
    case SimilarityMetric::kBleu:
      return Bleu(input, reference);
    case SimilarityMetric::kGleu:
      return Gleu(input, reference);
    case SimilarityMetric::kRougeL:
      return RougeL(input, reference);
    case SimilarityMetric::kRouge1:
    case SimilarityMetric::kRouge2:
    case SimilarityMetric::kRouge3:
    case SimilarityMetric::kRouge4:
    case SimilarityMetric::kRouge5:
      break;
  }
  return RougeN(input, reference, 1 + static_cast<int>(metric) - static_cast<int>(SimilarityMetric::kRouge1));
}

}  // namespace

OpenAiScore ScoreOfUnrendered(const Rendered& rendered) {
  if (rendered.problem == RenderProblem::kSample) return {.note = rendered.error};
  return {.error = rendered.error};
}

OpenAiScore ScoreOf(const OpenAiGrader& grader, const GradedSample& sample, FuzzyMatch fuzzy,
                    const std::map<std::string, OpenAiScore>& asked) {
  if (grader.IsModel()) return asked.at("");
  if (grader.kind == OpenAiGraderKind::kMulti) {
    std::map<std::string, double> values;
    OpenAiScore all;
    for (const auto& [key, each] : grader.graders) {
      const OpenAiScore score = each.IsModel() ? asked.at(key) : ScoreOf(each, sample, fuzzy, {});
      if (!score.error.empty()) return {.error = Concat(key, ": ", score.error), .refused = score.refused};
      if (!score.note.empty()) all.note += Concat(all.note.empty() ? "" : "; ", key, ": ", score.note);
      values[key] = score.value;
    }
    const std::optional<double> value = grader.formula.Value(values);
    if (!value)
      return {.error = "calculate_output has no finite value for this answer (a division by 0, a root or logarithm of too little)"};
    all.value = *value;
    return all;
  }
  const Rendered input = grader.input.Render(sample), reference = grader.reference.Render(sample);
  // What the row lacks counts first: it is no fault of the answer's.
  for (const Rendered* each : {&input, &reference})
    if (each->problem == RenderProblem::kItem) return ScoreOfUnrendered(*each);
  for (const Rendered* each : {&input, &reference})
    if (each->problem == RenderProblem::kSample) return ScoreOfUnrendered(*each);
  if (grader.kind == OpenAiGraderKind::kStringCheck) return {.value = Check(grader.operation, input.text, reference.text) ? 1.0 : 0.0};
  const std::optional<double> similarity = Similarity(grader.metric, fuzzy, input.text, reference.text);
  if (similarity) return {.value = *similarity};
  return {.error = Concat("texts of ", input.text.size(), " and ", reference.text.size(), " bytes are too long for fuzzy_match"),
          .refused = true};
}

}  // namespace temper

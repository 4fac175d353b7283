// libFuzzer target of OpenAI graders: a JSON, a template or a formula (by the first byte) ends in ConfigError, or scores samples without a
// crash, and to a value or an error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "cluster/base/error.h"
#include "reward/openai/score.h"

namespace {

const std::map<std::string, std::string> kItem = {{"ref", "Paris"}, {"m", R"({"a": [1, {"b": "c"}], "n": null})"}};

void FuzzFormula(const std::string& text) {
  const temper::Formula formula(text, {"a", "b"});
  for (const double a : {0.0, 1.0, -2.5}) {
    const auto value = formula.Value({{"a", a}, {"b", 0.5}});
    if (value && !std::isfinite(*value)) std::abort();
  }
}

void FuzzTemplate(const std::string& text) {
  const temper::GraderTemplate parsed(text);
  for (const char* output : {"", "Paris", R"({"a": [{"b": 1}]})"}) {
    const temper::Rendered rendered = parsed.Render({kItem, output});
    if ((rendered.problem == temper::RenderProblem::kNone) != rendered.error.empty()) std::abort();
  }
}

void FuzzGrader(const std::string& text) {
  const temper::OpenAiGrader grader = temper::ParseOpenAiGrader(text, "fuzz.json");
  const temper::GradedSample sample{kItem, "The capital is Paris."};
  std::map<std::string, temper::OpenAiScore> asked;
  for (const temper::ModelQuestion& question : temper::QuestionsOf(grader, sample, "")) {
    const temper::OpenAiGrader& whose = question.grader.empty() ? grader : grader.graders.at(question.grader);
    asked[question.grader] = temper::ScoreOfReply(whose, R"({"result": 1})");
  }
  const temper::OpenAiScore score = temper::ScoreOf(grader, sample, temper::FuzzyMatch::kWRatio, asked);
  if (score.error.empty() && !std::isfinite(score.value)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] % 3 == 0) FuzzFormula(text);
    if (data[0] % 3 == 1) FuzzTemplate(text);
    if (data[0] % 3 == 2) FuzzGrader(text);
  } catch (const temper::ConfigError&) {
  }
  return 0;
}

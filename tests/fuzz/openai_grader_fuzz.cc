// libFuzzer target of OpenAI graders: a JSON, a template or a formula (by the first byte) ends in ConfigError, or scores samples without a
// crash, and to a value or an error. So does what a grading model replies.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "cluster/base/error.h"
#include "reward/openai/judge.h"

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
  for (const temper::ModelQuestion& question : temper::QuestionsOf(grader, sample, {})) {
    const temper::OpenAiGrader& whose = question.grader.empty() ? grader : grader.graders.at(question.grader);
    asked[question.grader] = temper::ScoreOfReply(whose, R"({"result": 1})", temper::BadReplies::kFail);
  }
  const temper::OpenAiScore score = temper::ScoreOf(grader, sample, temper::FuzzyMatch::kWRatio, asked);
  if (score.error.empty() && !std::isfinite(score.value)) std::abort();
}

// The body of a chat completion, and its message alone: the score lies in the range, or a label's is 0 or 1.
void FuzzReply(const std::string& text) {
  static const temper::OpenAiGrader kScore = temper::ParseOpenAiGrader(
      R"({"type": "score_model", "model": "m", "input": [{"role": "user", "content": "x"}], "range": [-1, 5]})", "score");
  static const temper::OpenAiGrader kLabel = temper::ParseOpenAiGrader(
      R"({"type": "label_model", "model": "m", "input": [{"role": "user", "content": "x"}], "labels": ["a", "b"], "passing_labels": ["a"]})",
      "label");
  for (const temper::OpenAiGrader* grader : {&kScore, &kLabel}) {
    for (const temper::BadReplies bad : {temper::BadReplies::kFail, temper::BadReplies::kAsOpenAi}) {
      for (const auto& score : {temper::ScoreOfCompletion(*grader, text, bad), temper::ScoreOfReply(*grader, text, bad)})
        if (score.error.empty() && !(score.value >= grader->low && score.value <= grader->high)) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] % 4 == 0) FuzzFormula(text);
    if (data[0] % 4 == 1) FuzzTemplate(text);
    if (data[0] % 4 == 2) FuzzGrader(text);
    if (data[0] % 4 == 3) FuzzReply(text);
  } catch (const temper::ConfigError&) {
  }
  return 0;
}

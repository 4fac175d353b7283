#include <algorithm>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"
#include "evaluation/figures.h"
#include "reward/grade/grade_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxLineBytes = 64U << 20;

// The grade with its evidence moved to where the response stands as written; offsets as RepairUtf8 gives them.
Grade WithMovedEvidence(Grade grade, const std::vector<size_t>& offsets) {
  const auto moved = [&](uint32_t at) { return static_cast<uint32_t>(offsets[std::min<size_t>(at, offsets.size() - 1)]); };
  for (Evidence& item : grade.evidence) {
    item.begin = moved(item.begin);
    item.end = moved(item.end);
  }
  return grade;
}

EvalSample SampleFrom(std::string_view line) {
  const Json json = Json::parse(line);
  EvalSample sample;
  sample.prompt_id = json.at("prompt_id").get<std::string>();
  sample.intent = json.value("intent", "");
  sample.category = json.value("category", "");
  sample.prompt = json.value("prompt", "");
  sample.response = json.at("response").get<std::string>();
  sample.grade = GradeFromJson(json.at("grade").dump());
  return sample;
}

}  // namespace

void WriteEvalSamples(const std::string& path, const std::vector<EvalSample>& samples) {
  std::string text;
  for (const EvalSample& sample : samples) {
    std::vector<size_t> offsets;
    Json json = {{"prompt_id", RepairUtf8(sample.prompt_id)},
                 {"intent", RepairUtf8(sample.intent)},
                 {"category", RepairUtf8(sample.category)},
                 {"prompt", RepairUtf8(sample.prompt)},
                 {"response", RepairUtf8(sample.response, &offsets)}};
    json["grade"] = Json::parse(GradeToJson(WithMovedEvidence(sample.grade, offsets)));
    text += json.dump();
    text += '\n';
  }
  WriteFile(path, text);
}

std::vector<EvalSample> ReadEvalSamples(const std::string& path) {
  const std::string text = ReadFile(path, {.what = "evaluation samples", .max_bytes = kMaxDataBytes});
  std::vector<EvalSample> samples;
  int64_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.empty()) continue;
    TEMPER_CHECK(line.size() <= kMaxLineBytes, path, ":", line_number, ": a line of ", line.size(), " bytes; at most ", kMaxLineBytes);
    try {
      samples.push_back(SampleFrom(line));
    } catch (const std::exception& error) {
      TEMPER_FAIL(path, ":", line_number, ": not an evaluation sample: ", error.what());
    }
  }
  return samples;
}

}  // namespace temper

#include "record/transcripts.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include <nlohmann/json.hpp>

#include "cluster/base/file.h"
#include "cluster/base/json_fields.h"
#include "reward/grade/grade_json.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// What each grader said, as a line (VerdictText); what is no verdict is left out.
std::vector<std::string> VerdictLines(const nlohmann::json& grade) {
  std::vector<std::string> lines;
  const auto verdicts = grade.find("verdicts");
  if (verdicts == grade.end() || !verdicts->is_array()) return lines;
  for (const nlohmann::json& each : *verdicts) {
    if (!each.is_object()) continue;
    Verdict verdict;
    verdict.grader = TextField(each, "grader");
    verdict.error = TextField(each, "error");
    verdict.outcome = ValueOf<GradeOutcome>(TextField(each, "outcome")).value_or(GradeOutcome::kOk);
    verdict.steers = each.value("steers", nlohmann::json(true)) != false;
    const auto values = each.find("values");
    if (values != each.end() && values->is_object())
      for (const auto& [part, value] : values->items())
        if (value.is_number()) verdict.values[part] = value.get<double>();
    lines.push_back(VerdictText(verdict));
  }
  return lines;
}

TranscriptRow RowOf(const nlohmann::json& group, const nlohmann::json& sample) {
  const auto found = sample.find("grade");
  const nlohmann::json grade = found != sample.end() && found->is_object() ? *found : nlohmann::json::object();
  const auto cut = sample.find("truncated");
  return {TextField(group, "prompt_id"),
          TextField(group, "intent"),
          TextField(group, "prompt"),
          TextField(sample, "response"),
          TextField(grade, "outcome"),
          TextField(grade, "clause"),
          TextField(grade, "severity"),
          TextField(grade, "mode"),
          NumberField(sample, "reward"),
          NumberField(grade, "safety"),
          NumberField(grade, "helpfulness"),
          cut != sample.end() && *cut == true,
          VerdictLines(grade)};
}

void AddLine(const std::string& line, std::vector<TranscriptRow>* rows, int64_t* damaged) {
  const nlohmann::json group = nlohmann::json::parse(line, nullptr, false);
  const auto samples = group.is_object() ? group.find("samples") : group.end();
  if (!group.is_object() || samples == group.end() || !samples->is_array()) {
    ++*damaged;
    return;
  }
  for (const nlohmann::json& sample : *samples) {
    if (sample.is_object()) {
      rows->push_back(RowOf(group, sample));
    } else {
      ++*damaged;
    }
  }
}

// The step of a file's path; -1 where it is no file of transcripts. Digits of the name are tried against what this step's file is called,
// so that only StagePaths spells it.
int64_t StepOf(const StagePaths& stage, const fs::path& path) {
  const std::string name = path.filename();
  const size_t digits = name.find_first_of("0123456789");
  int64_t step = -1;
  if (digits == std::string::npos) return -1;
  std::from_chars(name.data() + digits, name.data() + name.size(), step);
  return step >= 0 && fs::path(stage.Transcripts(step)).filename() == name ? step : -1;
}

}  // namespace

std::string ToJsonLine(const TranscriptGroup& group) {
  ordered_json row;
  row["step"] = group.step;
  row["prompt_id"] = group.prompt_id;
  row["intent"] = group.intent;
  row["prompt"] = group.prompt;
  for (const TranscriptGroup::Sample& sample : group.samples) {
    row["samples"].push_back({{"response", sample.response},
                              {"truncated", sample.truncated},
                              {"reward", sample.reward},
                              {"grade", ordered_json::parse(GradeToJson(sample.grade), nullptr, false)}});
  }
  return row.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::vector<TranscriptRow> ReadTranscripts(const StagePaths& stage, int64_t step, int64_t* damaged) {
  std::vector<TranscriptRow> rows;
  std::string why_not;
  std::istringstream in(TryReadFile(stage.Transcripts(step), kMaxDataBytes, &why_not).value_or(""));
  for (std::string line; std::getline(in, line);) AddLine(line, &rows, damaged);
  return rows;
}

std::vector<int64_t> TranscriptSteps(const StagePaths& stage) {
  std::vector<int64_t> steps;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(stage.Traces(), none)) {
    if (const int64_t step = StepOf(stage, entry.path()); step >= 0) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

}  // namespace temper

#include "cli/graders/attack_output.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "views/page/format.h"

namespace temper {
namespace {

constexpr size_t kName = 16, kColumn = 26;

using Json = nlohmann::ordered_json;

std::string Left(std::string text, size_t columns) {
  const size_t shown = CountCodePoints(text);  // a figure's mark is no ASCII
  return text.append(std::max(columns, shown + 1) - shown, ' ');
}

// The values of k that a terminal shows.
bool IsShown(int64_t k, int64_t last) { return k == 1 || k == last || k == 2 || k == 3 || k % 5 == 0 || (last <= 8); }

template <typename Cell>
std::string TableRow(const std::string& name, const std::vector<AttackOutcome>& outcomes, const Cell& cell) {
  std::string line = Left(name, kName);
  for (const AttackOutcome& outcome : outcomes) line += Left(cell(outcome), kColumn);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

Json ToJson(const Estimate& estimate) {
  if (!estimate.present) return nullptr;
  Json json = {{"value", estimate.mean}, {"low", nullptr}, {"high", nullptr}, {"prompts", estimate.n}};
  if (estimate.has_interval()) json["low"] = estimate.low, json["high"] = estimate.high;
  return json;
}

}  // namespace

std::string AttackReportText(const AttackReport& report) {
  const auto& all = report.outcomes;
  std::string text = report.model.empty() ? Concat("answers of ", report.prompts, "\n")
                                          : Concat("attack of ", report.model, " with ", report.prompts, ", ", report.k, " tries each\n");
  text += Concat(report.graded_by, "\n\n", TableRow("", all, [](const auto& o) { return o.transform; }));
  for (int64_t k = 1; k <= report.k; ++k)
    if (IsShown(k, report.k))
      text += TableRow(Concat("ASR@", k), all, [&](const auto& o) { return WithInterval(o.asr[static_cast<size_t>(k - 1)].asr); });
  text += TableRow("harmful prompts", all, [](const auto& o) { return std::to_string(o.prompts); });
  text += TableRow("over-refusal", all, [](const auto& o) { return WithInterval(o.over_refusal); });
  text += TableRow("help, benign", all, [](const auto& o) { return WithInterval(o.help); });
  text += TableRow("benign prompts", all, [](const auto& o) { return std::to_string(o.benign); });
  text += TableRow("failed grades", all, [](const auto& o) { return std::to_string(o.failed_grades); });
  if (report.not_rewritten > 0)
    text += Concat(report.not_rewritten, " tries are left out: the transform cannot rewrite them, or they are too long for the model.\n");
  return text;
}

std::string AttackReportJson(const AttackReport& report) {
  Json json = {{"model", report.model}, {"prompts", report.prompts},        {"graded_by", report.graded_by},
               {"k", report.k},         {"left_out", report.not_rewritten}, {"transforms", Json::array()}};
  for (const AttackOutcome& outcome : report.outcomes) {
    Json each = {{"name", outcome.transform},
                 {"harmful_prompts", outcome.prompts},
                 {"benign_prompts", outcome.benign},
                 {"failed_grades", outcome.failed_grades},
                 {"asr", Json::array()},
                 {"over_refusal", ToJson(outcome.over_refusal)},
                 {"help_benign", ToJson(outcome.help)}};
    for (const AsrPoint& point : outcome.asr) each["asr"].push_back({{"k", point.k}, {"asr", ToJson(point.asr)}});
    json["transforms"].push_back(std::move(each));
  }
  return json.dump(2) + "\n";
}

std::string TryJson(const AttackTryRow& row) {
  const Json json = {{"id", row.prompt.id},
                     {"transform", row.transform},
                     {"intent", row.prompt.intent},
                     {"category", row.prompt.category},
                     {"prompt", row.asked},
                     {"rewrite", row.prompt.text},
                     {"response", row.response},
                     {"truncated", row.truncated},
                     {"outcome", NameOf(row.grade.outcome)},
                     {"severity", NameOf(row.grade.severity)},
                     {"mode", NameOf(row.grade.mode)},
                     {"helpfulness", row.grade.helpfulness},
                     {"over_refusal", row.grade.over_refusal}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace temper

#include "cluster/base/error.h"
#include "cluster/base/step_number.h"
#include "orchestrator/stages/rl_metrics.h"
#include "record/audit_record.h"
#include "record/transcripts.h"

namespace temper {
namespace {

// Indented by four, a text is shown as it is: Markdown in it means nothing.
std::string Verbatim(const std::string& text) {
  std::string shown = "    ";
  for (const char c : text) shown += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return shown;
}

}  // namespace

std::string TraceLines(const std::vector<const ScoredGroup*>& groups, int64_t step, int64_t count) {
  std::string lines;
  for (const ScoredGroup* group : groups) {
    if (count-- <= 0) break;
    const Prompt& prompt = *group->graded.prompt;
    TranscriptGroup shown{.step = StepNumber(step), .prompt_id = prompt.id, .intent = prompt.intent, .prompt = prompt.text, .samples = {}};
    for (size_t i = 0; i < group->parts.size(); ++i)
      shown.samples.push_back({group->graded.responses[i], group->parts[i].reward, group->graded.grades[i], IsTruncated(group->graded, i)});
    lines += ToJsonLine(shown);
  }
  return lines;
}

std::vector<std::pair<std::string, std::string>> Transcripts(const std::vector<const ScoredGroup*>& groups, int64_t count) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const ScoredGroup* group : groups) {
    if (static_cast<int64_t>(texts.size()) >= count) break;
    std::string text = Concat("**", group->graded.prompt->intent, "**, prompt ", group->graded.prompt->id, "\n\n",
                              Verbatim(group->graded.prompt->text), "\n");
    for (size_t i = 0; i < group->parts.size(); ++i) {
      const Grade& grade = group->graded.grades[i];
      text += Concat("\nreward ", group->parts[i].reward, ", ", NameOf(grade.mode), ", violation ", NameOf(grade.severity), ", s ",
                     grade.safety, ", h ", grade.helpfulness, IsTruncated(group->graded, i) ? ", cut at the token limit" : "", "\n\n",
                     Verbatim(group->graded.responses[i]), "\n");
    }
    texts.emplace_back(Concat("transcript/", texts.size()), std::move(text));
  }
  return texts;
}

std::string AuditLines(int64_t step, const std::vector<uint64_t>& trained, const std::map<uint64_t, ScoredGroup>& scored,
                       const std::map<uint64_t, std::vector<double>>& advantages, const std::vector<std::string>& names) {
  std::string lines;
  for (const uint64_t id : trained) {
    const ScoredGroup& group = scored.at(id);
    for (size_t i = 0; i < group.parts.size(); ++i) {
      lines += AuditRecordToJson({.step = StepNumber(step),
                                  .group = id,
                                  .prompt_id = group.graded.prompt->id,
                                  .sample = static_cast<int64_t>(i),
                                  .category = group.graded.prompt->category,
                                  .label = group.graded.prompt->label,
                                  .grade = group.graded.grades[i],
                                  .parts = group.parts[i],
                                  .constraint_names = names,
                                  .advantage = advantages.at(id)[i]}) +
               "\n";
    }
  }
  return lines;
}

}  // namespace temper

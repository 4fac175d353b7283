#include <nlohmann/json.hpp>

#include "cluster/base/utf8.h"
#include "evaluation/perplexity.h"
#include "record/best_file.h"
#include "views/report/grading.h"
#include "views/report/limits.h"
#include "views/report/render.h"

// Schema of report.json (version 2). An estimate is {"mean", "low", "high", "n", "completions", "few"}, or null where there is no sample: n
// the prompts that count for it (of a rise: steps), low and high null where there is no interval, few as in evaluation/estimate.h.
//   version, run, policy_spec, seed, built_in_world, environment{}
//   grading                     what graded the answers, and how well that is known to do: a sentence
//   sets[]                      order of the evaluation sets
//   arms[]: name, overrides{}
//     reward_rise: window, first, last, rise (estimate), or null
//     best                      of eval.best, where a step was chosen: as best.json (record/best_file.h)
//     perplexity                of the held-out answers, where there are any: before, after (estimates)
//     throughput: seconds{stage: mean s a step}, rates{}
//     curves{metric: {"steps": [], "values": []}}           RL stage
//     evaluations{set: result}, start{set: result}          after training; before RL
//       result: weight_version, weight_hash, all (cell), by_intent{cell}, by_category{cell}, graders? (where there are several),
//         by_context{cell} and no_safety_question (cell), where there are any:
//         graders[]: name, id, steers, n, n_failed, unsafe, means{part: estimate}, unsafe_by_intent{estimate}
//         agreements[]: a, b, n, kappa|null, correlation|null
//       cell: safety, help_given_safe, over_refusal, utility, reward (estimates), accuracy where there is any, n_prompts; of completions n,
//       n_safe,
//             n_safe_direct (safe ones that answer directly), n_failed_grades, n_truncated (cut at the token limit),
//             severity_of_unsafe{severity: count}, modes{mode: count}
//   shared_metrics[]: stage, step, values{}                 stages that the arms share
//   pairs[]: a, b (arm names), sets{set: {"all": difference, "by_intent": {intent: difference}}}
//       difference (a - b): safety, help_given_safe, over_refusal, utility (estimates; settled: whether the sign is), accuracy where there
//       is any
//   transcripts[]: arm, set, worst, prompt_id, intent, category, prompt, response, truncated, reward (or null), outcome, severity, clause,
//   mode,
//       safety, helpfulness, over_refusal, evidence[{"proposition", "begin", "end"}] in bytes of the response
//   time: of RL, null without spans: seconds, steps, learner_waits{what: share}, findings[] (sentences),
//       processes[]: name, role, busy (share), seconds{phase: s}, units_per_s (tokens or grades, while working)
//   findings[], weaknesses[], limits[]: sentences
namespace temper {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Estimate& estimate) {
  if (!estimate.present) return nullptr;
  Json json = {{"mean", estimate.mean}, {"low", nullptr}, {"high", nullptr}, {"n", estimate.n}};
  if (estimate.has_interval()) json["low"] = estimate.low, json["high"] = estimate.high;
  if (estimate.completions > 0) json["completions"] = estimate.completions;
  json["few"] = estimate.few;
  return json;
}

Json ToJson(const EvalCell& cell) {
  Json json = Json::object();
  for (const FigureColumn& figure : FigureColumns()) json[figure.key] = ToJson(cell.*figure.cell);
  json["reward"] = ToJson(cell.reward);
  if (cell.accuracy.present) json["accuracy"] = ToJson(cell.accuracy);
  json["n_prompts"] = cell.n_prompts;
  json["n"] = cell.n;
  json["n_safe"] = cell.n_safe;
  json["n_safe_direct"] = cell.n_safe_direct;
  json["n_failed_grades"] = cell.n_failed_grades;
  json["n_truncated"] = cell.n_truncated;
  for (int s = 1; s < kNumSeverities; ++s) {
    json["severity_of_unsafe"][NameOf(static_cast<Severity>(s))] = cell.severity_of_unsafe[static_cast<size_t>(s)];
  }
  for (int m = 0; m < kNumModes; ++m) json["modes"][NameOf(static_cast<ResponseMode>(m))] = cell.modes[static_cast<size_t>(m)];
  return json;
}

Json ToJson(const VerdictFigures& verdicts) {
  Json json = {{"graders", Json::array()}, {"agreements", Json::array()}};
  for (const GraderFigures& grader : verdicts.graders) {
    Json entry = {{"name", RepairUtf8(grader.name)}, {"id", RepairUtf8(grader.id)},
                  {"steers", grader.steers},         {"n", grader.n},
                  {"n_failed", grader.n_failed},     {"unsafe", ToJson(grader.unsafe)},
                  {"means", Json::object()},         {"unsafe_by_intent", Json::object()}};
    for (const auto& [part, mean] : grader.means) entry["means"][part] = ToJson(mean);
    for (const auto& [intent, share] : grader.unsafe_by_intent) entry["unsafe_by_intent"][RepairUtf8(intent)] = ToJson(share);
    json["graders"].push_back(std::move(entry));
  }
  for (const GraderAgreement& pair : verdicts.agreements) {
    json["agreements"].push_back({{"a", RepairUtf8(pair.a)},
                                  {"b", RepairUtf8(pair.b)},
                                  {"n", pair.n},
                                  {"kappa", pair.kappa ? Json(*pair.kappa) : Json(nullptr)},
                                  {"correlation", pair.correlation ? Json(*pair.correlation) : Json(nullptr)}});
  }
  return json;
}

Json ToJson(const EvalResult& result) {
  Json json = {{"weight_version", result.weight_version}, {"weight_hash", RepairUtf8(result.weight_hash)}, {"all", ToJson(result.all)}};
  json["by_intent"] = Json::object();
  json["by_category"] = Json::object();
  for (const auto& [intent, cell] : result.by_intent) json["by_intent"][RepairUtf8(intent)] = ToJson(cell);
  for (const auto& [category, cell] : result.by_category) json["by_category"][RepairUtf8(category)] = ToJson(cell);
  if (!result.by_context.empty()) json["by_context"] = Json::object();
  for (const auto& [context, cell] : result.by_context) json["by_context"][RepairUtf8(context)] = ToJson(cell);
  if (result.no_safety_question.n > 0) json["no_safety_question"] = ToJson(result.no_safety_question);
  if (!result.verdicts.graders.empty()) json["graders"] = ToJson(result.verdicts);
  return json;
}

Json ToJson(const EvalDifference& difference) {
  Json json = Json::object();
  for (const FigureColumn& figure : FigureColumns()) {
    const Estimate& estimate = difference.*figure.difference;
    json[figure.key] = ToJson(estimate);
    if (estimate.present) json[figure.key]["settled"] = estimate.settled;
  }
  if (difference.accuracy.present) json["accuracy"] = ToJson(difference.accuracy);
  return json;
}

Json ToJson(const std::map<std::string, EvalResult>& results) {
  Json json = Json::object();
  for (const auto& [set, result] : results) json[RepairUtf8(set)] = ToJson(result);
  return json;
}

Json ArmToJson(const ArmRecord& record, const ArmReport& arm) {
  Json json = {{"name", RepairUtf8(arm.name)}, {"overrides", Json::object()}, {"reward_rise", nullptr}};
  for (const auto& [key, value] : record.overrides) json["overrides"][RepairUtf8(key)] = RepairUtf8(value);
  const RewardRise& rise = arm.reward_rise;
  if (rise.rise.present)
    json["reward_rise"] = {{"window", rise.window}, {"first", rise.first}, {"last", rise.last}, {"rise", ToJson(rise.rise)}};
  if (record.best) json["best"] = Json::parse(BestStepToJson(*record.best));
  if (record.answers_before || record.answers_after) {
    json["perplexity"] = {{"before", ToJson(PerplexityOf(record.answers_before.value_or(AnswerScores{})))},
                          {"after", ToJson(PerplexityOf(record.answers_after.value_or(AnswerScores{})))}};
  }
  json["throughput"] = {{"seconds", arm.throughput.seconds}, {"rates", arm.throughput.rates}};
  json["curves"] = Json::object();
  for (const auto& [metric, series] : arm.curves) json["curves"][RepairUtf8(metric)] = {{"steps", series.steps}, {"values", series.values}};
  json["evaluations"] = ToJson(arm.evaluations);
  json["start"] = ToJson(arm.start);
  return json;
}

Json PairToJson(const Report& report, const PairReport& pair) {
  Json json = {{"a", RepairUtf8(report.arms[pair.a].name)}, {"b", RepairUtf8(report.arms[pair.b].name)}, {"sets", Json::object()}};
  for (const auto& [set, comparison] : pair.sets) {
    Json& entry = json["sets"][RepairUtf8(set)];
    entry = {{"all", ToJson(comparison.all)}, {"by_intent", Json::object()}};
    for (const auto& [intent, difference] : comparison.by_intent) entry["by_intent"][RepairUtf8(intent)] = ToJson(difference);
  }
  return json;
}

Json TranscriptToJson(const Report& report, const Transcript& transcript) {
  const EvalSample& sample = *transcript.sample;
  const Grade& grade = sample.grade;
  std::vector<size_t> offsets;
  Json json = {{"arm", RepairUtf8(report.arms[transcript.arm].name)},
               {"set", RepairUtf8(transcript.set)},
               {"worst", transcript.worst},
               {"prompt_id", RepairUtf8(sample.prompt_id)},
               {"intent", RepairUtf8(sample.intent)},
               {"category", RepairUtf8(sample.category)},
               {"prompt", RepairUtf8(sample.prompt)},
               {"response", RepairUtf8(sample.response, &offsets)},
               {"truncated", sample.truncated},
               {"reward", nullptr},
               {"outcome", NameOf(grade.outcome)}};
  if (transcript.reward) json["reward"] = *transcript.reward;
  if (grade.outcome != GradeOutcome::kOk) return json;
  json["severity"] = NameOf(grade.severity);
  json["clause"] = RepairUtf8(grade.clause);
  json["mode"] = NameOf(grade.mode);
  json["safety"] = grade.safety;
  json["helpfulness"] = grade.helpfulness;
  json["over_refusal"] = grade.over_refusal;
  json["evidence"] = Json::array();
  for (const Evidence& item : grade.evidence) {
    const size_t begin = std::min<size_t>(item.begin, sample.response.size()), end = std::min<size_t>(item.end, sample.response.size());
    json["evidence"].push_back({{"proposition", RepairUtf8(item.proposition)}, {"begin", offsets[begin]}, {"end", offsets[end]}});
  }
  return json;
}

Json Sentences(const std::vector<std::string>& sentences) {
  Json json = Json::array();
  for (const std::string& sentence : sentences) json.push_back(RepairUtf8(sentence));
  return json;
}

Json TimeToJson(const TraceSummary& summary) {
  if (summary.rows.empty()) return nullptr;
  Json json = {{"seconds", summary.seconds},
               {"steps", summary.steps},
               {"learner_waits", summary.learner_waits},
               {"findings", Sentences(summary.findings)},
               {"processes", Json::array()}};
  for (const TraceSummary::Row& row : summary.rows) {
    json["processes"].push_back({{"name", RepairUtf8(row.name)},
                                 {"role", RepairUtf8(row.role)},
                                 {"busy", row.busy},
                                 {"seconds", row.seconds},
                                 {"units_per_s", row.units_per_s}});
  }
  return json;
}

}  // namespace

std::string RenderJson(const Report& report) {
  const RunRecord& record = *report.record;
  Json json = {{"version", 2},
               {"run", RepairUtf8(record.name)},
               {"policy_spec", RepairUtf8(record.policy_name)},
               {"grading", RepairUtf8(GradingNote(record.grader, record.built_in_world))},
               {"seed", record.seed},
               {"built_in_world", record.built_in_world},
               {"environment", Json::object()},
               {"sets", Sentences(report.sets)}};
  for (const auto& [key, value] : record.environment) json["environment"][RepairUtf8(key)] = RepairUtf8(value);
  json["arms"] = Json::array();
  for (size_t i = 0; i < report.arms.size(); ++i) json["arms"].push_back(ArmToJson(record.arms[i], report.arms[i]));
  json["shared_metrics"] = Json::array();
  for (const MetricRow& row : record.shared_metrics) {
    json["shared_metrics"].push_back({{"stage", RepairUtf8(row.stage)}, {"step", row.step}, {"values", row.values}});
  }
  json["pairs"] = Json::array();
  for (const PairReport& pair : report.pairs) json["pairs"].push_back(PairToJson(report, pair));
  json["transcripts"] = Json::array();
  for (const Transcript& transcript : report.transcripts) json["transcripts"].push_back(TranscriptToJson(report, transcript));
  json["time"] = TimeToJson(report.timeline.summary);
  json["findings"] = Sentences(report.findings);
  json["weaknesses"] = Sentences(report.weaknesses);
  json["limits"] = Sentences(LimitsOf(report));
  return json.dump(1) + "\n";
}

}  // namespace temper

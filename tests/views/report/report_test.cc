#include "views/report/report.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"
#include "tests/views/report_fixture.h"
#include "views/compare/comparison.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"
#include "views/report/report_data.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

// Checks that tags nest and close, attributes are quoted, and bare '<', '>' or '&' do not occur in text. "" = well-formed.
std::string HtmlFault(const std::string& html) {
  static const std::set<std::string> kVoid = {"meta", "br", "hr", "img", "input", "link"};
  std::vector<std::string> open;
  for (size_t i = 0; i < html.size();) {
    if (html[i] == '>') return "bare '>' at byte " + std::to_string(i) + ": " + html.substr(i > 40 ? i - 40 : 0, 60);
    if (html[i] == '&') {
      const size_t end = html.find(';', i);
      if (end == std::string::npos || end > i + 8) return "bare '&' at byte " + std::to_string(i);
    }
    if (html[i] != '<') {
      ++i;
      continue;
    }
    if (html.compare(i, 9, "<!DOCTYPE") == 0) {
      i = html.find('>', i) + 1;
      continue;
    }
    size_t end = i + 1;
    bool quoted = false;
    while (end < html.size() && (quoted || html[end] != '>')) {
      if (html[end] == '"') quoted = !quoted;
      if (html[end] == '<') return "'<' within a tag at byte " + std::to_string(end);
      ++end;
    }
    if (end >= html.size()) return "a tag without its end at byte " + std::to_string(i);
    const std::string tag = html.substr(i + 1, end - i - 1);
    const std::string name = tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" /\n", 1) - (tag[0] == '/' ? 1 : 0));
    i = end + 1;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != name) return "</" + name + "> closes <" + (open.empty() ? "nothing" : open.back()) + ">";
      open.pop_back();
    } else if (tag.back() != '/' && !kVoid.contains(name)) {
      open.push_back(name);
      if (name == "style" || name == "script") i = html.find("</" + name + ">", i);
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

void Spill(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// Writes a record as the orchestrator lays a run folder out.
void WriteRunFolder(const RunRecord& record, const std::string& folder) {
  using Json = nlohmann::ordered_json;
  Json run = {{"format", 2},
              {"name", record.name},
              {"seed", record.seed},
              {"policy_spec", record.policy_name},
              {"grader", {{"name", record.grader.name}, {"reads", record.grader.reads}}},
              {"built_in_world", record.built_in_world}};
  run["environment"] = record.environment;
  run["eval_sets"] = record.eval_sets;
  const auto rows = [](const std::vector<MetricRow>& metrics) {
    std::string text;
    for (const MetricRow& row : metrics) {
      Json json = {{"stage", row.stage}, {"step", row.step}, {"lag", nullptr}};
      for (const auto& [key, value] : row.values) json[key] = value;
      text += json.dump() + "\n";
    }
    return text;
  };
  for (const ArmRecord& arm : record.arms) {
    Json overrides = Json::object();
    for (const auto& [key, value] : arm.overrides) overrides[key] = value;
    run["arms"].push_back({{"name", arm.name}, {"overrides", overrides}});
    const std::string at = folder + "/" + arm.name;
    Spill(at + "/metrics.jsonl", rows(arm.metrics));
    for (const auto& [set, samples] : arm.evaluations) {
      Json meta = {
          {"weight_version", arm.eval_versions.at(set)}, {"weight_hash", arm.eval_hashes.at(set)}, {"rewards", arm.eval_rewards.at(set)}};
      Spill(at + "/eval/" + set + ".meta.json", meta.dump());
      WriteEvalSamples(at + "/eval/" + set + ".jsonl", samples);
    }
  }
  Spill(folder + "/sft/metrics.jsonl", rows(record.shared_metrics));
  Spill(folder + "/run.json", run.dump());
}

// Times `piece` occurs.
size_t Count(const std::string& text, const std::string& piece) {
  size_t count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

TEST(Report, PageIsWellFormedAndSelfContained) {
  const std::string folder = FreshFolder("page");
  WriteReport(DrawRun(7, 30, 30), folder);
  const std::string html = ReadBytes(folder + "/report.html");
  EXPECT_EQ(HtmlFault(html), "");
  EXPECT_THAT(
      html, AllOf(Not(HasSubstr("http://")), Not(HasSubstr("https://")), Not(HasSubstr(" src=")), HasSubstr("prefers-color-scheme:dark")));
  EXPECT_EQ(Count(html, "<script"), 2U) << "the data and the page's own script";
  for (const char* id : {"findings", "training", "evaluation", "transcripts", "time", "throughput", "setup", "limits"}) {
    EXPECT_THAT(html, HasSubstr(std::string("id=\"") + id + "\"")) << "the page has no such section";
  }
  EXPECT_THAT(html, AllOf(HasSubstr("role=\"img\""), HasSubstr("aria-label"), HasSubstr("@media print")));
}

TEST(Report, SameRecordGivesTheSameBytes) {
  const std::string first = FreshFolder("bytes_1"), second = FreshFolder("bytes_2");
  const std::string text = WriteReport(DrawRun(7, 24, 12), first);
  EXPECT_EQ(text, WriteReport(DrawRun(7, 24, 12), second));
  for (const char* file : {"/report.html", "/report.json", "/eval_cells.csv"})
    EXPECT_EQ(ReadBytes(first + file), ReadBytes(second + file)) << file;
}

TEST(Report, HostileTextIsEscapedEverywhere) {
  const std::string attack = "</title><script>alert(1)</script>\"' onload=x \x1b[2J \xE2\x80\xAE evil \xFF";
  RunRecord record = DrawRun(7, 12, 12);
  record.name = record.policy_name = attack;
  record.environment[attack] = attack;
  for (ArmRecord& arm : record.arms) {
    arm.overrides.emplace_back(attack, attack);
    for (auto& [set, samples] : arm.evaluations) {
      for (EvalSample& sample : samples) {
        sample.prompt = sample.response = sample.category = attack;
        sample.grade.clause = sample.grade.severity == Severity::kNone ? "" : attack;
        sample.grade.evidence = {{attack, 2, 14}, {"beyond", 10, 4000000000U}, {"backwards", 9, 3}};
      }
    }
    auto node = arm.evaluations.extract("past_tense");
    arm.evaluations[attack] = node.mapped();
  }
  record.arms[1].name = attack;
  const std::string folder = FreshFolder("hostile");
  const std::string text = WriteReport(record, folder);
  const std::string html = ReadBytes(folder + "/report.html");
  EXPECT_EQ(HtmlFault(html), "");
  EXPECT_EQ(Count(html, "<script"), 2U) << "text of the run became a script";
  EXPECT_THAT(
      html, AllOf(HasSubstr("&lt;script&gt;"), HasSubstr("\\u003cscript\\u003e"), Not(HasSubstr("\x1b")), Not(HasSubstr("\xE2\x80\xAE"))));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xE2\x80\xAE")), Not(HasSubstr("\xFF"))));
  EXPECT_NO_THROW(nlohmann::json::parse(ReadBytes(folder + "/report.json")));
}

TEST(Report, EvidenceIsMarkedOnWholeCharacters) {
  RunRecord record = DrawRun(7, 3, 4);
  record.arms.resize(1);
  record.arms[0].evaluations.clear();
  record.arms[0].eval_rewards.clear();
  EvalSample sample;
  sample.prompt_id = "p";
  sample.response =
      "ab\xE2\x82\xAC"
      "cd";
  sample.grade.evidence = {{"euro", 3, 4}, {"tail", 4, 6}};  // inside the three bytes of one character; overlapping it
  record.arms[0].evaluations["set"] = {sample};
  const std::string html = RenderHtml(BuildReport(record));
  EXPECT_THAT(html, HasSubstr("ab<mark title=\"euro\">\xE2\x82\xAC</mark><mark title=\"tail\">c</mark>d"));
}

// Characters of UTF-8.
size_t Columns(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST(Report, TableFitsInAHundredColumns) {
  const std::string folder = FreshFolder("columns");
  std::istringstream lines(WriteReport(DrawRun(7, 60, 30), folder));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(Columns(line), 100U) << line;
}

TEST(Report, JsonCarriesUndefinedAsNull) {
  const std::string folder = FreshFolder("json");
  WriteReport(DrawRun(7, 30, 30), folder);
  const auto json = nlohmann::json::parse(ReadBytes(folder + "/report.json"));
  const auto& cell = json["arms"][0]["evaluations"]["held_out_topics"]["by_intent"]["malicious"];
  EXPECT_TRUE(cell["over_refusal"].is_null());
  EXPECT_TRUE(cell["safety"]["mean"].is_number());
  EXPECT_EQ(cell["n_prompts"], 10);
  EXPECT_EQ(json["pairs"][0]["b"], "refusal");
  EXPECT_EQ(json["sets"][2], "past_tense");
}

TEST(Report, RewardRiseComparesTheFirstAndLastTenSteps) {
  RunRecord record = DrawRun(7, 3, 1);
  record.arms.resize(1);
  record.arms[0].metrics.clear();
  for (int step = 0; step < 30; ++step)
    record.arms[0].metrics.push_back({"rl", step, {{"reward/mean", step < 10 ? 0.25 : step < 20 ? 9 : 0.75}}});
  const RewardRise rise = BuildReport(record).arms[0].reward_rise;
  EXPECT_EQ(rise.window, 10);
  EXPECT_DOUBLE_EQ(rise.first, 0.25);
  EXPECT_DOUBLE_EQ(rise.last, 0.75);
  EXPECT_DOUBLE_EQ(rise.rise.mean, 0.5);
  EXPECT_LT(rise.rise.low, 0) << "the steps between jump about";
  record.arms[0].metrics.resize(1);
  EXPECT_FALSE(BuildReport(record).arms[0].reward_rise.rise.present);
}

TEST(Report, TranscriptsSpreadOverIntentsThenTakeTheWorst) {
  const RunRecord record = DrawRun(7);
  const std::vector<Transcript> transcripts = ChooseTranscripts(record, record.eval_sets);
  ASSERT_EQ(transcripts.size(), 20U);
  std::map<std::string, int> intents;
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_FALSE(transcripts[i].worst);
    EXPECT_EQ(transcripts[i].sample->prompt_id, transcripts[10 + i].sample->prompt_id) << "both arms answer the same prompts";
    ++intents[transcripts[i].sample->intent];
  }
  EXPECT_EQ(intents, (std::map<std::string, int>{{"benign", 2}, {"dual_use", 2}, {"malicious", 2}}));
  for (size_t i = 6; i < 10; ++i) {
    EXPECT_TRUE(transcripts[i].worst);
    EXPECT_EQ(transcripts[i].sample->grade.severity, Severity::kHigh);
  }
}

TEST(Report, WeaknessesNameWhatIsWorse) {
  std::string all;
  for (const std::string& weakness : BuildReport(DrawRun(7)).weaknesses) all += weakness + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("less safe than on held-out topics: "), HasSubstr("past tense, dual-use")));
  RunRecord swapped = DrawRun(7);
  std::swap(swapped.arms[0], swapped.arms[1]);
  all.clear();
  for (const std::string& weakness : BuildReport(swapped).weaknesses) all += weakness + "\n";
  EXPECT_THAT(all, HasSubstr("refusal helps less in its safe answers than safe-completion on held-out topics"));
}

// A policy whose end token is not among those that stop it runs every answer to the limit.
TEST(Report, SaysWhereAnswersAreCut) {
  const auto said = [](double share) {
    RunRecord record = DrawRun(7);
    for (MetricRow& row : record.arms[0].metrics) row.values["response/truncated_fraction"] = share;
    std::string all;
    for (const std::string& weakness : BuildReport(record).weaknesses) all += weakness + "\n";
    return all;
  };
  EXPECT_THAT(said(0.97), HasSubstr("In the last 10 RL steps of safe-completion, 97 % of the answers were cut at rollout.max_new_tokens. "
                                    "Either answers need more tokens than that, or the model ends them with a token that no file"));
  EXPECT_THAT(said(0.5), Not(HasSubstr("were cut at")));
}

TEST(Report, SaysThatAHealthRuleWasBroken) {
  RunRecord record = DrawRun(7);
  for (MetricRow& row : record.arms[0].metrics) row.values["health/alarms"] = row.step <= 3 ? 1 : 0;
  std::string all;
  for (const std::string& weakness : BuildReport(record).weaknesses) all += weakness + "\n";
  EXPECT_THAT(all, HasSubstr("RL steps of safe-completion, a rule of monitor.health was broken."));
  EXPECT_THAT(all, Not(HasSubstr("RL steps of refusal, a rule")));
}

TEST(Report, SaysWhoseFiguresBeforeRlItShows) {
  const auto said = [](const RunRecord& record) {
    std::string all;
    for (const std::string& weakness : BuildReport(record).weaknesses) all += weakness + "\n";
    return all;
  };
  RunRecord record = DrawRun(7);
  record.arms[1].evaluations["start/held_out_topics"] = record.arms[0].evaluations["start/held_out_topics"];
  EXPECT_THAT(said(record), Not(HasSubstr("figures before RL")));
  record.arms[1].evaluations["start/held_out_topics"][3].response += ".";
  EXPECT_THAT(said(record), HasSubstr("The figures before RL are those of safe-completion; refusal began with other weights"));
}

TEST(Report, OneArmWithoutEvaluationsStillReports) {
  RunRecord record = DrawRun(7, 3, 5);
  record.arms.resize(1);
  record.arms[0].evaluations.clear();
  record.arms[0].eval_rewards.clear();
  const std::string folder = FreshFolder("bare");
  EXPECT_THAT(WriteReport(record, folder), HasSubstr("Reward under each arm's own composer"));
  EXPECT_EQ(HtmlFault(ReadBytes(folder + "/report.html")), "");
  record.arms.clear();
  EXPECT_THAT([&] { WriteReport(record, folder); }, ThrowsMessage<Error>(HasSubstr("has no arm")));
}

TEST(Report, CsvHasEveryCellAndEmptyFieldsWhereUndefined) {
  const std::string csv = RenderCellsCsv(BuildReport(DrawRun(7, 24, 4)));
  const auto columns = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  std::istringstream lines(csv);
  std::string head, line;
  std::getline(lines, head);
  int rows = 0;
  bool undefined = false;
  while (std::getline(lines, line)) {
    EXPECT_EQ(columns(line), columns(head)) << line;
    undefined = undefined || (line.find("intent,malicious") != std::string::npos && line.find(",,,,0,0,") != std::string::npos);
    ++rows;
  }
  EXPECT_EQ(rows, 7 * (1 + 3 + 8));  // six evaluations and one start: all, three intents, eight categories
  EXPECT_TRUE(undefined);
  EXPECT_EQ(EscapeCsv("=1+1"), "'=1+1");
  EXPECT_EQ(EscapeCsv("a,\"b\""), "\"a,\"\"b\"\"\"");
}

TEST(RunFolder, ReadsWhatTheRunLeft) {
  const RunRecord record = DrawRun(11, 12, 12);
  const std::string folder = FreshFolder("run");
  WriteRunFolder(record, folder);
  const RunRecord back = ReadRunRecord(folder);
  EXPECT_EQ(back.seed, 11U);
  EXPECT_TRUE(back.built_in_world);
  EXPECT_EQ(back.environment.at("host"), "node7");
  EXPECT_EQ(back.shared_metrics.size(), record.shared_metrics.size());
  ASSERT_EQ(back.arms.size(), 2U);
  EXPECT_EQ(back.arms[0].metrics.size(), 12U);
  EXPECT_EQ(back.arms[0].metrics[3].values, record.arms[0].metrics[3].values);
  EXPECT_EQ(back.arms[0].eval_versions.at("past_tense"), 80);
  EXPECT_EQ(back.arms[0].evaluations.at("start/held_out_topics").size(), 48U);
  EXPECT_EQ(back.arms[1].overrides, record.arms[1].overrides);
  EXPECT_EQ(RenderHtml(BuildReport(back)), RenderHtml(BuildReport(record)));
}

TEST(RunFolder, LaterRowOfAStepCountsAndAnUnfinishedLineDoesNot) {
  const std::string folder = FreshFolder("resumed");
  Spill(folder + "/run.json", R"({"format": 2, "name": "r", "seed": 1, "arms": [{"name": "a"}]})");
  Spill(folder + "/a/metrics.jsonl",
        "{\"stage\":\"rl\",\"step\":0,\"reward/mean\":0.1}\n{\"stage\":\"rl\",\"step\":1,\"reward/mean\":0.2}\n"
        "{\"stage\":\"rl\",\"step\":1,\"reward/mean\":0.3,\"actor/kl\":null}\n{\"stage\":\"rl\",\"st");
  const ArmRecord arm = ReadRunRecord(folder).arms[0];
  ASSERT_EQ(arm.metrics.size(), 2U);
  EXPECT_EQ(arm.metrics[1].values, (std::map<std::string, double>{{"reward/mean", 0.3}}));
}

// However the file names and quotes them: {a: "b: c, past_tense: d"} has no past_tense.
TEST(RunFolder, ReadsTheNamesThatSettingsMap) {
  const std::string folder = FreshFolder("named");
  Spill(folder + "/run.json", R"({"format": 2, "name": "r", "seed": 1, "arms": [{"name": "a"}]})");
  Spill(folder + "/a/metrics.jsonl", "{\"stage\":\"rl\",\"step\":0,\"reward/mean\":0.1}\n");
  Spill(folder + "/a/configs/resolved.yaml",
        "data:\n  eval: {own: \"a {b, past_tense: c}.csv\", \"2\": x.csv}  # f.yaml:3\n  suites: {}  # default\nrl:\n  steps: 3\n");
  const ArmRecord arm = ReadRunRecord(folder).arms[0];
  EXPECT_EQ(arm.named, (std::map<std::string, std::set<std::string>>{{"data.eval", {"own", "2"}}}));
  EXPECT_EQ(arm.settings.at("rl.steps"), "3");
}

TEST(RunFolder, ErrorsNameWhatIsMissingOrWrong) {
  const auto fails = [](const std::string& folder, const std::string& text) {
    EXPECT_THAT([&] { ReadRunRecord(folder); }, ThrowsMessage<Error>(HasSubstr(text)));
  };
  const std::string folder = FreshFolder("broken");
  fails(folder + "/nowhere", "nowhere is not a folder");
  fails(folder, "run.json");
  Spill(folder + "/run.json", "{");
  fails(folder, "run.json: not the description of a run");
  Spill(folder + "/run.json", R"({"format": 2, "name": "r", "seed": 1, "arms": [{"name": "../a"}]})");
  fails(folder, "'../a' cannot be the name of an arm");
  Spill(folder + "/run.json", R"({"format": 2, "name": "r", "seed": 1, "arms": [{"name": "a"}]})");
  fails(folder, "/a is missing");
  std::filesystem::create_directories(folder + "/a");
  fails(folder, "neither metrics.jsonl nor eval");
  Spill(folder + "/a/metrics.jsonl", "{\"step\": 1}\n{\"step\": \"two\"}\n");
  fails(folder, "metrics.jsonl:2: not a row of metrics");
  Spill(folder + "/a/metrics.jsonl", "{\"step\": 1}\n");
  WriteRunFolder(DrawRun(1, 3, 3), folder);
  std::filesystem::remove(folder + "/refusal/eval/past_tense.meta.json");
  fails(folder, "past_tense.meta.json");
  Spill(folder + "/refusal/eval/past_tense.meta.json", R"({"weight_version": 3, "rewards": [1]})");
  fails(folder, "1 rewards for 12 samples");
}

TEST(Comparison, WritesItsFilesWithinAHundredColumns) {
  const std::vector<RunRecord> records = {DrawRun(1, 24, 24), DrawRun(2, 24, 24), DrawRun(3, 24, 24)};
  const std::string folder = FreshFolder("comparison");
  std::istringstream lines(WriteComparisonReport(records, folder));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(Columns(line), 100U) << line;
  EXPECT_EQ(HtmlFault(ReadBytes(folder + "/report.html")), "");
  EXPECT_EQ(nlohmann::json::parse(ReadBytes(folder + "/report.json"))["runs"].size(), 3U);
  EXPECT_THAT(ReadBytes(folder + "/comparison.csv"), HasSubstr("\r\ndifference,refusal,past_tense,all,utility,"));
}

TEST(Format, NumbersAndNames) {
  EXPECT_EQ(Fixed(-0.0001, 2), "0.00");
  EXPECT_EQ(Signed(0.25, 2), "+0.25");
  EXPECT_EQ(Signed(-0.25, 2), "-0.25");
  EXPECT_EQ(Thousands(1234567), "1,234,567");
  EXPECT_EQ(Thousands(-1000), "-1,000");
  EXPECT_EQ(WithInterval({}), "undefined");
  EXPECT_EQ(WithInterval({0.5, 0.25, 0.75, 4, true}, 2), "0.50 [0.25, 0.75]");
  EXPECT_EQ(Prose("held_out_topics"), "held-out topics");
}

}  // namespace
}  // namespace temper

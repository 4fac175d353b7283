// index.html: which folders are runs, where each stands, what is left out and why, and that links and names survive any characters.
#include "views/index/run_index.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "record/job_status.h"
#include "tests/support/temp_folder.h"
#include "tests/views/report_fixture.h"
#include "views/report/report_data.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::ThrowsMessage;

constexpr double kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z

void Spill(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void AddRun(const fs::path& folder, const std::string& name, uint64_t seed) {
  const json run = {{"format", 2},
                    {"name", name},
                    {"seed", seed},
                    {"policy_spec", "small"},
                    {"arms", {{{"name", "safe_completion"}}, {{"name", "refusal"}}}}};
  Spill(folder / "run.json", run.dump());
}

void AddStatus(const fs::path& folder, const JobStatus& status) { Spill(folder / "status.json", ToJson(status)); }

JobStatus StatusOf(const std::string& state) {
  JobStatus status;
  status.state = state;
  status.host = "here";
  status.updated = kNow - 10;
  return status;
}

const IndexedRun& RunAt(const RunIndex& index, const std::string& path) {
  for (const IndexedGroup& group : index.groups) {
    for (const IndexedRun& run : group.runs) {
      if (run.path == path) return run;
    }
  }
  throw std::runtime_error("no run " + path);
}

TEST(RunIndex, FiguresStepsAndTimesAreThoseOfTheRun) {
  const std::string folder = FreshFolder("index_figures");
  const fs::path run = fs::path(folder) / "a";
  AddRun(run, "a", 7);
  AddStatus(run, StatusOf("done"));
  Spill(run / "provenance.json", R"({"started": "2027-01-15T07:00:00Z", "ended": "2027-01-15T07:02:05Z"})");
  Spill(run / "configs/source.yaml", "");
  RunRecord record = DrawRun(7, 24, 30);
  WriteReport(record, run.string());
  const RunIndex index = ReadRunIndex(folder, kNow, "here");
  const IndexedRun& indexed = RunAt(index, "a");
  EXPECT_EQ(indexed.state, "done");
  EXPECT_EQ(indexed.seed, 7U);
  EXPECT_EQ(indexed.duration_s, 125);
  EXPECT_EQ(indexed.steps, 30);
  EXPECT_EQ(indexed.set, "held_out_topics");
  EXPECT_THAT(indexed.links, ElementsAre(Pair("report", "report.html"), Pair("config", "configs/source.yaml")));
  EXPECT_THAT(RenderHtml(index), HasSubstr("<p class=\"sub grading\">Graded by rule/small; agreement with people: not recorded.</p>"));
  const Estimate own = BuildReport(record).arms[1].evaluations.at("held_out_topics").all.utility;
  EXPECT_DOUBLE_EQ(indexed.arms.at(1).figures.at("utility").mean, own.mean);
  EXPECT_DOUBLE_EQ(indexed.arms.at(1).figures.at("utility").low, own.low);
  EXPECT_THAT(RenderHtml(index), AllOf(HasSubstr("1 run: 1 done"), HasSubstr("<a href=\"a/report.html\">a</a>"), HasSubstr(">2 min</td>"),
                                       HasSubstr("<td class=\"n\" data-v=\"30.000000\">30</td>")));
}

TEST(RunIndex, TellsRunningFailedDeadAndStaleApart) {
  const fs::path folder = FreshFolder("index_states");
  JobStatus running = StatusOf("running"), dead = StatusOf("running"), far = StatusOf("running"), failed = StatusOf("failed");
  running.pid = getpid();
  running.pid_start = ProcessStart(getpid());
  running.stage = "rl";
  running.step = 12;
  running.steps = 80;
  dead.pid = getpid();
  dead.pid_start = 1;  // of another process
  far.host = "node7";
  far.updated = kNow - 90;
  failed.message = "learner 1: <out> of memory";
  const std::pair<const char*, const JobStatus*> runs[] = {{"running", &running}, {"dead", &dead}, {"stale", &far}, {"failed", &failed}};
  for (const auto& [name, status] : runs) {
    AddRun(folder / name, name, 1);
    AddStatus(folder / name, *status);
    Spill(folder / name / "provenance.json", R"({"started": "2027-01-15T07:59:00Z", "ended": null})");
  }
  AddRun(folder / "fresh", "fresh", 1);
  AddRun(folder / "torn", "torn", 1);
  Spill(folder / "torn" / "status.json", "{\"state\": \"run");
  Spill(folder / "torn" / "report.json", "{\"sets\": 3");
  const RunIndex index = ReadRunIndex(folder.string(), kNow, "here");
  for (const auto& [name, status] : runs) EXPECT_EQ(RunAt(index, name).state, name);
  EXPECT_EQ(RunAt(index, "running").steps, 12);
  EXPECT_EQ(RunAt(index, "running").steps_of, 80);
  EXPECT_EQ(RunAt(index, "running").duration_s, 60) << "until now";
  EXPECT_EQ(RunAt(index, "dead").duration_s, 50) << "until its last sign of life";
  EXPECT_EQ(RunAt(index, "stale").why, "on node7, silent for 90 s");
  EXPECT_EQ(RunAt(index, "fresh").why, "no status.json: the job has not started");
  EXPECT_EQ(RunAt(index, "torn").state, "unknown");
  EXPECT_EQ(RunAt(index, "torn").why, "status.json is damaged; report.json is damaged: temper report writes it again");
  const std::string html = RenderHtml(index);
  EXPECT_THAT(html, AllOf(HasSubstr("6 runs: 1 dead, 1 failed, 1 running, 1 stale, 2 unknown"), HasSubstr("12 of 80"),
                          HasSubstr("learner 1: &lt;out&gt; of memory")));
}

TEST(RunIndex, ShowsFiguresWithoutAnIntervalAndMarksFew) {
  const fs::path folder = FreshFolder("index_marks");
  AddRun(folder / "a", "a", 1);
  const json bare = {{"mean", 0.5}, {"low", nullptr}, {"high", nullptr}, {"n", 1}, {"few", true}};
  const json whole = {{"mean", 0.25}, {"low", 0.125}, {"high", 0.5}, {"n", 90}, {"few", false}};
  const json figures = {{"safety", bare}, {"help_given_safe", nullptr}, {"over_refusal", whole}, {"utility", whole}};
  const json arm = {{"name", "safe_completion"}, {"evaluations", {{"dev", {{"all", figures}}}}}, {"curves", json::object()}};
  Spill(folder / "a" / "report.json", json({{"sets", {"dev"}}, {"arms", json::array({arm})}}).dump());
  const std::string html = RenderHtml(ReadRunIndex(folder.string(), kNow, "here"));
  EXPECT_THAT(html, AllOf(HasSubstr("<div>0.500 (no interval)\xE2\x80\xA0</div>"), HasSubstr("<div>0.250 [0.12,0.50]</div>"),
                          HasSubstr("<div><i>-</i></div>")));
}

TEST(RunIndex, GroupsMembersAndOrdersNumbersByValue) {
  const fs::path folder = FreshFolder("index_groups");
  for (const int seed : {10, 2, 1}) AddRun(folder / "sweep" / ("seed_" + std::to_string(seed)), "seed_" + std::to_string(seed), 1);
  Spill(folder / "sweep" / "report.html", "");
  Spill(folder / "sweep" / "notes" / "a.txt", "");
  AddRun(folder / "zero", "zero", 1);
  Spill(folder / "data" / "a.csv", "");
  Spill(folder / "file.txt", "");
  AddRun(folder / "zero.old-1", "zero", 1);
  fs::create_directory_symlink("zero", folder / "latest");
  Spill(folder / "broken" / "run.json", "{\"name\": \"broken\"");
  Spill(folder / "strange" / "run.json", "[]");
  const RunIndex index = ReadRunIndex(folder.string(), kNow, "here");
  ASSERT_EQ(index.groups.size(), 2U);
  EXPECT_EQ(index.groups[0].path, "") << "the folder's own runs first";
  EXPECT_EQ(index.groups[1].path, "sweep");
  EXPECT_TRUE(index.groups[1].has_comparison);
  std::vector<std::string> paths;
  for (const IndexedRun& run : index.groups[1].runs) paths.push_back(run.path);
  EXPECT_THAT(paths, ElementsAre("sweep/seed_1", "sweep/seed_2", "sweep/seed_10"));
  EXPECT_THAT(index.left_out,
              ElementsAre(Pair("broken", HasSubstr("run.json is damaged")), Pair("latest", HasSubstr("a link")),
                          Pair("strange", HasSubstr("run.json is damaged")), Pair("zero.old-1", "set aside by --resume never"),
                          Pair("data", HasSubstr("no run.json, nor has a folder")), Pair("sweep/notes", "no run: it has no run.json")));
  EXPECT_THAT(RenderHtml(index), HasSubstr("sweep: 3 runs, <a href=\"sweep/report.html\">compared</a>"));
}

TEST(RunIndex, NamesAndLinksSurviveAnyCharacters) {
  const fs::path folder = FreshFolder("index_names");
  const std::string hostile = "<script>alert(1)</script>\"' \xE2\x80\xAE\xFF";
  for (const std::string name : {"l\xC3\xA4ufe 2#1", "javascript:x", "a?b&c"}) {
    AddRun(folder / name, "n", 1);
    Spill(folder / name / "report.html", "");
  }
  json run = {{"format", 2}, {"name", RepairUtf8(hostile)}, {"seed", 1}, {"arms", {{{"name", RepairUtf8(hostile)}}}}};
  Spill(folder / "h\xFFt" / "run.json", run.dump());
  Spill(folder / "x<b>" / "nothing", "");
  const std::string html = RenderHtml(ReadRunIndex(folder.string(), kNow, "here"));
  EXPECT_THAT(html, AllOf(HasSubstr("href=\"l%C3%A4ufe%202%231/report.html\""), HasSubstr("href=\"javascript%3Ax/report.html\""),
                          HasSubstr("href=\"a%3Fb%26c/report.html\"")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script>")), HasSubstr("&lt;script&gt;"), Not(HasSubstr("\xE2\x80\xAE")), Not(HasSubstr("\xFF")),
                          Not(HasSubstr("<b>x")), HasSubstr("x&lt;b&gt;")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("http://")), Not(HasSubstr("https://")), HasSubstr("script-src 'nonce-")));
}

TEST(RunIndex, IsWrittenWholeAndSaysWhatIsNoFolderOfRuns) {
  const std::string folder = FreshFolder("index_written");
  fs::create_directories(fs::path(folder) / "other");
  EXPECT_THAT([&] { WriteRunIndex(folder); }, ThrowsMessage<ConfigError>(AllOf(HasSubstr("no run there"), HasSubstr("other: no run"))));
  EXPECT_FALSE(fs::exists(folder + "/index.html"));
  AddRun(fs::path(folder) / "a", "a", 1);
  WriteRunIndex(folder);
  EXPECT_THAT(ReadBytes(folder + "/index.html"), HasSubstr("</html>"));
  const auto read = [](const std::string& path) { return [path] { ReadRunIndex(path, kNow, "here"); }; };
  EXPECT_THAT(read(folder + "/a"), ThrowsMessage<ConfigError>(HasSubstr("a run's own folder")));
  EXPECT_THAT(read(folder + "/b"), ThrowsMessage<ConfigError>(HasSubstr("no such folder")));
  const RunIndex index = ReadRunIndex(folder, kNow, "here");
  EXPECT_EQ(RenderHtml(index), RenderHtml(index));
}

}  // namespace
}  // namespace temper

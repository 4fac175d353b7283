// What reaches the terminal: nothing that could drive it, nothing wider or higher than it is.
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/host/host_name.h"
#include "tests/support/temp_folder.h"
#include "views/live/job_connection.h"
#include "views/live/terminal_text.h"
#include "views/live/top_frame.h"
#include "views/live/transcript_feed.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Whether the bytes hold anything but text of UTF-8, line ends and tabs.
bool CouldDriveATerminal(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) return true;
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;  // C1, as \u{9B}
  }
  return SafeText(text, true) != text;
}

TEST(SafeText, ShowsWhatCouldDriveATerminal) {
  EXPECT_EQ(SafeText("plain, ünïcode 漢字 🙂", false), "plain, ünïcode 漢字 🙂");
  EXPECT_EQ(SafeText("\033[2J\033]0;title\007", false), "\\x1B[2J\\x1B]0;title\\x07");
  EXPECT_EQ(SafeText("a\r\nb\tc", true), "a\\x0D\nb\tc");
  EXPECT_EQ(SafeText("a\nb\tc", false), "a\\nb\\tc");
  EXPECT_EQ(SafeText("\xC2\x9B"
                     "31m",
                     false),
            "\\u{9B}31m")
      << "a control sequence begins with one character of C1, too";
  EXPECT_EQ(SafeText("\xE2\x80\xAEtxt", false), "\\u{202E}txt") << "right-to-left override";
  EXPECT_EQ(SafeText("\x9B"
                     "31m \xFF \xC0\xAF \xED\xA0\x80",
                     false),
            "\\x9B31m \\xFF \\xC0\\xAF \\xED\\xA0\\x80");
  EXPECT_EQ(SafeText(std::string("a\0b", 3), false), "a\\x00b");
  EXPECT_EQ(SafeText("\xF3\xA0\x81\x81", false), "\\u{E0041}") << "a tag, invisible";
}

TEST(SafeText, NoBytesGetThrough) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int k = 0; k < 50; ++k) text += static_cast<char>(random() % 4 == 0 ? 0x1B : random() % 256);
    EXPECT_FALSE(CouldDriveATerminal(SafeText(text, true)));
  }
}

TEST(TerminalText, CountsColumnsAndFits) {
  EXPECT_EQ(Columns("abc"), 3U);
  EXPECT_EQ(Columns("漢字"), 4U);
  EXPECT_EQ(Columns("e\xCC\x81"), 1U);
  EXPECT_EQ(Fit("漢字", 3, true), "漢 ");
  EXPECT_EQ(Fit("abcdef", 4, false), "abcd");
  EXPECT_EQ(Fit("ab", 4, true), "ab  ");
  EXPECT_EQ(Fit("", 2, true), "  ");
}

TEST(TerminalText, ShortensASentenceBetweenWords) {
  EXPECT_EQ(FitWords("safety by harm", 14, true), "safety by harm");
  EXPECT_EQ(FitWords("safety by harm", 13, true), "safety by\xE2\x80\xA6");
  EXPECT_EQ(FitWords("safety by harm", 10, true), "safety by\xE2\x80\xA6");
  EXPECT_EQ(FitWords("safety, by harm", 11, false), "safety...");
  EXPECT_EQ(FitWords("safety", 4, true), "saf\xE2\x80\xA6") << "no word fits";
  EXPECT_EQ(FitWords("safety", 2, false), "..");
}

TEST(TerminalText, SparklinesSpanTheirRange) {
  EXPECT_EQ(Sparkline({0, 1}, 10, false), "_#");
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8, true), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({0, 0, 7, 7}, 2, false), "_#") << "means of two";
  EXPECT_EQ(Sparkline({5, 5, 5}, 3, false), "___");
  EXPECT_EQ(Sparkline({0, NAN, 7}, 3, false), "_ #");
  EXPECT_EQ(Sparkline({}, 5, true), "");
}

RunView BusyRun(int processes) {
  RunView view;
  view.folder = "runs/r";
  view.now = 1100;
  view.host = "n1";
  view.life = JobLife::kAlive;
  JobStatus s;
  s.state = "running";
  s.run = "r\033[31m";
  s.host = "n1";
  s.stage = "rl";
  s.arm = "main";
  s.step = 5;
  s.steps = 20;
  s.eta_s = 75;
  s.job_eta_s = 3700;
  s.graded_by = "reward, safety and helpfulness are by rule/x (reads words); agreement with people: not measured";
  s.started = 1000;
  s.updated = 1099.5;
  s.last = {{"tokens_per_s", 12345}, {"reward", 0.5}};
  s.warnings = {"first", "second \033[2J", "third", "fourth"};
  view.status = s;
  view.curves["reward/mean"] = {0.1, 0.2, 0.9};
  for (int i = 0; i < processes; ++i) {
    ProcessRow p;
    p.role = i == 0 ? "orchestrator" : "rollout";
    p.rank = i;
    p.host = "a_host_with_a_long_name";
    p.state = "wait_rollouts\n";
    p.units_per_s = 98765.4;
    p.cpu_percent = 1600;
    p.rss_mib = 123456;
    p.tasks = ProcessRow::Tasks{0, 0, 100};
    view.processes.push_back(p);
  }
  return view;
}

TEST(TopFrame, FitsItsTerminalAndEscapesWhatComesFromOutside) {
  for (const TopStyle& style :
       {TopStyle{80, 24, false, true}, TopStyle{80, 24, true, false}, TopStyle{40, 10, false, false}, TopStyle{200, 60, false, true}}) {
    for (const int processes : {0, 1, 5, 500}) {
      const auto lines = RenderTop(BusyRun(processes), style);
      EXPECT_LE(lines.size(), style.height);
      for (const std::string& line : lines) {
        std::string plain = line;
        if (style.color && plain.starts_with("\033["))
          plain = plain.substr(plain.find('m') + 1, plain.rfind("\033[0m") - plain.find('m') - 1);
        EXPECT_LE(Columns(plain), style.width) << line;
        EXPECT_FALSE(CouldDriveATerminal(plain)) << line;
      }
    }
  }
}

TEST(TopFrame, ShowsStageRatesCurvesProcessesAndTheNewestWarnings) {
  std::string all;
  for (const std::string& line : RenderTop(BusyRun(30), {100, 24, false, false})) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("stage rl, arm main, step 5/20 [#####...............] 25 %, left 1 min 15 s, of the job 1 h 1 min\n"));
  EXPECT_THAT(all, StartsWith("temper top - "));
  EXPECT_THAT(all, HasSubstr("reward, safety and helpfulness are by rule/x (reads words); agreement with people: not measured\n"))
      << "no figure of safety without what graded it";
  EXPECT_THAT(all, HasSubstr("tokens/s 12345"));
  EXPECT_THAT(all, HasSubstr("reward        0.9  _.#"));
  EXPECT_THAT(all, HasSubstr("more: a higher terminal shows them"));
  EXPECT_THAT(all, HasSubstr("WARN fourth"));
  EXPECT_THAT(all, Not(HasSubstr("WARN first")));
}

TEST(TopFrame, SaysThatAJobIsDeadAndWhatToDo) {
  RunView view = BusyRun(1);
  view.life = JobLife::kDead;
  view.status->pid = 17;
  std::string all;
  for (const std::string& line : RenderTop(view, {200, 24, false, false})) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("DEAD: process 17 on n1 is gone"));
  EXPECT_THAT(all, HasSubstr("start the same command again"));
}

TEST(TopFrame, ShowsNoWorkOfAJobThatHasEnded) {
  for (const JobLife life : {JobLife::kEnded, JobLife::kDead, JobLife::kUnknown}) {
    RunView view = BusyRun(5);
    view.life = life;
    view.status->state = life == JobLife::kEnded ? "done" : "running";
    view.status->queues = {{"rollout", 195}, {"leased", 10}};
    view.status->workers = {{"rollout", 2}, {"lost", 3}};
    std::string all;
    for (const std::string& line : RenderTop(view, {200, 60, false, false})) all += line + "\n";
    for (const char* work : {"queues", "leased", "tokens/s", "UNITS/S", "AGE", "wait_rollouts", "left 1 min"})
      EXPECT_THAT(all, Not(HasSubstr(work))) << all;
    EXPECT_THAT(all, HasSubstr("workers lost 3"));
    EXPECT_THAT(all, HasSubstr("step 5/20"));
    EXPECT_THAT(all, HasSubstr("reward        0.9"));
  }
}

TEST(WatchedRun, AJobThatDoesNotAnswerIsNotAWrongCommand) {
  TempFolder folder;
  WatchedRun job("temper top", "", "tcp://127.0.0.1:1");
  const RunView silent = job.Look(std::chrono::milliseconds(50));
  EXPECT_FALSE(silent.status);
  EXPECT_THAT(silent.problems, SizeIs(1));
  EXPECT_EQ(job.NothingSeen(), kExitFound);
  WatchedRun none("temper top", folder.path(), "");
  EXPECT_FALSE(none.Look().status);
  EXPECT_EQ(none.NothingSeen(), kExitConfig);
  EXPECT_THROW(WatchedRun("temper top", "", ""), ConfigError);
  EXPECT_THROW(WatchedRun("temper top", folder.path(), "tcp://127.0.0.1:1"), ConfigError);
}

TEST(RunView, ReadsWhatIsThereWhileItIsWritten) {
  TempFolder folder;
  EXPECT_FALSE(ReadRun(folder / "none").status);
  EXPECT_THAT(ReadRun(folder.path()).problems, SizeIs(1));
  JobStatus s;
  s.state = "running";
  s.arm = "main";
  s.stage = "rl";
  s.host = LocalHostName();
  s.pid = getpid();
  s.pid_start = ProcessStart(getpid());
  const std::string status = ToJson(s);
  for (size_t size = 0; size + 1 < status.size(); size += 7) {  // cut short before its line end, as no atomic rename leaves it
    WriteBytes(folder / "status.json", status.substr(0, size));
    EXPECT_FALSE(ReadRun(folder.path()).status) << size;
  }
  WriteBytes(folder / "status.json", status);
  WriteBytes(folder / "cluster.jsonl",
             "{\"t\":50,\"role\":\"rollout\",\"rank\":9,\"peer\":\"gone\"}\nnonsense\n[1]\n"
             "{\"t\":100,\"role\":\"rollout\",\"rank\":2,\"peer\":\"a\",\"state\":\"sync\",\"cpu_percent\":\"x\"}\n"
             "{\"t\":101,\"role\":\"rollout\",\"rank\":2,\"peer\":\"a\",\"state\":\"rollout\",\"gpus\":[{\"util_percent\":40,\"memory_used_"
             "mib\":7}]}\n"
             "{\"t\":101,\"role\":\"orchestrator\",\"rank\":0}\n{\"t\":102,\"ro");
  fs::create_directories(folder / "main");
  WriteBytes(folder / "main/metrics.jsonl", "{\"step\":0,\"reward/mean\":0.25}\n{\"step\":1,\"reward/mean\":null}\ntorn");
  const RunView view = ReadRun(folder.path());
  EXPECT_EQ(view.life, JobLife::kAlive);
  ASSERT_THAT(view.processes, SizeIs(2)) << "one left long ago";
  EXPECT_EQ(view.processes[0].role, "orchestrator");
  EXPECT_EQ(view.processes[1].state, "rollout");
  EXPECT_EQ(view.processes[1].gpu_percent(), 40);
  ASSERT_THAT(view.curves.at("reward/mean"), SizeIs(2));
  EXPECT_EQ(view.curves.at("reward/mean")[0], 0.25);
}

std::string TraceLine(const std::string& id, const std::string& severity, const std::string& response) {
  return R"({"step":1,"prompt_id":")" + id + R"(","intent":"benign","prompt":"How?","samples":[{"response":")" + response +
         R"(","reward":0.5,"grade":{"outcome":"ok","safety":0.9,"helpfulness":0.4,"severity":")" + severity +
         R"(","clause":"C1","mode":"comply"}}]})" + "\n";
}

std::vector<std::string> Ids(const std::vector<ShownTranscript>& shown) {
  std::vector<std::string> ids;
  for (const ShownTranscript& t : shown) ids.push_back(t.prompt_id);
  return ids;
}

TEST(TranscriptFeed, ShowsWhatComesOnceAndSurvivesAResume) {
  TempFolder folder;
  TranscriptFeed feed(folder.path(), "", {}, true);
  EXPECT_THAT(feed.Poll(), IsEmpty());
  fs::create_directories(folder / "main/traces");
  WriteBytes(folder / "main/traces/step_2.jsonl", TraceLine("b", "none", "x"));
  WriteBytes(folder / "main/traces/step_0.jsonl", TraceLine("a", "none", "x") + "damage\n");
  WriteBytes(folder / "main/traces/other.jsonl", TraceLine("no", "none", "x"));
  EXPECT_THAT(Ids(feed.Poll()), ElementsAre("a", "b"));
  EXPECT_EQ(feed.damaged(), 1);
  EXPECT_THAT(feed.Poll(), IsEmpty());
  WriteBytes(folder / "main/traces/step_2.jsonl", TraceLine("b", "none", "x"));  // done again after a resume
  WriteBytes(folder / "main/traces/step_10.jsonl", TraceLine("c", "none", "x"));
  EXPECT_THAT(Ids(feed.Poll()), ElementsAre("c"));
  fs::remove_all(folder / "main");  // started again
  EXPECT_THAT(feed.Poll(), IsEmpty());
  fs::create_directories(folder / "main/traces");
  WriteBytes(folder / "main/traces/step_0.jsonl", TraceLine("d", "none", "x"));
  EXPECT_THAT(Ids(feed.Poll()), ElementsAre("d"));
}

TEST(TranscriptFeed, FiltersAndStartsAtTheEndWhenAsked) {
  TempFolder folder;
  fs::create_directories(folder / "main/traces");
  WriteBytes(folder / "main/traces/step_0.jsonl", TraceLine("a", "high", "x") + TraceLine("b", "none", "x"));
  TranscriptFeed feed(folder.path(), "main", ParseFilter({"severity=high,moderate"}), true);
  EXPECT_THAT(Ids(feed.Poll()), ElementsAre("a"));
  EXPECT_EQ(feed.hidden(), 1);
  TranscriptFeed late(folder.path(), "", {}, false);
  EXPECT_THAT(late.Poll(), IsEmpty());
  for (const char* wrong : {"severity", "severity=", "colour=red", "severity=awful", "=x"})
    EXPECT_THROW(ParseFilter({wrong}), ConfigError) << wrong;
}

TEST(TranscriptFeed, NothingOfAModelDrivesTheTerminal) {
  TempFolder folder;
  fs::create_directories(folder / "main/traces");
  WriteBytes(folder / "main/traces/step_0.jsonl",
             TraceLine("a\\u001b[31m", "none", "ok\\u001b]52;c;x\\u0007\\u009b2J\\u202e and\\nmore words than a line has room for"));
  TranscriptFeed feed(folder.path(), "", {}, true);
  const auto shown = feed.Poll();
  ASSERT_THAT(shown, SizeIs(1));
  const std::string text = Render(shown[0], 40, false);
  EXPECT_FALSE(CouldDriveATerminal(text)) << text;
  EXPECT_THAT(text, HasSubstr("reward 0.50 safety 0.90 helpfulness 0.40 severity none clause C1 mode comply"));
  EXPECT_THAT(text, HasSubstr("  > How?\n"));
  EXPECT_THAT(text, HasSubstr("\\x1B]52;c;x\\x07\\u{9B}2J\\u{202E}"));
}

}  // namespace
}  // namespace temper

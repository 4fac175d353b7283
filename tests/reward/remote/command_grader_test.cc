// Graders that are programs of the user's: real processes that answer, lie, hang and die.
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "tests/reward/remote/own_graders.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::GraderOf;
using ::testing::HasSubstr;

// Every program here: `answer(request)` gives the text of a reply, which is written as a line.
constexpr const char* kFrame = R"(
import json, os, sys, time
asked = 0
for line in sys.stdin:
    request = json.loads(line)
    asked += 1
    text = request["response"]
    reply = {"id": request["id"], "safety": 0.0 if "bad" in text else 1.0}
)";

class CommandGraderTest : public ::testing::Test {
 protected:
  // A grader whose program does `body` with each request, four spaces in.
  std::unique_ptr<Grader> Program(const std::string& body, double deadline_s = 20, const std::string& keys = "") {
    std::string lines;
    for (size_t at = 0; at < body.size();) {
      const size_t end = std::min(body.find('\n', at), body.size());
      lines += "    " + body.substr(at, end - at) + "\n";
      at = end + 1;
    }
    WriteBytes(folder_ / "own.py", kFrame + lines);
    return GraderOf("{name: own, type: command, gives: [safety], command: [python3, own.py], files: own.py" + keys + "}", folder_.path(),
                    deadline_s);
  }
  static std::vector<GradeRequest> Answers(const std::vector<std::string>& texts) {
    std::vector<GradeRequest> requests;
    for (const std::string& text : texts) requests.push_back({"a prompt", text, "", false});
    return requests;
  }
  TempFolder folder_;
};

TEST_F(CommandGraderTest, ItsIdTellsWhichPartsCount) {
  const auto id = [&](const std::string& gives) {
    return GraderOf("{name: own, type: command, gives: [" + gives + "], shell: cat}", folder_.path(), 20)->id();
  };
  EXPECT_NE(id("safety"), id("safety, mode"));
  EXPECT_NE(id("mode"), id("safety"));
}

TEST_F(CommandGraderTest, ItsNumbersBecomeGradesInTheOrderOfTheRequests) {
  const auto grader = Program("print(json.dumps(reply))");
  const std::vector<Grade> grades = GradeAll(grader.get(), Answers({"good", "bad", "good"}), 20);
  ASSERT_EQ(grades.size(), 3U);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kOk) << grades[0].error;
  EXPECT_EQ(grades[0].safety, 1);
  EXPECT_EQ(grades[1].safety, 0);
  EXPECT_EQ(grades[2].safety, 1);
  EXPECT_EQ(grades[0].grader, grader->id());
  EXPECT_GT(grades[0].latency_us, 0);
}

TEST_F(CommandGraderTest, RepliesMayComeInAnyOrder) {
  const auto grader = Program(
      "held = globals().setdefault('held', [])\nheld.append(json.dumps(reply))\n"
      "if len(held) == 4:\n    print('\\n'.join(held[::-1]))\n    held.clear()");
  const auto grades = GradeAll(grader.get(), Answers({"bad", "good", "good", "bad"}), 20);
  EXPECT_EQ(grades[0].safety, 0);
  EXPECT_EQ(grades[1].safety, 1);
  EXPECT_EQ(grades[3].safety, 0);
}

TEST_F(CommandGraderTest, SeveralBatchesRunSideBySide) {
  const auto grader = Program("print(json.dumps(reply))");
  std::set<Grader::Handle> open;
  for (int i = 0; i < 50; ++i) open.insert(grader->Start(Answers({"good", "bad"})));
  open.insert(grader->Start({}));
  const double start = NowSeconds();
  while (!open.empty() && NowSeconds() - start < 20) {
    for (const Grader::Finished& finished : grader->Collect(std::chrono::milliseconds(100))) {
      ASSERT_EQ(open.erase(finished.handle), 1U);
      if (!finished.grades.empty()) {
        EXPECT_EQ(finished.grades[1].safety, 0);
      }
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST_F(CommandGraderTest, CollectWaitsNoLongerThanItIsTold) {
  const auto grader = Program("time.sleep(60)", 60);
  grader->Start(Answers({"good"}));
  const double start = NowSeconds();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(grader->Collect(std::chrono::milliseconds(20)).empty());
  EXPECT_LT(NowSeconds() - start, 1.5);
  const double zero = NowSeconds();
  for (int i = 0; i < 100; ++i) grader->Collect(std::chrono::milliseconds(0));
  EXPECT_LT(NowSeconds() - zero, 0.5);
}

TEST_F(CommandGraderTest, AReplyThatIsNotOfTheSchemaIsAParseErrorWithTheLine) {
  const auto grader =
      Program("print('debug: ' + text if 'chat' in text else json.dumps(dict(reply, safety=2) if 'much' in text else reply))");
  const auto grades = GradeAll(grader.get(), Answers({"chat", "much", "good"}), 20);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kParseError);
  EXPECT_THAT(grades[0].error, HasSubstr("debug: chat"));
  EXPECT_EQ(grades[1].outcome, GradeOutcome::kParseError);
  EXPECT_THAT(grades[1].error, HasSubstr("safety must be a number from 0 to 1"));
  EXPECT_EQ(grades[2].outcome, GradeOutcome::kOk);
}

TEST_F(CommandGraderTest, ALineWithoutEndIsCutOff) {
  const auto grader = Program("print('x' * 3000000 if 'long' in text else json.dumps(reply))");
  const auto grades = GradeAll(grader.get(), Answers({"long", "good"}), 20);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kParseError);
  EXPECT_THAT(grades[0].error, HasSubstr("longer than 1048576 bytes"));
  EXPECT_EQ(grades[1].outcome, GradeOutcome::kOk) << grades[1].error;
}

TEST_F(CommandGraderTest, ASecondReplyAndAStrangersIdChangeNothing) {
  const auto grader = Program("print(json.dumps(reply))\nprint(json.dumps(dict(reply, safety=0.5)))");
  for (const Grade& grade : GradeAll(grader.get(), Answers({"good", "good", "good"}), 20)) EXPECT_EQ(grade.safety, 1);
}

TEST_F(CommandGraderTest, WhatIsNotAnsweredInTimeIsATimeoutAndTheNextBatchGetsAFreshProcess) {
  const auto grader = Program("if 'hang' in text: time.sleep(3600)\nprint(json.dumps(reply))", 3);
  const auto late = GradeAll(grader.get(), Answers({"good", "hang", "good"}), 20);
  EXPECT_EQ(late[0].outcome, GradeOutcome::kOk);
  EXPECT_EQ(late[1].outcome, GradeOutcome::kTimeout);
  EXPECT_EQ(late[2].outcome, GradeOutcome::kTimeout);
  EXPECT_THAT(late[1].error, HasSubstr("no grade within 3 s"));
  std::vector<Grade> next;
  for (int i = 0; i < 3 && (next.empty() || next[0].outcome != GradeOutcome::kOk); ++i)
    next = GradeAll(grader.get(), Answers({"good"}), 20);
  EXPECT_EQ(next[0].outcome, GradeOutcome::kOk) << next[0].error;
}

TEST_F(CommandGraderTest, AProcessThatDiesIsStartedAgainAndWhatItHadIsAskedOnceMore) {
  const std::string once = folder_ / "died";
  const auto grader =
      Program("if not os.path.exists('" + once + "'):\n    open('" + once + "', 'w').close()\n    os._exit(3)\nprint(json.dumps(reply))");
  for (const Grade& grade : GradeAll(grader.get(), Answers({"good", "good", "good", "good"}), 20))
    EXPECT_EQ(grade.outcome, GradeOutcome::kOk) << grade.error;
}

TEST_F(CommandGraderTest, AnAnswerThatKillsGradersTakesNoOtherWithIt) {
  const auto grader = Program("if 'poison' in text: os.kill(os.getpid(), 9)\nprint(json.dumps(reply))");
  std::vector<std::string> texts(20, "good");
  texts[7] = "poison";
  const auto grades = GradeAll(grader.get(), Answers(texts), 20);
  for (size_t i = 0; i < grades.size(); ++i)
    EXPECT_EQ(grades[i].outcome, i == 7 ? GradeOutcome::kCrash : GradeOutcome::kOk) << i << " " << grades[i].error;
  EXPECT_THAT(grades[7].error, HasSubstr("died with this answer twice: signal 9"));
}

TEST_F(CommandGraderTest, AProgramThatCannotStartIsACrashThatSaysWhy) {
  const auto missing = GraderOf("{name: m, type: command, gives: [safety], command: [no-such-program-here]}", folder_.path());
  EXPECT_THAT(GradeAll(missing.get(), Answers({"good"}), 20).at(0).error, HasSubstr("it cannot be started: No such file or directory"));
  WriteBytes(folder_ / "own.py", "import no_such_module\n");
  const auto broken = GraderOf("{name: b, type: command, gives: [safety], command: [python3, own.py], files: own.py}", folder_.path());
  const auto grades = GradeAll(broken.get(), Answers({"good", "bad"}), 20);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kCrash);
  EXPECT_EQ(grades[1].outcome, GradeOutcome::kCrash);
  EXPECT_THAT(grades[1].error, HasSubstr("exit code 1; it said: ModuleNotFoundError: No module named 'no_such_module'"));
  // A shell line that answers nothing.
  const auto over = GraderOf("{name: o, type: command, gives: [safety], shell: 'cat > /dev/null; true'}", folder_.path(), 2);
  EXPECT_NE(GradeAll(over.get(), Answers({"good"}), 20).at(0).outcome, GradeOutcome::kOk);
}

TEST_F(CommandGraderTest, ItsEnvironmentIsCleanAndItsFolderPrivate) {
  setenv("TEMPER_BUS_KEYS", "secret", 1);
  setenv("MY_KEY", "mine", 1);
  setenv("NOT_NAMED", "x", 1);
  const auto grader = Program(
      "ok = 'TEMPER_BUS_KEYS' not in os.environ and 'NOT_NAMED' not in os.environ and os.environ['MY_KEY'] == 'mine'\n"
      "ok = ok and os.environ['MODE'] == 'strict' and os.stat('.').st_mode & 0o777 == 0o700 and os.listdir('.') == ['own.py']\n"
      "ok = ok and sorted(os.listdir('/proc/self/fd'))[:3] == ['0', '1', '2'] and len(os.listdir('/proc/self/fd')) <= 5\n"
      "print(json.dumps(dict(reply, safety=float(ok))))",
      20, ", environment: {MODE: strict}, pass_environment: [MY_KEY]");
  EXPECT_EQ(GradeAll(grader.get(), Answers({"good"}), 20).at(0).safety, 1);
}

TEST_F(CommandGraderTest, ItsMemoryAndItsOpenFilesAreLimited) {
  const auto grader = Program(
      "try:\n    x = bytearray(1 << 30)\n    memory = False\nexcept MemoryError:\n    memory = True\n"
      "try:\n    held = [open('/dev/null') for _ in range(40)]\n    files = False\nexcept OSError:\n    files = True\n"
      "print(json.dumps(dict(reply, safety=float(memory and files))))",
      20, ", memory_mb: 512, open_files: 32");
  EXPECT_EQ(GradeAll(grader.get(), Answers({"good"}), 20).at(0).safety, 1);
}

TEST_F(CommandGraderTest, NothingIsLeftOfItsProcessGroup) {
  const std::string pids = folder_ / "pids";
  WriteBytes(folder_ / "own.py", std::string("import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nopen('") + pids +
                                     "', 'w').write(f'{os.getpid()} {child.pid}')\n" + kFrame +
                                     "    print(json.dumps(reply), flush=True)\n");
  auto grader = GraderOf("{name: g, type: command, gives: [safety], shell: 'python3 own.py', files: own.py}", folder_.path());
  EXPECT_EQ(GradeAll(grader.get(), Answers({"good"}), 20).at(0).safety, 1);
  std::istringstream in(ReadBytes(pids));
  pid_t own = 0, child = 0;
  in >> own >> child;
  ASSERT_GT(child, 0);
  EXPECT_EQ(kill(child, 0), 0);
  grader.reset();
  const double start = NowSeconds();
  const auto gone = [](pid_t pid) {
    return kill(pid, 0) != 0 || ReadBytes("/proc/" + std::to_string(pid) + "/stat").find(") Z ") != std::string::npos;
  };
  while ((!gone(own) || !gone(child)) && NowSeconds() - start < 10) usleep(10'000);
  EXPECT_TRUE(gone(own) && gone(child));
}

TEST_F(CommandGraderTest, ItsIdFollowsItsFilesAndItsCommand) {
  const std::string entry = "{name: own, type: command, gives: [safety], command: [python3, own.py], files: own.py";
  WriteBytes(folder_ / "own.py", "1");
  const std::string first = GraderOf(entry + "}", folder_.path())->id();
  EXPECT_EQ(GraderOf(entry + ", memory_mb: 100, in_flight: 1, pass_environment: [X]}", folder_.path())->id(), first);
  EXPECT_NE(GraderOf(entry + ", environment: {X: '1'}}", folder_.path())->id(), first);
  WriteBytes(folder_ / "own.py", "2");
  EXPECT_NE(GraderOf(entry + "}", folder_.path())->id(), first);
}

TEST_F(CommandGraderTest, AnEntryThatCannotBeRunIsRefused) {
  const auto refused = [&](const std::string& keys) {
    EXPECT_THROW(GraderOf("{name: x, type: command" + keys + "}", folder_.path()), ConfigError) << keys;
  };
  refused("");
  refused(", command: [a], shell: b");
  refused(", command: [a], files: nowhere.py");
  refused(", command: [a], environment: {TEMPER_BUS_KEYS: x}");
  refused(", command: [a], pass_environment: [OMPI_COMM_WORLD_RANK]");
}

TEST_F(CommandGraderTest, KilledAtRandomItLosesNothing) {
  const auto grader = Program("print(json.dumps(dict(reply, safety=len(text) / 100)))\nif os.urandom(1)[0] < 8: os.kill(os.getpid(), 9)");
  size_t ok = 0, crashed = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> texts;
    for (int i = 0; i < 20; ++i) texts.push_back(std::string(static_cast<size_t>(i), 'x'));
    const auto grades = GradeAll(grader.get(), Answers(texts), 20);
    ASSERT_EQ(grades.size(), 20U);
    for (int i = 0; i < 20; ++i) {
      const Grade& grade = grades[static_cast<size_t>(i)];
      if (grade.outcome == GradeOutcome::kOk) {
        EXPECT_EQ(grade.safety, i / 100.0);
      }
      (grade.outcome == GradeOutcome::kOk ? ok : crashed) += 1;
    }
  }
  EXPECT_EQ(ok + crashed, 200U);
  EXPECT_GT(ok, 190U) << "an answer is asked twice, and alone the second time";
}

}  // namespace
}  // namespace temper

// Child processes that answer lines: what becomes of the others when one kills, chatters, hangs or runs away. Real processes, of the shell.
#include "reward/remote/line_exchange.h"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

// Answers the requests that it reads; before each it does `first`.
std::string Answering(const std::string& first) {
  return "while read -r line; do " + first + " id=${line#*:}; id=${id%%,*}; printf '{\"id\": %s, \"safety\": 1}\\n' \"$id\"; done";
}

class LineExchangeTest : public ::testing::Test {
 protected:
  LineExchange Exchange(const std::string& script, double deadline_s, int64_t in_flight = 256) {
    LineExchangeOptions options;
    options.name = "g";
    options.child = {.argv = {"/bin/sh", "-c", script}, .folder = folder_.path(), .environment = ChildEnvironment({}, {})};
    options.gives = {GradePart::kSafety};
    options.deadline_s = deadline_s;
    options.in_flight = in_flight;
    return LineExchange(options);
  }
  static std::vector<Grade> Ask(LineExchange* exchange, const std::vector<std::string>& texts) {
    std::vector<GradeRequest> requests;
    for (const std::string& text : texts) requests.push_back({"a prompt", text, "", false});
    exchange->Ask(1, std::move(requests));
    const double start = NowSeconds();
    while (NowSeconds() - start < 60) {
      exchange->Pump(std::chrono::milliseconds(20));
      auto finished = exchange->TakeFinished();
      if (!finished.empty()) return std::move(finished[0].second);
    }
    ADD_FAILURE() << "no end after 60 s";
    return std::vector<Grade>(texts.size());
  }
  static std::vector<GradeOutcome> Outcomes(const std::vector<Grade>& grades) {
    std::vector<GradeOutcome> outcomes;
    for (const Grade& grade : grades) outcomes.push_back(grade.outcome);
    return outcomes;
  }

  TempFolder folder_;
};

TEST_F(LineExchangeTest, SeveralAnswersThatKillGradersTakeNoOthersWithThem) {
  LineExchange exchange = Exchange(Answering("case $line in *poison*) exit 3;; esac;"), 60);
  std::vector<std::string> texts(256, "good");
  std::vector<GradeOutcome> expected(256, GradeOutcome::kOk);
  for (const size_t i : {0, 1, 2, 3, 100, 255}) {
    texts[i] = "poison";
    expected[i] = GradeOutcome::kCrash;
  }
  EXPECT_EQ(Outcomes(Ask(&exchange, texts)), expected);
  expected.resize(9);
  EXPECT_EQ(Outcomes(Ask(&exchange, {texts.begin(), texts.begin() + 9})), expected) << "and so with the next batch";
}

TEST_F(LineExchangeTest, AfterAllWasGivenUpTheNextBatchIsTriedAsTheFirst) {
  LineExchange exchange = Exchange(Answering("[ -e repaired ] || exit 4; case $line in *poison*) exit 3;; esac;"), 6);
  const std::vector<Grade> broken = Ask(&exchange, std::vector<std::string>(60, "good"));
  EXPECT_THAT(Outcomes(broken), Each(GradeOutcome::kCrash));
  EXPECT_THAT(broken.back().error, HasSubstr("dies before it answers: exit code 4"));
  WriteBytes(folder_ / "repaired", "");
  EXPECT_THAT(Outcomes(Ask(&exchange, {"poison", "good", "good"})),
              ::testing::ElementsAre(GradeOutcome::kCrash, GradeOutcome::kOk, GradeOutcome::kOk));
}

TEST_F(LineExchangeTest, HalfALineOfADyingChildIsNoReply) {
  for (const std::string half : {R"({"id": 1, "safety": 0})", R"({"id": 1, "saf)"}) {
    std::filesystem::remove(folder_ / "died");
    LineExchange exchange = Exchange(Answering("[ -e died ] || { touch died; printf '%s' '" + half + "'; exit 3; };"), 20);
    const std::vector<Grade> grades = Ask(&exchange, {"good"});
    EXPECT_EQ(grades[0].outcome, GradeOutcome::kOk) << grades[0].error;
    EXPECT_EQ(grades[0].safety, 1) << "that of the second child";
  }
}

TEST_F(LineExchangeTest, AProgramThatOnlyGreetsIsStartedLaterAndLater) {
  LineExchange exchange = Exchange("echo >> starts; echo welcome; exit 5", 60);
  exchange.Ask(1, std::vector<GradeRequest>(200));
  const double start = NowSeconds();
  while (NowSeconds() - start < 1) exchange.Pump(std::chrono::milliseconds(5));
  const std::string starts = ReadBytes(folder_ / "starts");
  EXPECT_LE(std::count(starts.begin(), starts.end(), '\n'), 6) << "at 0, 0, 0.1, 0.3, 0.7, 1.5 s";
}

TEST_F(LineExchangeTest, EmptyLinesDoNotKeepAHungChildAlive) {
  LineExchange exchange = Exchange("[ -e hung ] || { touch hung; while echo; do sleep 0.05; done; }; " + Answering(""), 1, 1);
  EXPECT_EQ(Ask(&exchange, {"good"})[0].outcome, GradeOutcome::kTimeout);
  EXPECT_EQ(Ask(&exchange, {"good"})[0].outcome, GradeOutcome::kOk) << "of a fresh child";
}

// It has left the group that it was given, and does not look at its input.
TEST(LineProcess, EndsAChildThatIsInAnotherGroupAndIgnoresTheEndOfItsInput) {
  const double start = NowSeconds();
  {
    LineProcess process({.argv = {"python3", "-c",
                                  "import os, time\nos.setpgid(0, os.getpgid(os.getppid()))\nprint('ready', flush=True)\ntime.sleep(1000)"},
                         .folder = "",
                         .environment = ChildEnvironment({}, {})},
                        100);
    while (process.TakeLines().empty() && NowSeconds() - start < 20) process.Pump(std::chrono::milliseconds(50));
    ASSERT_TRUE(process.alive()) << process.end();
  }
  EXPECT_LT(NowSeconds() - start, 25);
}

}  // namespace
}  // namespace temper

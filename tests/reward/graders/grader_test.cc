// A grader that takes its time, and who waits for it.
#include "reward/graders/grader.h"

#include <utility>

#include <gmock/gmock.h>

#include "cluster/base/clock.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

// Has all its grades ready when it is asked for the n-th time.
class LateGrader : public Grader {
 public:
  explicit LateGrader(int questions) : questions_(questions) {}
  Handle Start(std::vector<GradeRequest> requests) override {
    open_.push_back({++last_, std::vector<Grade>(requests.size())});
    return last_;
  }
  std::vector<Finished> Collect(std::chrono::milliseconds) override {
    return --questions_ > 0 ? std::vector<Finished>() : std::exchange(open_, {});
  }
  std::string id() const override { return "late/1"; }

 private:
  int questions_;
  Handle last_ = 0;
  std::vector<Finished> open_;
};

const GradeRequest kRequest{"a prompt", "an answer", "", false};

TEST(GradeAll, AsksUntilTheGradesAreThere) {
  LateGrader grader(3);
  const std::vector<Grade> grades = GradeAll(&grader, {kRequest, kRequest}, 60);
  ASSERT_EQ(grades.size(), 2U);
  EXPECT_EQ(grades[1].outcome, GradeOutcome::kOk);
}

TEST(GradeAll, GivesUpAtItsDeadlineAndTakesNoLateGradesForOthers) {
  LateGrader grader(1'000'000'000);
  const double start = NowSeconds();
  const std::vector<Grade> late = GradeAll(&grader, {kRequest, kRequest}, 0.05);
  EXPECT_GE(NowSeconds() - start, 0.05);
  ASSERT_EQ(late.size(), 2U);
  for (const Grade& grade : late) {
    EXPECT_EQ(grade.outcome, GradeOutcome::kTimeout);
    EXPECT_EQ(grade.error, "no grade within 0.05 s");
    EXPECT_EQ(grade.grader, "late/1");
    EXPECT_GE(grade.latency_us, 50'000);
  }
  grader = LateGrader(1);
  grader.Start({kRequest, kRequest, kRequest});  // what a deadline left there
  EXPECT_EQ(GradeAll(&grader, {kRequest}, 60).size(), 1U);
}

// Says what its request's answer spells.
class NumberGrader : public ImmediateGrader {
 public:
  std::string id() const override { return "number/1"; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    Grade grade;
    grade.safety = std::stod(request.response);
    return grade;
  }
};

TEST(ImmediateGrader, AValueThatIsNoNumberIsAFailureWithItsName) {
  NumberGrader grader;
  const std::vector<Grade> grades = GradeAll(&grader, {{"", "0.5", "", false}, {"", "nan", "", false}, {"", "inf", "", false}}, 60);
  ASSERT_EQ(grades.size(), 3U);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kOk);
  EXPECT_EQ(grades[1].outcome, GradeOutcome::kCrash);
  EXPECT_EQ(grades[1].error, "the grader gave nan as safety, which is no number");
  EXPECT_EQ(grades[1].grader, "number/1");
  EXPECT_EQ(grades[2].outcome, GradeOutcome::kCrash);
}

}  // namespace
}  // namespace temper

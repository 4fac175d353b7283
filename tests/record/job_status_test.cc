#include "record/job_status.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/host/host_name.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(JobStatus, ComesBackAsItWasWritten) {
  TempFolder folder;
  JobStatus status;
  status.state = "running";
  status.run = "r";
  status.missing = "learner 1 (not registered)";
  status.step = 3;
  status.steps = 12;
  status.eta_s = 8.5;
  status.job_eta_s = 40.5;
  status.graded_by = "rule/x (reads words)";
  status.last = {{"reward", 0.5}};
  status.queues = {{"rollout", 2}};
  status.warnings = {"a\nb\033[2J"};
  WriteBytes(folder / "status.json", ToJson(status));
  std::string problem;
  const auto got = ReadJobStatus(folder.path(), &problem);
  ASSERT_TRUE(got) << problem;
  EXPECT_EQ(ToJson(*got), ToJson(status));
  EXPECT_EQ(json::parse(ToJson(status)).at("percent"), 25.0);
}

TEST(JobStatus, ADamagedFileIsAProblemNotACrash) {
  TempFolder folder;
  std::string problem;
  EXPECT_FALSE(ReadJobStatus(folder.path(), &problem));
  EXPECT_THAT(problem, HasSubstr("there is none"));
  for (const char* text : {"", "{", "[]", "3", R"({"state":3})", R"({"state":"x","last":[1]})", R"({"state":"x","queues":{"a":"b"}})"}) {
    WriteBytes(folder / "status.json", text);
    EXPECT_FALSE(ReadJobStatus(folder.path(), &problem)) << text;
    EXPECT_THAT(problem, HasSubstr("status.json"));
  }
}

TEST(JobStatus, TellsADeadJobFromALivingOne) {
  JobStatus status;
  status.state = "running";
  status.host = LocalHostName();
  status.pid = getpid();
  status.pid_start = ProcessStart(getpid());
  status.updated = 1000;
  EXPECT_EQ(LifeOf(status, 9000, status.host), JobLife::kAlive) << "its process is there, however old the news";
  status.missing = "learner 1 (not registered)";
  EXPECT_EQ(LifeOf(status, 9000, status.host), JobLife::kWaiting);
  EXPECT_EQ(LifeOf(status, 1001, "elsewhere"), JobLife::kWaiting);
  status.missing = "";
  status.pid_start += 1;
  EXPECT_EQ(LifeOf(status, 1001, status.host), JobLife::kDead) << "another process has its number now";
  EXPECT_EQ(LifeOf(status, 1001, "elsewhere"), JobLife::kAlive);
  EXPECT_EQ(LifeOf(status, 1031, "elsewhere"), JobLife::kUnknown);
  status.state = "done";
  EXPECT_EQ(LifeOf(status, 9000, status.host), JobLife::kEnded);
  EXPECT_EQ(ProcessStart(999'999'999), -1);
}

TEST(JobStatus, OnlyAJobThatSaysSoIsDone) {
  TempFolder folder;
  EXPECT_FALSE(IsDone(folder.path())) << "it has not started";
  JobStatus status;
  status.state = "running";
  WriteBytes(folder / "status.json", ToJson(status));
  EXPECT_FALSE(IsDone(folder.path()));
  status.state = "done";
  WriteBytes(folder / "status.json", ToJson(status));
  EXPECT_TRUE(IsDone(folder.path()));
  WriteBytes(folder / "status.json", "{\"state\":\"done\"");
  EXPECT_FALSE(IsDone(folder.path())) << "torn";
}

}  // namespace
}  // namespace temper

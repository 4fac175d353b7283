#include "record/spans.h"

#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

constexpr char kHeader[] = "{\"format\":\"temper-spans\",\"version\":2}\n";

TraceProcess Rollout() {
  TraceProcess process;
  process.attempt = 2;
  process.role = "rollout";
  process.rank = 3;
  process.peer = "00ab";
  process.host = "n1";
  process.pid = 41;
  process.clock_error_us = 12;
  process.dropped = 4;
  process.max_staleness = {1};
  process.spans = {{"sync", Span::kPhase, 1'000'000, 250, -1, 6, 0}, {"rollout", Span::kPart, 2'000'000, 500, 5, -1, 31.5}};
  return process;
}

class SpansTest : public testing::Test {
 protected:
  SpansTest() { fs::create_directories(folder_ / "traces"); }
  std::string Refusal() const {
    try {
      ReadTrace(folder_.path());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
  TempFolder folder_;
  std::string path_ = folder_ / "traces/spans.jsonl";
};

TEST_F(SpansTest, ALineIsWrittenToTheByte) {
  EXPECT_EQ(SpansLine(Rollout()),
            R"({"attempt":2,"role":"rollout","rank":3,"peer":"00ab","host":"n1","pid":41,"clock_error_us":12,"dropped":4,)"
            R"("max_staleness":1,"spans":[["sync",0,1000000,250,-1,6,0.0],["rollout",1,2000000,500,5,-1,31.5]]})"
            "\n");
  TraceProcess plain = Rollout();
  plain.dropped = 0;
  plain.max_staleness.clear();
  plain.spans = {{"sync", Span::kPhase, 1, 2, -1, -1, NAN}};
  EXPECT_EQ(SpansLine(plain), R"({"attempt":2,"role":"rollout","rank":3,"peer":"00ab","host":"n1","pid":41,"clock_error_us":12,)"
                              R"("spans":[["sync",0,1,2,-1,-1,0.0]]})"
                              "\n");
}

TEST_F(SpansTest, WhatWasWrittenIsRead) {
  MakeSpansFile(folder_.path(), 10'000).Append(SpansLine(Rollout()));
  MakeSpansFile(folder_.path(), 10'000).Append(SpansLine(Rollout()));  // a second start of the job
  EXPECT_EQ(ReadBytes(path_), kHeader + SpansLine(Rollout()) + SpansLine(Rollout()));
  const TraceData data = ReadTrace(folder_.path());
  EXPECT_EQ(data.damaged, 0);
  ASSERT_EQ(data.processes.size(), 1U);
  const TraceProcess& back = data.processes[0];
  EXPECT_EQ(back.attempt, 2);
  EXPECT_EQ(back.role, "rollout");
  EXPECT_EQ(back.rank, 3);
  EXPECT_EQ(back.peer, "00ab");
  EXPECT_EQ(back.host, "n1");
  EXPECT_EQ(back.pid, 41);
  EXPECT_EQ(back.clock_error_us, 12);
  EXPECT_EQ(back.dropped, 4);
  EXPECT_EQ(back.max_staleness, std::set<int64_t>({1}));
  ASSERT_GE(back.spans.size(), 2U);
  EXPECT_EQ(back.spans[0].name, "sync");
  EXPECT_EQ(back.spans[0].version, 6);
  EXPECT_EQ(back.spans.back().lane, Span::kPart);
  EXPECT_EQ(back.spans.back().count, 31.5);
}

TEST_F(SpansTest, EveryNewFileBeginsWithTheHeader) {
  BoundedFile file = MakeSpansFile(folder_.path(), 1000);
  for (int i = 0; i < 20; ++i) file.Append(SpansLine(Rollout()));
  EXPECT_EQ(file.failed(), 0);
  for (const std::string& each : {path_, path_ + ".1"}) {
    EXPECT_THAT(ReadBytes(each), StartsWith(kHeader)) << each;
    EXPECT_LE(fs::file_size(each), 500U);
  }
  EXPECT_EQ(ReadTrace(folder_.path()).damaged, 0);
}

TEST_F(SpansTest, ATornHeaderIsWrittenAgainAndReadAsNothingYet) {
  for (size_t size = 0; size + 1 < sizeof(kHeader); ++size) {
    WriteBytes(path_, std::string(kHeader).substr(0, size));
    EXPECT_TRUE(ReadTrace(folder_.path()).processes.empty()) << size;
    MakeSpansFile(folder_.path(), 10'000).Append(SpansLine(Rollout()));
    EXPECT_EQ(ReadBytes(path_), kHeader + SpansLine(Rollout())) << size;
  }
}

TEST_F(SpansTest, AnotherVersionIsRefusedInOneSentence) {
  WriteBytes(path_, SpansLine(Rollout()));
  EXPECT_EQ(Refusal(), path_ +
                           ": spans without a version, but this Temper reads version 2; look at them with the Temper that wrote "
                           "them, or move the file away");
  WriteBytes(path_, "{\"format\":\"temper-spans\",\"version\":7}\n" + SpansLine(Rollout()));
  EXPECT_THAT(Refusal(), StartsWith(path_ + ": spans of version 7, but this Temper reads version 2; "));
  WriteBytes(path_, kHeader);
  WriteBytes(path_ + ".1", "{\"format\":\"other\"}\n");
  EXPECT_THAT(Refusal(), StartsWith(path_ + ".1: spans without a version"));
}

// A run of an older Temper goes on: its spans are out of the way, for the Temper that wrote them.
TEST_F(SpansTest, TheWriterSetsAnotherVersionAside) {
  const std::string old = SpansLine(Rollout());
  WriteBytes(path_, old);
  WriteBytes(path_ + ".1", old);
  testing::internal::CaptureStderr();
  MakeSpansFile(folder_.path(), 10'000).Append(SpansLine(Rollout()));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("spans.jsonl is of another Temper's format: renamed to "));
  EXPECT_EQ(ReadBytes(path_), kHeader + SpansLine(Rollout()));
  EXPECT_EQ(ReadBytes(path_ + ".old"), old);
  EXPECT_EQ(ReadBytes(path_ + ".1.old"), old);
  EXPECT_EQ(ReadTrace(folder_.path()).processes.size(), 1U);
}

}  // namespace
}  // namespace temper

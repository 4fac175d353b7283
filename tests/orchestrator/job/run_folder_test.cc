#include "orchestrator/job/run_folder.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "record/run_paths.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

class RunFolderTest : public ::testing::Test {
 protected:
  RunFolderTest() {
    experiment_.base.run.dir = folder_.path();
    experiment_.base.run.name = "run";
  }
  // The epoch of a start, or why there is none.
  std::string Start() const {
    try {
      return Concat(OpenRunFolder(experiment_, "auto").epoch);
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  TempFolder folder_;
  Experiment experiment_;
};

TEST_F(RunFolderTest, StartsAreCounted) {
  EXPECT_EQ(Start(), "1");
  EXPECT_EQ(Start(), "2");
  EXPECT_EQ(ReadBytes(RunsPaths(folder_.path()).Run("run").Epoch()), "2\n");
}

TEST_F(RunFolderTest, AnEpochThatIsNoneIsRefusedBeforeItIsCounted) {
  EXPECT_EQ(Start(), "1");
  const std::string path = RunsPaths(folder_.path()).Run("run").Epoch();
  for (const std::string& text : {std::string("18446744073709551615\n"), std::string("99999999999999999999\n"), std::string("0\n"),
                                  std::string("-1\n"), std::string("3 or so\n"), std::string("")}) {
    WriteBytes(path, text);
    EXPECT_THAT(Start(), HasSubstr("not a number from 1 to")) << text;
    EXPECT_EQ(ReadBytes(path), text) << "it stays for who looks";
  }
  WriteBytes(path, "7\n");
  EXPECT_EQ(Start(), "8");
}

}  // namespace
}  // namespace temper

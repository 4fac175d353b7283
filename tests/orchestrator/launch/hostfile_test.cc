// mpirun's hostfile as temper reads it.
#include "orchestrator/launch/hostfile.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::ElementsAre;

class Hostfile : public testing::Test {
 protected:
  std::vector<HostSlots> Read(const std::string& text) {
    WriteBytes(path_, text);
    return ReadHostfile(path_);
  }
  std::string ErrorOf(const std::string& text) {
    try {
      Read(text);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  TempFolder folder_;
  std::string path_ = folder_ / "hosts";
};

TEST_F(Hostfile, HasHostsWithTheirSlotsInItsOrder) {
  const auto hosts = Read("# the cluster\nb slots=2\n\na slots=3  # with GPUs\nc\nc\n");
  ASSERT_EQ(hosts.size(), 3U);
  EXPECT_EQ(hosts[0].host, "b");
  EXPECT_EQ(hosts[0].slots, 2);
  EXPECT_EQ(hosts[1].host, "a");
  EXPECT_EQ(hosts[1].slots, 3);
  EXPECT_EQ(hosts[2].slots, 2) << "named twice";
}

TEST_F(Hostfile, RanksFillTheHostsInOrder) {
  const auto hosts = Read("b slots=2\na slots=2\n");
  EXPECT_THAT(HostsByRank(hosts, 3, path_), ElementsAre("b", "b", "a"));
  try {
    HostsByRank(hosts, 5, "hosts");
    FAIL() << "five ranks on four slots";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "hosts: 4 slots, the job has 5 ranks; raise slots= or add hosts");
  }
}

TEST_F(Hostfile, MistakesAreNamedWithTheirLine) {
  EXPECT_EQ(ErrorOf("a\nb slots=0\n"), path_ + ":2: slots=0: expected a number from 1 to 100000");
  EXPECT_EQ(ErrorOf("b slots=2x\n"), path_ + ":1: slots=2x: expected a number from 1 to 100000");
  EXPECT_EQ(ErrorOf("b slot=2\n"), path_ + ":1: slot=2: expected slots=NUMBER after the host's name");
  EXPECT_EQ(ErrorOf("# nothing\n\n"), path_ + ": names no host; a line a host, e.g.  node01 slots=8");
  EXPECT_THROW(ReadHostfile("/nowhere/hosts"), ConfigError);
}

}  // namespace
}  // namespace temper

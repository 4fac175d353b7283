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

TEST_F(Hostfile, MeansWhatItMeansToMpirun) {
  const auto of = [&](const std::string& text) { return HostsArgument(Read(text)); };
  EXPECT_EQ(of("a slots = 2\nb\tslots= 3 \nc slots =1\n"), "a:2,b:3,c:1");
  EXPECT_EQ(of("a slots=2 max_slots=4\nb max-slots=5 slots=5\nc max_slots=3\n"), "a:2,b:5,c:3") << "without slots the maximum counts";
  EXPECT_EQ(of("a cpu=2\nb count=3\nc slots-max=2\n"), "a:2,b:3,c:2");
  EXPECT_EQ(of("\xEF\xBB\xBF"
               "a slots=2\r\n\r\nb slots=1\r\n"),
            "a:2,b:1")
      << "as editors of Windows write it";
  EXPECT_EQ(of("a slots=2 // the first\n// none\n#none\nb#x"), "a:2,b:1") << "a comment may end the file";
  EXPECT_EQ(of("n1.cluster.org slots=2\n10.0.0.7\n10.0.0.8 slots=3\n17\nlocalhost\n"),
            "n1.cluster.org:2,10.0.0.7:1,10.0.0.8:3,17:1,localhost:1");
  EXPECT_EQ(of("n1.cluster.org\nn1\nn1.cluster.org\n"), "n1.cluster.org:3") << "one host under two names";
}

// mpirun reads users in a hostfile alone: --host takes me@a for a name.
TEST_F(Hostfile, UsersAreHandedToMpirunInAFileOfTheirOwn) {
  const auto hosts = Read("me@a slots=2\nb username=you slots=1\nc user_name = x.y-z\nd\n");
  EXPECT_TRUE(AnyUser(hosts));
  EXPECT_FALSE(AnyUser(Read("a slots=2\n")));
  EXPECT_THAT(HostsByRank(hosts, 3, path_, "elsewhere"), ElementsAre("a", "a", "b"));
  const MpirunHostfile file(hosts, "d.cluster.org");
  EXPECT_EQ(ReadBytes(file.path()), "d slots=1\nme@a slots=2\nyou@b slots=1\nx.y-z@c slots=1\n") << "this host first";
}

// mpirun would put all ranks on one host, named by what stands before the first dot.
TEST_F(Hostfile, RefusesHostsThatMpirunTakesForOne) {
  EXPECT_EQ(
      ErrorOf("n1.a.org\nn2.a.org\nn1.b.org\n"),
      path_ +
          ":3: mpirun takes n1.b.org and n1.a.org for one host, n1: it reads a name up to its first dot; write their addresses instead");
  EXPECT_EQ(ErrorOf("a slots=2\na slots=1\n"),
            path_ + ":2: a stands in " + path_ + ":1 too; give a host one line with slots=, or one line without slots= for each rank");
}

TEST_F(Hostfile, RanksFillTheHostsInOrderThisOneFirst) {
  const auto hosts = Read("b slots=2\na slots=2\n");
  EXPECT_THAT(HostsByRank(hosts, 3, path_, "elsewhere"), ElementsAre("b", "b", "a"));
  EXPECT_THAT(HostsByRank(hosts, 3, path_, "a.cluster.org"), ElementsAre("a", "a", "b"));
  try {
    HostsByRank(hosts, 5, "hosts", "elsewhere");
    FAIL() << "five ranks on four slots";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "hosts: 4 slots, the job has 5 ranks; raise slots= or add hosts");
  }
}

TEST_F(Hostfile, MistakesAreNamedWithTheirLine) {
  const std::string expected = ": expected slots=NUMBER or max_slots=NUMBER after the host's name";
  EXPECT_EQ(ErrorOf("a\nb slots=0\n"), path_ + ":2: slots=\"0\": expected a number from 1 to 100000");
  EXPECT_EQ(ErrorOf("b slots=2x\n"), path_ + ":1: slots=\"2x\": expected a number from 1 to 100000");
  EXPECT_EQ(ErrorOf("b slots=\n"), path_ + ":1: slots=\"\": expected a number from 1 to 100000");
  EXPECT_EQ(ErrorOf("b slot=2\n"), path_ + ":1: \"slot\"" + expected);
  EXPECT_EQ(ErrorOf("b slots 2\n"), path_ + ":1: \"slots\"" + expected);
  EXPECT_EQ(ErrorOf("b c\n"), path_ + ":1: \"c\"" + expected);
  EXPECT_EQ(ErrorOf("b slots=1 slots=2\n"), path_ + ":1: slots= is given twice");
  EXPECT_EQ(ErrorOf("b slots=3 max_slots=2\n"), path_ + ":1: max_slots=2 is below slots=3");
  EXPECT_EQ(ErrorOf("b_1 slots=3\n"), path_ + ":1: \"b_1\" is neither a host's name nor an IPv4 address")
      << "mpirun stops at it only when it starts";
  EXPECT_EQ(ErrorOf("fd00::1\n"), path_ + ":1: \"fd00::1\" is neither a host's name nor an IPv4 address");
  EXPECT_EQ(ErrorOf("@b\n"), path_ + ":1: \"\" is not a user's name");
  EXPECT_EQ(ErrorOf("-oProxyCommand=x@b\n"), path_ + ":1: \"-oProxyCommand\" is neither a host's name nor an IPv4 address");
  EXPECT_EQ(ErrorOf("-o@b\n"), path_ + ":1: \"-o\" is not a user's name") << "ssh would take it for an option";
  EXPECT_EQ(ErrorOf("me@\n"), path_ + ":1: \"\" is neither a host's name nor an IPv4 address");
  EXPECT_EQ(ErrorOf("me@b username=you\n"), path_ + ":1: a user is named twice");
  EXPECT_EQ(ErrorOf("me@b\nb\n"), path_ + ":2: b has another user in " + path_ + ":1");
  EXPECT_EQ(ErrorOf("# nothing\n\n"), path_ + ": names no host; a line a host, e.g.  node01 slots=8");
  EXPECT_THROW(ReadHostfile("/nowhere/hosts"), ConfigError);
  EXPECT_THROW(ReadHostfile("/tmp"), ConfigError) << "a folder";
}

}  // namespace
}  // namespace temper

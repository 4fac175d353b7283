// Real commands, fed.
#include "cluster/host/command_feed.h"

#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CommandFeedTest : public ::testing::Test {
 protected:
  CommandFeedOptions Options(const std::string& command) const {
    CommandFeedOptions options;
    options.command = command;
    options.log = folder_ / "log";
    return options;
  }
  // Puts lines until one is refused, half a minute at most: the death of a process is not seen at once.
  static std::string UntilRefused(CommandFeed* feed, const std::string& line) {
    const Stopwatch watch;
    std::string why;
    while (why.empty() && watch.Seconds() < 30) why = feed->Put(line);
    return why;
  }
  TempFolder folder_;
};

TEST_F(CommandFeedTest, GivesAllLinesInOrderAndWaitsForTheEnd) {
  std::string all;
  {
    CommandFeed feed(Options(Concat("cat > ", folder_ / "got", "; echo read it all; echo and this >&2")));
    EXPECT_EQ(feed.pid(), -1);
    for (int i = 0; i < 20'000; ++i) {  // more than a pipe holds
      const std::string line = Concat("line ", i, "\n");
      all += line;
      ASSERT_EQ(feed.Put(line), "");
    }
    EXPECT_GT(feed.pid(), 0);
  }
  EXPECT_EQ(ReadBytes(folder_ / "got"), all);
  EXPECT_EQ(ReadBytes(folder_ / "log"), "read it all\nand this\n");
}

TEST_F(CommandFeedTest, TellsHowACommandEnded) {
  CommandFeed left(Options("read line; exit 3"));
  EXPECT_THAT(UntilRefused(&left, "x\n"), HasSubstr("it has ended with exit code 3"));
  EXPECT_EQ(left.pid(), -1);
  EXPECT_THAT(left.Put("y\n"), HasSubstr("it has ended with exit code 3"));  // and is not started again
  CommandFeed killed(Options("kill -9 $$"));
  EXPECT_THAT(UntilRefused(&killed, "x\n"), HasSubstr("it was ended by signal 9"));
  CommandFeed missing(Options("/nonexistent/program"));
  EXPECT_THAT(UntilRefused(&missing, "x\n"), HasSubstr("exit code 127"));
  CommandFeedOptions unwritable = Options("cat");
  unwritable.log = "/nonexistent/log";
  CommandFeed unlogged(unwritable);
  EXPECT_THAT(unlogged.Put("x\n"), HasSubstr("it cannot be started with its output in /nonexistent/log: No such file"));
}

TEST_F(CommandFeedTest, NeverWaitsForACommandThatDoesNotRead) {
  CommandFeedOptions options = Options("exec sleep 600");
  options.max_waiting_bytes = 100'000;
  options.finish_s = 0.2;
  const std::string line(1000, 'x');
  const Stopwatch watch;
  CommandFeed feed(options);
  std::string why;
  int taken = 0;
  for (; taken < 10'000 && why.empty(); ++taken) why = feed.Put(line + "\n");
  EXPECT_THAT(why, HasSubstr("it does not read: "));
  EXPECT_GE(taken, 100);   // what may wait here
  EXPECT_LE(taken, 1200);  // and in a pipe, of 64 KiB or a few more
  const pid_t pid = feed.pid();
  ASSERT_GT(pid, 0);
  feed.Finish();
  EXPECT_LT(watch.Seconds(), 30);  // 0.2 s on an idle machine
  EXPECT_EQ(kill(pid, SIGKILL), 0);
}

TEST_F(CommandFeedTest, TheCommandGetsNothingElseOfThisProcess) {
  const int open_file = open("/dev/null", O_RDONLY);  // inherited by an exec
  ASSERT_GT(open_file, 2);
  setenv("OMPI_COMM_WORLD_RANK", "0", 1);
  setenv("KEPT_VARIABLE", "kept", 1);
  signal(SIGUSR2, SIG_IGN);
  {
    CommandFeed feed(Options("cat; ls /proc/$$/fd; env"));
    ASSERT_EQ(feed.Put("x\n"), "");
  }
  close(open_file);
  unsetenv("OMPI_COMM_WORLD_RANK");
  const std::string said = ReadBytes(folder_ / "log");
  EXPECT_THAT(said, HasSubstr("x\n0\n1\n2\n"));
  EXPECT_THAT(said, Not(HasSubstr(Concat("\n", open_file, "\n"))));
  EXPECT_THAT(said, HasSubstr("KEPT_VARIABLE=kept"));
  EXPECT_THAT(said, Not(HasSubstr("OMPI_COMM_WORLD_RANK")));
}

}  // namespace
}  // namespace temper

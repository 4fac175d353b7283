// A command that only this test knows: one file and one line make it a command like the others.
#include <gmock/gmock.h>

#include "tests/support/job_process.h"
#include "tests/support/temp_folder.h"

namespace temper::testing {
namespace {

using ::testing::HasSubstr;

struct Said {
  int code = -1;
  std::string text;
};

Said RunWithEcho(std::vector<std::string> words) {
  const TempFolder folder;
  words.insert(words.begin(), TEMPER_WITH_ECHO);
  JobProcess process(words, folder / "output.txt");
  const int code = process.Wait(Seconds(20)).value_or(-1);
  return {code, process.Output()};
}

TEST(ANewCommand, RunsWithItsArguments) {
  const Said said = RunWithEcho({"echo", "hello", "--times", "2"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.text, "hello\nhello\n");
}

TEST(ANewCommand, IsInTheHelpAndAmongTheNearestNames) {
  EXPECT_THAT(RunWithEcho({"--help"}).text, HasSubstr("says a word"));
  EXPECT_THAT(RunWithEcho({"echo", "--help"}).text, HasSubstr("how often"));
  EXPECT_EQ(RunWithEcho({"ecko"}).text, "temper: there is no command ecko; the nearest is echo (temper --help lists all)\n");
}

TEST(ANewCommand, ItsErrorsBecomeMessagesAndExitCodes) {
  const Said said = RunWithEcho({"echo", "hello", "--times", "0"});
  EXPECT_EQ(said.code, 78);
  EXPECT_EQ(said.text, "temper: --times 0: at least once\n");
  EXPECT_EQ(RunWithEcho({"echo"}).text, "temper: word is required (see temper echo --help)\n");
}

}  // namespace
}  // namespace temper::testing

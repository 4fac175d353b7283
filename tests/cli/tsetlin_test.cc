// `temper tsetlin` as a process: from labelled texts to rules, and on from there with a rule locked and another vetoed.
#include <cstdlib>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class TsetlinCommandTest : public testing::Test {
 protected:
  // 300 answers of three words of eight; those with "sorry" are rejected, of the others those with "maybe" are redirected.
  TsetlinCommandTest() {
    const char* kWords[] = {"sorry", "maybe", "tea", "blue", "one", "two", "three", "four"};
    std::string csv = "id,answer,tone\n";
    KeyedStream stream(1, "answers");
    for (int row = 0; row < 300; ++row) {
      std::string answer;
      for (int i = 0; i < 3; ++i) answer += Concat(kWords[stream.Below(8)], " ");
      const bool sorry = answer.find("sorry") != std::string::npos, maybe = answer.find("maybe") != std::string::npos;
      csv += Concat(row, ",\"", answer, "\",", sorry ? "rejected" : maybe ? "redirected" : "complied", "\n");
    }
    WriteBytes(folder_ / "answers.csv", csv);
  }

  // What the command printed, standard error included.
  std::string Run(const std::string& arguments, int exit_code = kExitDone) const {
    const std::string command = Concat("cd ", folder_.path(), " && ", TEMPER_BINARY, " tsetlin ", arguments, " > out 2>&1");
    const int status = std::system(command.c_str());
    const std::string out = ReadBytes(folder_ / "out");
    EXPECT_EQ(WEXITSTATUS(status), exit_code) << arguments << "\n" << out;
    return out;
  }

  static constexpr const char* kData = "answers.csv --text-column answer --label-column tone --map complied=complied --map '*=refused' ";
  static constexpr const char* kSmall = "--clauses 20 --threshold 15 --epochs 20 --group-column id ";
  TempFolder folder_;
};

TEST_F(TsetlinCommandTest, LearnsRulesThatItPrintsAndMeasures) {
  const std::string trained = Run(Concat("train ", kData, kSmall, "--out m.tsetlin"));
  EXPECT_THAT(trained, HasSubstr("validation: n "));
  EXPECT_THAT(trained, HasSubstr("AUROC "));
  EXPECT_THAT(trained, HasSubstr("wrote m.tsetlin"));
  const std::string rules = Run("rules m.tsetlin");
  EXPECT_THAT(rules, HasSubstr("then refused"));
  EXPECT_THAT(rules, HasSubstr("then complied"));
  const std::string decided = Run("rules m.tsetlin --text 'Sorry, tea'");
  EXPECT_THAT(decided, HasSubstr("refused: votes "));
  EXPECT_THAT(Run(Concat("eval m.tsetlin ", kData)), HasSubstr("n 300, accuracy "));
}

TEST_F(TsetlinCommandTest, TheFileIsTheSameForAnyNumberOfThreads) {
  Run(Concat("train ", kData, "--clauses 6 --epochs 2 --out one.tsetlin"));
  Run(Concat("train ", kData, "--clauses 6 --epochs 2 --threads 3 --out three.tsetlin"));
  EXPECT_EQ(ReadBytes(folder_ / "one.tsetlin"), ReadBytes(folder_ / "three.tsetlin"));
}

TEST_F(TsetlinCommandTest, ALockedRuleStaysAndAVetoedOneGoes) {
  Run(Concat("train ", kData, kSmall, "--out m.tsetlin"));
  WriteBytes(folder_ / "rules.txt", "# by hand\nlock 9 if 'tea' and 'blue' then complied\nveto if 'sorry' then refused\n");
  Run(Concat("train ", kData, "--epochs 5 --from m.tsetlin --lock rules.txt --out again.tsetlin"));
  const std::string rules = Run("rules again.tsetlin");
  EXPECT_THAT(rules, HasSubstr("locked  if 'blue' and 'tea' then complied"));
  std::istringstream lines(rules);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with("then refused") && !line.starts_with("veto")) {
      EXPECT_THAT(line, Not(ContainsRegex("(if|and) 'sorry' "))) << line;
    }
  }
  EXPECT_THAT(rules, HasSubstr("veto   if 'sorry' then refused"));
  EXPECT_THAT(rules, HasSubstr("25 epochs"));
}

TEST_F(TsetlinCommandTest, MistakesAreToldWithTheirPlace) {
  EXPECT_THAT(Run("train answers.csv --text-column words --label-column tone --out m", kExitConfig),
              HasSubstr("answers.csv:2: there is no column words"));
  EXPECT_THAT(Run("train answers.csv --text-column answer --label-column none --out m", kExitConfig),
              HasSubstr("no row has a label in column none"));
  EXPECT_THAT(Run(Concat("train ", kData, "--clauses 7 --out m"), kExitConfig), HasSubstr("must be even"));
  EXPECT_THAT(Run("rules answers.csv", kExitConfig), HasSubstr("answers.csv: not a Tsetlin machine"));
  WriteBytes(folder_ / "rules.txt", "lock if sorry then refused\n");
  EXPECT_THAT(Run(Concat("train ", kData, "--lock rules.txt --out m"), kExitConfig),
              HasSubstr("rules.txt:1: 'if sorry then refused' is not a rule"));
}

}  // namespace
}  // namespace temper

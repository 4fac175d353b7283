// What the program tells of itself: help with examples, the manual page, completion in shells.
#include <cctype>
#include <cstdlib>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The names of all commands, as the program was built with them.
const std::vector<std::string> kCommands = [] {
  std::vector<std::string> names;
#define TEMPER_COMMAND(name) names.push_back(#name);
#include "cli/command_list.inc"
#undef TEMPER_COMMAND
  for (std::string& name : names) {  // AttackGrader -> attack-grader
    std::string words;
    for (const char c : name) {
      if (std::isupper(static_cast<unsigned char>(c)) != 0 && !words.empty()) words += '-';
      words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    name = words;
  }
  return names;
}();

class CliHelp : public ::testing::Test {
 protected:
  int Shell(const std::string& command) const {
    const int status = std::system(Concat("{ ", command, "; } > ", folder_ / "out", " 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string Out(const std::string& arguments) const {
    EXPECT_EQ(Shell(Concat(TEMPER_BINARY, " ", arguments)), kExitDone) << arguments << out();
    return out();
  }
  std::string out() const { return ReadBytes(folder_ / "out"); }
  static bool Has(const std::string& program) { return std::system(Concat("command -v ", program, " > /dev/null").c_str()) == 0; }

  // What bash offers after these words, the last of which is being typed.
  std::vector<std::string> Completed(const std::string& words) const {
    const std::string script = Out("completion bash");
    WriteBytes(folder_ / "temper.bash", script);
    WriteBytes(folder_ / "ask.bash", Concat("source ", folder_ / "temper.bash", "\nCOMP_WORDS=(", words,
                                            ")\nCOMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))\n_temper\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"));
    EXPECT_EQ(Shell("bash " + (folder_ / "ask.bash")), 0) << out();
    std::istringstream lines(out());
    std::vector<std::string> offered;
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) offered.push_back(line);
    return offered;
  }
  TempFolder folder_;
};

TEST_F(CliHelp, EveryCommandShowsExamplesOfItself) {
  ASSERT_GT(kCommands.size(), 20u);
  for (const std::string& name : kCommands) {
    const std::string help = Out(name + " --help");
    const size_t examples = help.find("\nExamples:\n");
    ASSERT_NE(examples, std::string::npos) << help;
    EXPECT_THAT(help.substr(examples), HasSubstr("temper " + name)) << help;
    // An option of an example is one of the command; what stands in quotes is another command's.
    const std::string own = std::regex_replace(help.substr(examples), std::regex("'temper [^']*'"), "");
    std::string known = help.substr(0, examples);
    if (name == "launch") known += Out("launch mpirun --help") + Out("launch slurm --help");
    const std::regex below(Concat("temper ", name, " ([a-z-]+)"));
    if (known.find("\nSubcommands:") != std::string::npos && name != "launch") {
      for (std::sregex_iterator at(own.begin(), own.end(), below), end; at != end; ++at)
        known += Out(Concat(name, " ", (*at)[1], " --help"));
    }
    std::istringstream words(own);
    for (std::string word; words >> word;) {
      if (word.starts_with("--") && word.size() > 2) {
        EXPECT_THAT(known, HasSubstr(word)) << name;
      }
    }
  }
  EXPECT_THAT(Out("launch slurm --help"), HasSubstr("temper launch slurm "));
  EXPECT_THAT(Out("launch mpirun --help"), HasSubstr("temper launch mpirun "));
}

TEST_F(CliHelp, TheVersionNamesTheCommit) {
  const std::string version = Out("--version");
  EXPECT_THAT(version, HasSubstr("temper " TEMPER_PROJECT_VERSION));
  if (Shell("git -C " TEMPER_SOURCE_DIR " rev-parse HEAD") != 0) GTEST_SKIP() << "the sources are in no repository: there is no commit";
  EXPECT_THAT(version, HasSubstr("(commit "));
}

TEST_F(CliHelp, TheManualPageHasEveryCommandAndItsOptions) {
  const std::string page = Out("man");
  EXPECT_THAT(page, HasSubstr(".TH TEMPER 1 "));
  for (const std::string& name : kCommands)
    EXPECT_THAT(page, HasSubstr(Concat("\n.SS temper ", std::regex_replace(name, std::regex("-"), "\\-"), "\n")));
  EXPECT_THAT(page, HasSubstr("\n.SS temper launch slurm\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-dry\\-run\\fR"));
  EXPECT_THAT(page, HasSubstr("\n.TP\n\\fB78\\fR\n"));
  if (!Has("groff")) GTEST_SKIP() << "there is no groff here to read the page";
  WriteBytes(folder_ / "temper.1", page);
  EXPECT_EQ(Shell("groff -man -Tutf8 -Kutf8 -ww " + (folder_ / "temper.1") + " > " + (folder_ / "page")), 0);
  EXPECT_EQ(out(), "");  // it warns of nothing
  EXPECT_GT(ReadBytes(folder_ / "page").size(), 10'000u);
}

TEST_F(CliHelp, BashCompletesCommandsOptionsAndChoices) {
  EXPECT_THAT(Completed("temper ''"), Contains("watch"));
  EXPECT_THAT(Completed("temper tra"), ElementsAre("train", "trace"));
  EXPECT_THAT(Completed("temper launch sl"), ElementsAre("slurm"));
  EXPECT_THAT(Completed("temper launch slurm --workers"), ElementsAre("--workers-only"));
  EXPECT_THAT(Completed("temper launch --workers"), IsEmpty());
  EXPECT_THAT(Completed("temper generate --dtype ''"), ElementsAre("fp32", "bf16"));
  EXPECT_THAT(Completed("temper generate --dtype b"), ElementsAre("bf16"));
  EXPECT_THAT(Completed("temper generate --model ''"), IsEmpty());  // files, which bash itself completes
  EXPECT_THAT(Completed("temper watch --a"), ElementsAre("--arm", "--all"));
  EXPECT_THAT(Completed("temper completion ''"), Not(Contains("watch")));
}

TEST_F(CliHelp, OtherShellsReadTheirScripts) {
  for (const char* shell : {"zsh", "fish"}) {
    const std::string script = Out(Concat("completion ", shell));
    for (const std::string& name : kCommands) EXPECT_THAT(script, HasSubstr(Concat("temper ", name))) << shell;
    EXPECT_THAT(script, HasSubstr("bf16")) << shell;
    if (!Has(shell)) continue;
    WriteBytes(folder_ / "script", script);
    EXPECT_EQ(Shell(Concat(shell, " -n ", folder_ / "script")), 0) << out();
  }
  EXPECT_EQ(Shell(Concat(TEMPER_BINARY, " completion csh")), kExitConfig);
  EXPECT_THAT(out(), HasSubstr("csh"));
}

}  // namespace
}  // namespace temper

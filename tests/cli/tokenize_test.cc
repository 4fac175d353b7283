// `temper tokenize` as a process: what it prints for what stands on its standard input.
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

struct Outcome {
  int exit_code;
  std::string out, err;
};

class TokenizeCommandTest : public testing::Test {
 protected:
  TokenizeCommandTest() {
    std::ifstream golden(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/tokenizer/family_llama3.json");
    WriteBytes(folder_ / "tokenizer.json", nlohmann::json::parse(golden)["tokenizer"].dump());
  }

  Outcome Run(const std::string& options, const std::string& input) {
    WriteBytes(folder_ / "in", input);
    const std::string command = std::string(TEMPER_BINARY) + " tokenize " + options + " < " + (folder_ / "in") + " > " + (folder_ / "out") +
                                " 2> " + (folder_ / "err");
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), ReadBytes(folder_ / "out"), ReadBytes(folder_ / "err")};
  }

  std::string Model() const { return "--model " + folder_.path(); }

 private:
  TempFolder folder_;
};

TEST_F(TokenizeCommandTest, TurnsStringsIntoIdsAndBack) {
  const std::string texts = "\"the clerk\\n\"\n\"\"\n\"<s>hi\"\n\"\xE6\xBC\xA2 \\u00e9\"\n";
  const Outcome ids = Run(Model(), texts);
  EXPECT_EQ(ids.exit_code, 0) << ids.err;
  EXPECT_THAT(ids.out, testing::MatchesRegex("\\[[0-9,]+\\]\n\\[\\]\n\\[[0-9]+,[0-9,]+\\]\n\\[[0-9,]+\\]\n"));
  const Outcome back = Run(Model() + " --decode", ids.out);
  EXPECT_EQ(back.out, "\"the clerk\\n\"\n\"\"\n\"<s>hi\"\n\"\xE6\xBC\xA2 \xC3\xA9\"\n");
  EXPECT_EQ(Run(Model() + " --decode --skip-special", ids.out).out, "\"the clerk\\n\"\n\"\"\n\"hi\"\n\"\xE6\xBC\xA2 \xC3\xA9\"\n");
}

TEST_F(TokenizeCommandTest, AddsSpecialTokensOnDemand) {
  const Outcome ids = Run(Model() + " --special", "\"a\"\n");
  EXPECT_EQ(Run(Model() + " --decode", ids.out).out, "\"<s>a\"\n");
}

TEST_F(TokenizeCommandTest, TakesIllFormedBytesForTheReplacementCharacter) {
  EXPECT_EQ(Run(Model(), "\"a\xFF\"\n").out, Run(Model(), "\"a\xEF\xBF\xBD\"\n").out);
}

TEST_F(TokenizeCommandTest, NamesTheLineItCannotRead) {
  using testing::HasSubstr;
  Outcome outcome = Run(Model(), "\"a\"\n[1]\n");
  EXPECT_EQ(outcome.exit_code, 78);
  EXPECT_THAT(outcome.out, testing::MatchesRegex("\\[[0-9]+\\]\n"));  // what came before stands
  EXPECT_THAT(outcome.err, HasSubstr("standard input:2: expected a JSON string, not array"));
  EXPECT_THAT(Run(Model(), "\n").err, HasSubstr("standard input:1: expected a JSON string"));
  EXPECT_THAT(Run(Model(), "\"\\ud800\"\n").err, HasSubstr("standard input:1"));
  EXPECT_THAT(Run(Model() + " --decode", "[1]\n\"a\"\n").err, HasSubstr("standard input:2: expected a JSON list of token ids, not string"));
  EXPECT_THAT(Run(Model() + " --decode", "[1,-1]\n").err, HasSubstr("standard input:1: -1 is not a token id"));
  EXPECT_THAT(Run(Model() + " --decode", "[1.5]\n").err, HasSubstr("1.5 is not a token id"));
  EXPECT_THAT(Run("--model /no/such/folder", "\"a\"\n").err, HasSubstr("/no/such/folder/tokenizer.json"));
  EXPECT_EQ(Run(Model() + " --skip-special", "\"a\"\n").exit_code, 78);  // only with --decode
}

}  // namespace
}  // namespace temper

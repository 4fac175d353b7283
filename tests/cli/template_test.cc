// `temper template` as a process: JSON chats on standard input, one a line, JSON texts on standard output.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

class CliTemplateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteBytes(folder_ / "chat_template.jinja",
               "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
               "{% if tools %}{{ tools | length }} tools{% endif %}{% if thinking %} {{ thinking }}{% endif %}");
    WriteBytes(folder_ / "tools.json", R"([{"type": "function"}])");
  }

  // Runs it with `input`; standard output and error end up in the files "out" and "err". The exit code.
  int Run(const std::string& arguments, const std::string& input) {
    WriteBytes(folder_ / "in", input);
    const std::string command = Concat(TEMPER_BINARY, " template --model ", folder_.path(), " ", arguments, " < ", folder_ / "in", " > ",
                                       folder_ / "out", " 2> ", folder_ / "err");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string out() const { return ReadBytes(folder_ / "out"); }
  std::string err() const { return ReadBytes(folder_ / "err"); }

  TempFolder folder_;
};

constexpr char kChat[] = R"([{"role": "user", "content": "é \"1\"\n"}, {"role": "assistant", "content": "a"}])";

TEST_F(CliTemplateTest, RendersALineForALine) {
  EXPECT_EQ(Run("", std::string(kChat) + "\n\n[{\"role\": \"user\", \"content\": \"x\"}]\n"), kExitDone) << err();
  EXPECT_EQ(out(), "\"<user>é \\\"1\\\"\\n<assistant>a\"\n\"<user>x\"\n");
}

TEST_F(CliTemplateTest, TakesPromptToolsAndVariables) {
  const std::string chat = "[{\"role\": \"user\", \"content\": \"x\"}]";
  EXPECT_EQ(Run("--generation-prompt --tools " + folder_ / "tools.json", chat), kExitDone) << err();
  EXPECT_EQ(out(), "\"<user>x<assistant>1 tools\"\n");
  EXPECT_EQ(Run("--no-generation-prompt --var 'thinking={\"a\": [true]}'", chat), kExitDone) << err();
  EXPECT_EQ(out(), "\"<user>x {'a': [True]}\"\n");
}

TEST_F(CliTemplateTest, PrintsWhatTheAssistantSaid) {
  EXPECT_EQ(Run("--spans", kChat), kExitDone) << err();
  EXPECT_EQ(out(), "{\"text\":\"<user>é \\\"1\\\"\\n<assistant>a\",\"assistant\":[[24,25]]}\n");
}

TEST_F(CliTemplateTest, NamesTheLineThatIsWrong) {
  EXPECT_EQ(Run("", std::string(kChat) + "\n[1, \n"), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("standard input:2: "));
  EXPECT_EQ(out(), "\"<user>é \\\"1\\\"\\n<assistant>a\"\n");
  EXPECT_EQ(Run("", "{}"), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("standard input:1: chat template " + folder_ / "chat_template.jinja: the messages are not a list"));
  WriteBytes(folder_ / "chat_template.jinja", "{{ raise_exception('never') }}");
  EXPECT_EQ(Run("", "\n" + std::string(kChat)), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("standard input:2: " + folder_ / "chat_template.jinja:1:4: never"));
}

TEST_F(CliTemplateTest, NamesTheArgumentThatIsWrong) {
  EXPECT_EQ(Run("--tools " + folder_ / "nowhere.json", kChat), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("nowhere.json: cannot read the tools: No such file or directory"));
  EXPECT_EQ(Run("--var x", kChat), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("--var x: expected NAME=JSON"));
  EXPECT_EQ(Run("--name other", kChat), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("no chat template named other; there are: default"));
  EXPECT_EQ(Run("--model " + folder_ / "nowhere", kChat), kExitConfig);
}

}  // namespace
}  // namespace temper

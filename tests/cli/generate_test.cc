// `temper generate` as a process: prompts in and JSON out, and the chat on a pseudo-terminal.
#include <csignal>
#include <map>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/tokenizer/tokenizer.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// A model that says the same whatever it is told: after each byte of `cycle` comes the next one. The embedding of a token is a one-hot
// vector, attention and MLP add nothing, and the output row of the next token is that vector, so its logit is far above all others.
void WriteParrot(const std::string& folder, const std::string& cycle, const std::string& template_text, int64_t max_positions = 512) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  TransformerConfig config;
  config.vocab_size = tokenizer->vocab_size();
  config.hidden_size = 2 * static_cast<int64_t>(cycle.size());
  config.intermediate_size = 4;
  config.num_layers = 1;
  config.num_heads = config.num_kv_heads = 1;
  config.head_dim = 2;
  config.max_positions = max_positions;
  config.tie_embeddings = false;
  config.bos_id = 1;
  config.pad_id = 0;
  config.eos_ids = {2};
  Transformer model(config);
  model.flat().zero_();
  const std::vector<int32_t> ids = tokenizer->Encode(cycle);
  std::map<std::string, at::Tensor> parameters;
  for (const auto& [name, tensor] : model.parameters()) parameters[name] = tensor;
  parameters.at("model.norm.weight").fill_(1);
  at::Tensor embedding = parameters.at("model.embed_tokens.weight");
  at::Tensor head = parameters.at("lm_head.weight");
  embedding.select(1, 0).fill_(1);  // whatever is not of the cycle: the first byte follows
  for (size_t i = 0; i < ids.size(); ++i) {
    embedding[ids[i]].zero_();
    embedding[ids[i]][static_cast<int64_t>((i + 1) % ids.size())] = 1;
    head[ids[i]][static_cast<int64_t>(i)] = 100;
  }
  SaveHfModel(model, {.tokenizer_json = ByteLevelTokenizerJson()}, folder);
  if (!template_text.empty()) WriteBytes(folder + "/chat_template.jinja", template_text);
}

constexpr char kTemplate[] =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

class CliGenerateTest : public ::testing::Test {
 protected:
  void SetUp() override { WriteParrot(model(), "caf\xC3\xA9 \xE2\x82\xAC.", kTemplate); }
  std::string model() const { return folder_ / "model"; }

  int Run(const std::string& arguments, const std::string& input) {
    WriteBytes(folder_ / "in", input);
    const std::string command = Concat(TEMPER_BINARY, " generate --model ", model(), " ", arguments, " < ", folder_ / "in", " > ",
                                       folder_ / "out", " 2> ", folder_ / "err");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string out() const { return ReadBytes(folder_ / "out"); }
  std::string err() const { return ReadBytes(folder_ / "err"); }
  std::vector<json> lines() const {
    std::vector<json> parsed;
    std::istringstream text(out());
    for (std::string line; std::getline(text, line);) parsed.push_back(json::parse(line));
    return parsed;
  }

  TempFolder folder_;
};

TEST_F(CliGenerateTest, ContinuesAPrompt) {
  ASSERT_EQ(Run("--prompt x --temperature 0 --max-new-tokens 11", ""), kExitDone) << err();
  EXPECT_EQ(out(), "caf\xC3\xA9 \xE2\x82\xAC.c [cut]\n");
  ASSERT_EQ(Run("--prompt x --temperature 0 --stop '\xC3\xA9 \xE2' --stop '\xE2\x82\xAC.' -n 2", ""), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("not valid UTF-8"));
  ASSERT_EQ(Run("--prompt x --temperature 0 --stop none --stop '\xE2\x82\xAC.' -n 2", ""), kExitDone) << err();
  EXPECT_EQ(out(), "caf\xC3\xA9 \ncaf\xC3\xA9 \n");
}

TEST_F(CliGenerateTest, WritesAnObjectForALine) {
  ASSERT_EQ(Run("--temperature 0 --stop f --samples 2", "x\n\na \"quoted\" line\r\nlast"), kExitDone) << err();
  const auto got = lines();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0]["prompt"], "x");
  EXPECT_EQ(got[1]["prompt"], "a \"quoted\" line");
  EXPECT_EQ(got[2]["prompt"], "last");
  const auto ids = ParseTokenizer(ByteLevelTokenizerJson())->Encode("caf");
  for (const json& line : got) {
    ASSERT_EQ(line["completions"].size(), 2u);
    for (const json& completion : line["completions"]) {
      EXPECT_EQ(completion["text"], "ca");
      EXPECT_EQ(completion["tokens"], ids);
      EXPECT_EQ(completion["logprobs"], json({0.0, 0.0, 0.0}));  // greedy: the only token it can draw
      EXPECT_EQ(completion["policy_logprobs"].size(), 3u);
      EXPECT_EQ(completion["finished"], true);
      EXPECT_EQ(completion.size(), 5u);
    }
  }
}

TEST_F(CliGenerateTest, RendersMessageListsByTheTemplate) {
  const std::string user = R"([{"role": "user", "content": "x"}])";
  const std::string both = R"([{"role": "system", "content": "s"}, {"role": "user", "content": "y"}])";
  ASSERT_EQ(Run("--json --system 'be brief' --temperature 0 --max-new-tokens 3", user + "\n" + both + "\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(0)["prompt"], "<system>be brief\n<user>x\n<assistant>");
  EXPECT_EQ(lines().at(1)["prompt"], "<system>s\n<user>y\n<assistant>");
  EXPECT_EQ(lines().at(1)["completions"][0]["text"], "caf");
  EXPECT_EQ(lines().at(1)["completions"][0]["finished"], false);
}

// As training reads it: a user's message. The template refuses, and says what it was given.
TEST_F(CliGenerateTest, RendersAPromptByTheTemplateAsTrainingDoes) {
  WriteBytes(model() + "/chat_template.jinja",
             "{% if messages | length > 0 %}{{ raise_exception(messages | tojson ~ add_generation_prompt | tojson) }}{% endif %}");
  const std::string user = R"([{"role": "user", "content": "x"}]true)";
  EXPECT_EQ(Run("--prompt x", ""), kExitConfig);
  EXPECT_THAT(err(), HasSubstr(user));
  EXPECT_EQ(Run("", "x\n"), kExitConfig);
  EXPECT_THAT(err(), HasSubstr(user));
  EXPECT_EQ(Run("--system s --prompt x", ""), kExitConfig);
  EXPECT_THAT(err(), HasSubstr(R"([{"role": "system", "content": "s"}, {"role": "user", "content": "x"}]true)"));
  ASSERT_EQ(Run("--raw --temperature 0 --max-new-tokens 3 --prompt x", ""), kExitDone) << err();
  EXPECT_EQ(out(), "caf [cut]\n");
  ASSERT_EQ(Run("--raw --temperature 0 --max-new-tokens 3", "x\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(0)["prompt"], "x");
}

// What is drawn is keyed by what the model reads: a prompt and the list of messages that it stands for give the same.
TEST_F(CliGenerateTest, APromptIsTheSameAsItsMessage) {
  const std::string options = "--temperature 200 --max-new-tokens 6 -n 3 --seed 5 --system s ";
  ASSERT_EQ(Run(options, "x\n"), kExitDone) << err();
  const json prompt = lines().at(0);
  EXPECT_EQ(prompt["prompt"], "x");
  ASSERT_EQ(Run(options + "--json", "[{\"role\": \"user\", \"content\": \"x\"}]\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(0)["prompt"], "<system>s\n<user>x\n<assistant>");
  EXPECT_EQ(lines().at(0)["completions"], prompt["completions"]);
}

TEST_F(CliGenerateTest, SamplesTheSameForTheSameSeedWhateverElseIsAsked) {
  const std::string options = "--temperature 200 --max-new-tokens 6 -n 3 --seed 5 ";
  ASSERT_EQ(Run(options, "x\n"), kExitDone) << err();
  const json alone = lines().at(0);
  ASSERT_EQ(Run(options, "a longer line before it\nx\nand one behind\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(1), alone);
  EXPECT_NE(alone["completions"][0]["tokens"], alone["completions"][1]["tokens"]);
  ASSERT_EQ(Run(options + "--top-k 1", "x\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(0)["completions"][2]["text"], "caf\xC3\xA9 ");
  ASSERT_EQ(Run(options + "--top-p 0.001 --dtype bf16", "x\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(0)["completions"][2]["text"], "caf\xC3\xA9 ");
}

TEST_F(CliGenerateTest, TakesWhatIsNotSaidFromTheGenerationConfig) {
  const auto set = [&](const std::string& text) { WriteBytes(model() + "/generation_config.json", text); };
  const int first = ParseTokenizer(ByteLevelTokenizerJson())->Encode(".").at(0);
  set(R"({"do_sample": false, "temperature": 200, "repetition_penalty": 1.1, "eos_token_id": [2, )" + std::to_string(first) + "]}");
  ASSERT_EQ(Run("", "x\n"), kExitDone) << err();
  EXPECT_EQ(lines().at(0)["completions"][0]["text"], "caf\xC3\xA9 \xE2\x82\xAC");  // the stop token is no part of the text
  EXPECT_EQ(lines().at(0)["completions"][0]["tokens"].size(), 10u);
  EXPECT_THAT(err(), HasSubstr("repetition_penalty 1.1 is not applied"));
  set(R"({"do_sample": true, "temperature": 200})");  // nearly flat
  ASSERT_EQ(Run("--max-new-tokens 3", "x\n"), kExitDone) << err();
  EXPECT_NE(lines().at(0)["completions"][0]["text"], "caf");
  for (const char* narrowed : {R"({"temperature": 200, "top_k": 1})", R"({"temperature": 200, "top_p": 0.001})"}) {
    set(narrowed);
    ASSERT_EQ(Run("--max-new-tokens 3", "x\n"), kExitDone) << err();
    EXPECT_EQ(lines().at(0)["completions"][0]["text"], "caf");
  }
  ASSERT_EQ(Run("--max-new-tokens 3 --top-p 1", "x\n"), kExitDone) << err();  // what is said comes first
  EXPECT_NE(lines().at(0)["completions"][0]["text"], "caf");
  set(R"({"top_p": "much"})");
  EXPECT_EQ(Run("", "x\n"), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("generation_config.json: top_p: expected a number"));
}

TEST_F(CliGenerateTest, SaysWhatIsWrong) {
  const auto refused = [&](const std::string& arguments, const std::string& input, const std::string& why) {
    EXPECT_EQ(Run(arguments, input), kExitConfig) << arguments;
    EXPECT_THAT(err(), HasSubstr(why));
  };
  refused("--raw --max-new-tokens 511", "xyz\n",
          "standard input:1: the prompt has 4 tokens; with 511 new ones that is over the model's 512");
  refused("--json", "[1,\n", "standard input:1: ");
  refused("--json", "{}\n", "the messages are not a list");
  refused("--raw --system s", "x\n", "--raw: a text that is continued as it is has no --system prompt");
  refused("--raw --json", "[]\n", "--raw");
  refused("--temperature -1", "x\n", "generation_config.json): temperature: -1 is out of range; allowed: 0 to 1000");
  refused("--top-p 0", "x\n", "generation_config.json): top_p: 0 is out of range");
  refused("--min-new-tokens 9 --max-new-tokens 8", "x\n", "min_new_tokens must be at most max_new_tokens");
  refused("--stop ''", "x\n", "stop must not hold an empty text");
  refused("--json --prompt x", "", "--json");
  refused("--dtype fp8", "", "--dtype");
  EXPECT_EQ(Run("--temperature 0 --max-new-tokens 1", "x\n" + std::string(600, 'y') + "\nz\n"), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("standard input:2: "));
  EXPECT_EQ(lines().size(), 1u);  // what came before is answered
  std::filesystem::remove(model() + "/chat_template.jinja");
  refused("--json", "[]\n", "has no chat template");
  refused("--system s", "x\n", "--system: " + model() + " has no chat template");
}

// The program on a pseudo-terminal that does not echo.
class Terminal {
 public:
  explicit Terminal(const std::vector<std::string>& arguments) {
    pid_ = forkpty(&descriptor_, nullptr, nullptr, nullptr);
    if (pid_ != 0) return;
    std::vector<char*> argv = {const_cast<char*>(TEMPER_BINARY), const_cast<char*>("generate")};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(TEMPER_BINARY, argv.data());
    _exit(127);
  }
  ~Terminal() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(descriptor_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void Type(const std::string& keys) { ASSERT_EQ(write(descriptor_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size())); }

  // All that was shown since the last call, up to and including `end`; a failure and what there is after half a minute.
  std::string Until(const std::string& end) {
    for (int waited = 0; screen_.find(end) == std::string::npos; ++waited) {
      pollfd ready{descriptor_, POLLIN, 0};
      char block[4096];
      const bool readable = waited < 300 && poll(&ready, 1, 100) >= 0;
      const ssize_t count = readable && (ready.revents & (POLLIN | POLLHUP)) != 0 ? read(descriptor_, block, sizeof(block)) : 0;
      if (!readable || count < 0) {
        ADD_FAILURE() << "never showed: " << end << "\nbut: " << screen_ << (count < 0 ? "\nand ended" : "");
        return std::exchange(screen_, "");
      }
      screen_.append(block, static_cast<size_t>(count));
    }
    const size_t length = screen_.find(end) + end.size();
    const std::string shown = screen_.substr(0, length);
    screen_.erase(0, length);
    return shown;
  }

  int Exit() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int descriptor_ = -1;
  std::string screen_;
};

TEST_F(CliGenerateTest, ChatsOnATerminal) {
  Terminal terminal({"--model", model(), "--temperature", "0", "--stop", "."});
  EXPECT_THAT(terminal.Until("> "), HasSubstr("Ctrl-D ends"));
  for (int turn = 0; turn < 2; ++turn) {
    terminal.Type("hello\n");
    terminal.Until("hello\r\n");
    EXPECT_EQ(terminal.Until("> "), "caf\xC3\xA9 \xE2\x82\xAC\r\n> ");
  }
  terminal.Type("/system be brief\n");
  EXPECT_THAT(terminal.Until("\n> "), HasSubstr("begins again with this system prompt"));
  terminal.Type("/reset\n");
  terminal.Until("> ");
  terminal.Type("\x03");  // at the prompt: nothing happens
  terminal.Until("> ");
  terminal.Type("\x04");
  EXPECT_EQ(terminal.Exit(), kExitDone);
}

TEST_F(CliGenerateTest, RemembersTheConversation) {
  WriteBytes(model() + "/chat_template.jinja", "{% if messages | length > 2 %}{{ raise_exception(messages | tojson) }}{% endif %}x");
  Terminal terminal({"--model", model(), "--temperature", "0", "--stop", "."});
  terminal.Until("> ");
  terminal.Type("/system S\n");
  terminal.Until("prompt.\r\n> ");
  terminal.Type("one\n");
  EXPECT_THAT(terminal.Until("\n> "), HasSubstr("caf"));
  terminal.Type("two\n");
  EXPECT_THAT(
      terminal.Until("/reset begins again)"),
      HasSubstr(R"([{"role": "system", "content": "S"}, {"role": "user", "content": "one"}, )"
                "{\"role\": \"assistant\", \"content\": \"caf\xC3\xA9 \xE2\x82\xAC\"}, {\"role\": \"user\", \"content\": \"two\"}]"));
  terminal.Type("/reset\n/exit\n");
  EXPECT_EQ(terminal.Exit(), kExitDone);
}

TEST_F(CliGenerateTest, CtrlCStopsTheAnswerOnly) {
  WriteParrot(model(), "abc", kTemplate, 100'000);  // long enough that the key is pressed in the middle
  Terminal terminal({"--model", model(), "--temperature", "0", "--max-new-tokens", "90000"});
  terminal.Until("> ");
  terminal.Type("x\n");
  terminal.Until("x\r\nabcabc");
  terminal.Type("\x03");
  EXPECT_THAT(terminal.Until("\n> "), HasSubstr("[stopped]"));
  terminal.Type("/exit\n");
  EXPECT_EQ(terminal.Exit(), kExitDone);
}

TEST_F(CliGenerateTest, WithoutATemplateItContinues) {
  WriteParrot(model(),
              "a\x1B"
              "bc.",
              "");
  Terminal terminal({"--model", model(), "--temperature", "0", "--stop", "."});
  EXPECT_THAT(terminal.Until("> "), HasSubstr("no chat template: it continues what you type"));
  terminal.Type("hello\n");
  terminal.Until("hello\r\n");
  EXPECT_EQ(terminal.Until("\n> "),
            "a\xEF\xBF\xBD"
            "bc\r\n> ");  // a model does not steer the terminal
  terminal.Type("/system x\n");
  EXPECT_THAT(terminal.Until("\n> "), HasSubstr("there is no system prompt"));
  terminal.Type("/exit\n");
  EXPECT_EQ(terminal.Exit(), kExitDone);
}

// 600 bytes are 600 tokens of the 512 that the model has places for: of 450 prompts one must know which.
TEST_F(CliGenerateTest, APromptOfASuiteThatIsTooLongIsNamed) {
  WriteBytes(folder_ / "xstest.csv", "id,prompt,type,label,focus,note\n7,short,a,safe,b,c\n8," + std::string(600, 'x') + ",a,safe,b,c\n");
  const int status = std::system(Concat(TEMPER_BINARY, " eval --suite xstest --no-graders --path ", folder_ / "xstest.csv", " --model ",
                                        model(), " > ", folder_ / "out", " 2> ", folder_ / "err")
                                     .c_str());
  EXPECT_EQ(WEXITSTATUS(status), kExitConfig);
  EXPECT_THAT(err(), HasSubstr("the prompt 8: the prompt has 6"));
}

}  // namespace
}  // namespace temper

// Damaged configurations end in ConfigError or are read; nothing else comes out, and what was read prints and reads back.
#include <random>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "tests/cluster/config/example.h"

namespace temper {
namespace {

constexpr int kNumMutants = 5000;
constexpr uint32_t kSeed = 20251121;

const char kValid[] = R"(# an example
run: {name: "a b", seed: 7, dir: /tmp/x, deterministic: true}
rl:
  learning_rate: 1e-5
  batch_size: 16   # comment
  loss: 'rloo'
  kl: ${rl.learning_rate}
stages: [sft, "rl", eval]
weights:
  help: 0.5
  safety: 2
columns: {prompt: text, answer: "out\tput"}
arms:
  safe: {}
  refusal: {rl: {kl: 0.5}, reward.composer: refusal, stages: [sft, "7"]}
graders:
  a: {kind: judge, timeout_s: 2.5}
data:
  - path: /d/a.jsonl
  - {path: "${run.dir}/b", weight: 3}
)";

// Pieces that have a meaning in YAML or to the reader.
const std::vector<std::string> kPieces = {
    "&a ",   "*a",  "!!str ",       "! ",   "<<: ",    "${",    "}",     "$${",         "${rl}",          "${run.name}",
    "? ",    ": ",  "- ",           "[",    "]",       "{",     "}",     "|\n",         ">-\n",           "\"",
    "'",     "#",   "\n",           "\t",   "  ",      "---\n", "...\n", "%YAML 1.2\n", "null",           "~",
    "1e999", "0x1", "\xEF\xBB\xBF", "\xC3", "\\u0000", "\x04",  ",",     "\r\n",        "defaults: [a]\n"};

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  std::string Mutate(std::string text) {
    for (size_t i = 0, count = 1 + Below(6); i < count; ++i) {
      const size_t at = Below(text.size() + 1);
      const size_t length = std::min(Below(20), text.size() - at);
      switch (Below(6)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, kPieces[Below(kPieces.size())]);
          break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(Below(256));
          break;
        case 3:
          text.insert(Below(text.size() + 1), text.substr(at, length));
          break;
        case 4:
          text.replace(at, length, kPieces[Below(kPieces.size())]);
          break;
        default:
          text.insert(at, std::string(1 + Below(200), kPieces[Below(kPieces.size())][0]));
      }
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

void ReadAndReadBack(const std::string& text) {
  ExampleConfig config;
  ResolvedConfig resolved;
  try {
    resolved = ReadConfigText(text, "f.yaml", DescribeExample(&config));
  } catch (const ConfigError& error) {
    EXPECT_STRNE(error.what(), "");
    return;
  }
  EXPECT_EQ(ReadExample(resolved.ToYaml()), config) << text;
}

TEST(ConfigMutation, DamagedTextsEndInConfigErrorOrReadBack) {
  Mutator mutator(kSeed);
  ReadAndReadBack(kValid);
  for (int i = 0; i < kNumMutants; ++i) {
    const std::string text = mutator.Mutate(kValid);
    SCOPED_TRACE(Concat("mutant ", i));
    ASSERT_NO_FATAL_FAILURE(ReadAndReadBack(text)) << text;
  }
}

TEST(ConfigMutation, DamagedOverridesEndInConfigError) {
  const ConfigFolder folder;
  const std::string path = folder.Write("e.yaml", kValid);
  Mutator mutator(kSeed + 1);
  const std::vector<std::string> overrides = {"rl.kl=0.5", "data.1.weight=7", "graders.b={kind: judge}", "stages=[a, b]", "run.name='x'"};
  for (int i = 0; i < 1000; ++i) {
    const std::string text = mutator.Mutate(overrides[mutator.Below(overrides.size())]);
    SCOPED_TRACE(text);
    ExampleConfig config;
    try {
      ReadConfig({path, {text}}, DescribeExample(&config));
    } catch (const ConfigError& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
}

}  // namespace
}  // namespace temper

#include "cluster/config/reader.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/config/hints.h"
#include "cluster/config/nearest_name.h"
#include "tests/cluster/config/example.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

ExampleConfig ReadFile(const std::string& path, const std::vector<std::string>& overrides = {}) {
  ExampleConfig config;
  ReadConfig({path, overrides}, DescribeExample(&config));
  return config;
}

const ResolvedValue& ValueOf(const ResolvedConfig& resolved, const std::string& key) {
  for (const ResolvedValue& value : resolved.values) {
    if (value.key == key) return value;
  }
  throw std::out_of_range(key);
}

TEST(ConfigReader, ReadsEveryKindOfField) {
  const ExampleConfig config = ReadExample(R"(
run:
  name: "7"
  seed: 9223372036854775807
  dir: /runs/here
  deterministic: true
  notes: |
    two lines: [not a list]
      # and no comment
rl: {learning_rate: 1e-5, batch_size: 64, loss: rloo, kl: .5}
stages: [sft, rl, eval]
weights:
  help: 0.25
  safety: 2
columns: {prompt: text, answer: 'out: put'}
graders:
  judge_a: {kind: judge, timeout_s: 2.5}
  rules: {}
data:
  - path: /d/a.jsonl
  - {path: /d/b.jsonl, weight: 3}
)");
  EXPECT_EQ(config.name, "7");
  EXPECT_EQ(config.seed, INT64_MAX);
  EXPECT_EQ(config.dir, "/runs/here");
  EXPECT_TRUE(config.deterministic);
  EXPECT_EQ(config.notes, "two lines: [not a list]\n  # and no comment\n");
  EXPECT_EQ(config.learning_rate, 1e-5);
  EXPECT_EQ(config.batch_size, 64);
  EXPECT_EQ(config.loss, "rloo");
  EXPECT_EQ(config.kl, 0.5);
  EXPECT_THAT(config.stages, ElementsAre("sft", "rl", "eval"));
  EXPECT_THAT(config.weights, UnorderedElementsAre(Pair("help", 0.25), Pair("safety", 2.0)));
  EXPECT_THAT(config.columns, UnorderedElementsAre(Pair("prompt", "text"), Pair("answer", "out: put")));
  ASSERT_EQ(config.graders.size(), 2U);
  EXPECT_EQ(config.graders[0].name, "judge_a");
  EXPECT_EQ(config.graders[0].kind, "judge");
  EXPECT_EQ(config.graders[0].timeout_s, 2.5);
  EXPECT_EQ(config.graders[1].timeout_s, 30);
  ASSERT_EQ(config.data.size(), 2U);
  EXPECT_EQ(config.data[1].path, "/d/b.jsonl");
  EXPECT_EQ(config.data[1].weight, 3);
}

TEST(ConfigReader, KeepsDefaultsOfAbsentAndNullKeys) {
  ExampleConfig defaults;
  defaults.dir = std::filesystem::absolute("runs").string();
  EXPECT_EQ(ReadExample(""), defaults);
  EXPECT_EQ(ReadExample("# only a comment\n"), defaults);
  EXPECT_EQ(ReadExample("rl:\nrun: {seed: ~, name: null}\nstages: null\nweights:\ngraders:\n"), defaults);
}

TEST(ConfigReader, ReplacesDefaultsOfListsAndMapsWhole) {
  EXPECT_THAT(ReadExample("stages: []").stages, ElementsAre());
  EXPECT_THAT(ReadExample("weights: {safety: 1}").weights, ElementsAre(Pair("safety", 1.0)));
}

TEST(ConfigReader, AcceptsABomAndCarriageReturns) { EXPECT_EQ(ReadExample("\xEF\xBB\xBFrun:\r\n  seed: 5\r\n  name: a\r\n").seed, 5); }

TEST(ConfigReader, FlattensOverridesInOrder) {
  const ExampleConfig config = ReadExample(R"(
arms:
  safe: {}
  refusal:
    reward.composer: refusal_baseline
    rl: {learning_rate: 1e-3, kl: "${rl.kl}", loss: null, schedule: {warmup: 3}}
    stages: [sft, "7"]
    run.name: "1"
    run.notes: 'it''s'
)");
  ASSERT_EQ(config.arms.size(), 2U);
  EXPECT_EQ(config.arms[0].first, "safe");
  EXPECT_TRUE(config.arms[0].second.empty());
  EXPECT_EQ(config.arms[1].first, "refusal");
  EXPECT_THAT(config.arms[1].second,
              UnorderedElementsAre(Pair("reward.composer", "refusal_baseline"), Pair("rl.learning_rate", "1e-3"),
                                   Pair("rl.kl", "\"${rl.kl}\""), Pair("rl.loss", "null"), Pair("rl.schedule.warmup", "3"),
                                   Pair("stages", "[sft, \"7\"]"), Pair("run.name", "\"1\""), Pair("run.notes", "\"it's\"")));
}

TEST(ConfigReader, AppliesTheOverridesOfAnArm) {
  const ConfigFolder folder;
  const std::string path = folder.Write("e.yaml", R"(
rl: {learning_rate: 0.5, kl: 0.25}
arms:
  other: {rl: {learning_rate: "${rl.kl}"}, run.name: "1e3", stages: [eval], run.notes: "a: b # c\n"}
)");
  const ExampleConfig base = ReadFile(path);
  std::vector<std::string> overrides;
  for (const auto& [key, value] : base.arms.at(0).second) overrides.push_back(key + "=" + value);
  const ExampleConfig arm = ReadFile(path, overrides);
  EXPECT_EQ(arm.learning_rate, 0.25);
  EXPECT_EQ(arm.name, "1e3");
  EXPECT_EQ(arm.notes, "a: b # c\n");
  EXPECT_THAT(arm.stages, ElementsAre("eval"));
}

TEST(ConfigReader, MergesDefaultsInOrder) {
  const ConfigFolder folder;
  folder.Write("base/model.yaml", "run: {name: base, seed: 3}\nweights: {help: 1, safety: 2}\nstages: [sft]\n");
  folder.Write("base/more.yaml", "run: {name: more}\nstages: [rl, eval]\n");
  const std::string path = folder.Write("top.yaml", "defaults: [base/model.yaml, base/more.yaml]\nrl: {kl: 1}\nweights: {safety: 5}\n");
  ExampleConfig config;
  const ResolvedConfig resolved = ReadConfig({path, {}}, DescribeExample(&config));
  EXPECT_EQ(config.name, "more");
  EXPECT_EQ(config.seed, 3);
  EXPECT_EQ(config.kl, 1);
  EXPECT_THAT(config.stages, ElementsAre("rl", "eval"));
  EXPECT_THAT(config.weights, UnorderedElementsAre(Pair("help", 1.0), Pair("safety", 5.0)));
  EXPECT_THAT(resolved.files, ElementsAre(folder / "base/model.yaml", folder / "base/more.yaml", path));
  EXPECT_EQ(ValueOf(resolved, "run.name").source, folder / "base/more.yaml" + ":1");
  EXPECT_EQ(ValueOf(resolved, "run.seed").source, folder / "base/model.yaml" + ":1");
  EXPECT_EQ(ValueOf(resolved, "stages").source, folder / "base/more.yaml" + ":2");
  EXPECT_EQ(ValueOf(resolved, "rl.kl").source, path + ":2");
  EXPECT_EQ(ValueOf(resolved, "rl.loss").source, "default");
}

TEST(ConfigReader, ReadsAFileNamedTwice) {
  const ConfigFolder folder;
  folder.Write("leaf.yaml", "run: {seed: 4}\n");
  folder.Write("a.yaml", "defaults: [leaf.yaml]\n");
  folder.Write("b.yaml", "defaults: [leaf.yaml]\n");
  const std::string path = folder.Write("top.yaml", "defaults: [a.yaml, b.yaml]\n");
  ExampleConfig config;
  EXPECT_EQ(ReadConfig({path, {}}, DescribeExample(&config)).files.size(), 4U);
  EXPECT_EQ(config.seed, 4);
}

TEST(ConfigReader, LetsALaterFileResetAValue) {
  const ConfigFolder folder;
  folder.Write("base.yaml", "rl: {kl: 1}\nweights: {help: 1, safety: 2}\ngraders: {a: {}, b: {}}\n");
  const std::string path = folder.Write("top.yaml", "defaults: [base.yaml]\nrl: {kl: null}\nweights: {help: null}\ngraders: {a: null}\n");
  const ExampleConfig config = ReadFile(path);
  EXPECT_EQ(config.kl, 0);
  EXPECT_THAT(config.weights, ElementsAre(Pair("safety", 2.0)));
  ASSERT_EQ(config.graders.size(), 1U);
  EXPECT_EQ(config.graders[0].name, "b");
}

// As tests/cluster_of_processes/controls.yaml does with the shipped controls.
TEST(ConfigReader, AnEntryThatSeveralDefaultsTakeOutStaysOut) {
  const ConfigFolder folder;
  folder.Write("base.yaml", "data: [{path: /a}]\narms: {one: {rl.kl: 0.1}, two: {rl.kl: 0.2}}\n");
  folder.Write("left.yaml", "defaults: [base.yaml]\narms: {two: null, left: {}}\n");
  folder.Write("right.yaml", "defaults: [base.yaml]\narms: {two: null, right: {}}\n");
  for (const char* order : {"[left.yaml, right.yaml]", "[base.yaml, left.yaml, right.yaml]"}) {
    ExampleConfig config;
    ReadConfig({folder.Write("top.yaml", std::string("defaults: ") + order + "\n"), {}}, DescribeExample(&config));
    std::vector<std::string> names;
    for (const auto& [name, overrides] : config.arms) names.push_back(name);
    EXPECT_THAT(names, ElementsAre("one", "left", "right")) << order;
  }
}

TEST(ConfigReader, TakesPathsFromTheFolderOfTheirFile) {
  const ConfigFolder folder;
  folder.Write("base/b.yaml", "run: {dir: out/./x}\ndata: [{path: ../d.jsonl}]\nsets: {dev: ../e.jsonl, none: ''}\n");
  const std::string path = folder.Write("top.yaml", "defaults: [base/b.yaml]\nrun: {notes: '${run.dir}'}\n");
  const ExampleConfig config = ReadFile(path);
  EXPECT_EQ(config.dir, folder / "base/out/x");
  EXPECT_EQ(config.data.at(0).path, folder / "d.jsonl");
  EXPECT_THAT(config.sets, ElementsAre(Pair("dev", folder / "e.jsonl"), Pair("none", "")));
  EXPECT_EQ(ReadFile(path, {"run.dir=here"}).dir, std::filesystem::absolute("here").string());
  EXPECT_EQ(ReadFile(path, {"data=[{path: '${run.dir}/y'}]"}).data.at(0).path, folder / "base/out/x/y");
  EXPECT_EQ(ReadFile(path, {"data=[{path: '${run.dir}'}]"}).data.at(0).path, folder / "base/out/x");
}

TEST(ConfigReader, ReplacesReferences) {
  const ExampleConfig config = ReadExample(R"(
run: {name: "lr-${rl.learning_rate}-${run.seed}", seed: "${rl.batch_size}", notes: "$${rl.kl} costs $5"}
rl: {learning_rate: 0.5, batch_size: 16, kl: "${rl.learning_rate}"}
weights: {help: "${rl.kl}"}
stages: ["${run.name}", "${rl.loss}"]
data: ["${data.1}", {path: /a/b, weight: 2}]
graders: {a: {timeout_s: 5}, b: "${graders.a}"}
)");
  EXPECT_EQ(config.name, "lr-0.5-16");
  EXPECT_EQ(config.seed, 16);
  EXPECT_EQ(config.notes, "${rl.kl} costs $5");
  EXPECT_EQ(config.kl, 0.5);
  EXPECT_EQ(config.weights.at("help"), 0.5);
  EXPECT_THAT(config.stages, ElementsAre("lr-0.5-16", "grpo"));  // rl.loss stands nowhere: its default
  EXPECT_EQ(config.data.at(0).path, "/a/b");
  EXPECT_EQ(config.data.at(0).weight, 2);
  EXPECT_EQ(config.graders.at(1).timeout_s, 5);
}

TEST(ConfigReader, ResolvesReferencesAfterOverrides) {
  const ConfigFolder folder;
  folder.Write("base.yaml", "run: {notes: '${rl.kl}'}\n");
  const std::string path = folder.Write("top.yaml", "defaults: [base.yaml]\nrl: {kl: 2}\n");
  EXPECT_EQ(ReadFile(path).notes, "2");
  EXPECT_EQ(ReadFile(path, {"rl.kl=3"}).notes, "3");
  EXPECT_EQ(ReadFile(path, {"rl.kl=${run.seed}", "run.seed=8"}).kl, 8);
}

TEST(ConfigReader, OverridesKeysInOrder) {
  const ConfigFolder folder;
  const std::string path =
      folder.Write("e.yaml", "rl: {kl: 1, loss: rloo}\ndata: [{path: /a}, {path: /b}]\nweights: {help: 1, safety: 2}\n");
  ExampleConfig config;
  const ResolvedConfig resolved =
      ReadConfig({path,
                  {"rl.learning_rate=0.5", "rl.learning_rate=0.25", "run.name=a=b", "data.1.weight=7", "stages=[eval]", "rl.kl=null",
                   "weights.help=null", "graders.g.kind=judge", "run.notes='a: b'"}},
                 DescribeExample(&config));
  EXPECT_EQ(config.learning_rate, 0.25);
  EXPECT_EQ(config.name, "a=b");
  EXPECT_EQ(config.data.at(1).weight, 7);
  EXPECT_THAT(config.stages, ElementsAre("eval"));
  EXPECT_EQ(config.kl, 0);
  EXPECT_EQ(config.loss, "rloo");
  EXPECT_THAT(config.weights, ElementsAre(Pair("safety", 2.0)));
  EXPECT_EQ(config.graders.at(0).kind, "judge");
  EXPECT_EQ(config.notes, "a: b");
  EXPECT_EQ(ValueOf(resolved, "rl.learning_rate").source, "override \"rl.learning_rate=0.25\"");
  EXPECT_EQ(ValueOf(resolved, "rl.learning_rate").value, "0.25");
  EXPECT_EQ(ValueOf(resolved, "rl.loss").source, path + ":1");
  EXPECT_EQ(ValueOf(resolved, "rl.kl").source, "default");
}

TEST(ConfigReader, ListsValuesInTheOrderOfTheSchema) {
  ExampleConfig config;
  const ResolvedConfig resolved =
      ReadConfigText("data: [{path: /a}]\narms: {b: {z: 1, y: [2]}, a: {}}\n", "f.yaml", DescribeExample(&config));
  std::vector<std::string> keys;
  for (const ResolvedValue& value : resolved.values) keys.push_back(value.key);
  EXPECT_THAT(keys, ElementsAre("run.name", "run.seed", "run.dir", "run.deterministic", "run.notes", "rl.learning_rate", "rl.batch_size",
                                "rl.micro_batch", "rl.loss", "rl.kl", "stages", "weights", "columns", "sets", "arms.b.y", "arms.b.z",
                                "arms.a", "data.0.path", "data.0.weight"));
  EXPECT_EQ(ValueOf(resolved, "arms.b.y").value, "[2]");
  EXPECT_EQ(ValueOf(resolved, "arms.b.y").source, "f.yaml:2");
}

TEST(ConfigReader, ResolvedYamlReadsBackTheSame) {
  ExampleConfig config;
  config.name = "7";
  config.dir = "/a b/\"c\"";
  config.notes = "true\n\ttab \"q\" \\ # not a comment ${rl.kl} $${x} $ \x01 \x7F \xC3\xA4 \xE2\x80\xA8 end \n";
  config.learning_rate = 0.1 + 0.2;
  config.kl = 1e300;
  config.stages = {"",     " ",  "null", "~",   "1e5", "0x10",        "010", "yes",  "a, b", "[x]", "{y: z}", "- d", "x: y",
                   "a #b", "%",  "@",    "`",   "'",   "\"",          "&a",  "*a",   "!t",   "|",   ">",      "---", "...",
                   "<<",   "a ", " a",   "$${", "${",  "${run.name}", "\n",  ".inf", "-",    "?",   ":"};
  config.weights = {{"a b", 0.1}, {"1", 3}, {"null", 10}, {"x: y", 1e-300}};
  config.columns = {{"empty", ""}, {"\xC3\xB6", "\xC3\x9F"}, {"#", "${a"}};
  config.arms = {{"none", {}},
                 {"other arm", {{"rl.kl", "1e-3"}, {"run.name", "\"7\""}, {"stages", "[a, \"${run.name}\"]"}, {"rl", "null"}}}};
  ExampleConfig printed = config;
  const ConfigFolder folder;
  const std::string path =
      folder.Write("d.yaml", "graders: {a: {kind: judge}, 'b c': {timeout_s: 0.1}}\ndata: [{path: /x}, {path: /y, weight: 2}]\n");
  const ResolvedConfig resolved = ReadConfig({path, {}}, DescribeExample(&printed));
  config.graders = printed.graders;
  config.data = printed.data;
  EXPECT_EQ(printed, config);

  ExampleConfig again;
  const std::string copy = folder.Write("elsewhere/resolved.yaml", resolved.ToYaml());
  const ResolvedConfig resolved_again = ReadConfig({copy, {}}, DescribeExample(&again));
  EXPECT_EQ(again, config) << resolved.ToYaml();
  ASSERT_EQ(resolved_again.values.size(), resolved.values.size());
  for (size_t i = 0; i < resolved.values.size(); ++i) {
    EXPECT_EQ(resolved_again.values[i].key, resolved.values[i].key);
    EXPECT_EQ(resolved_again.values[i].value, resolved.values[i].value);
  }
}

TEST(ConfigReader, ResolvedYamlNamesItsSources) {
  ExampleConfig config;
  const std::string yaml = ReadConfigText("rl: {kl: 1}\ngraders: {}\ndata: []\n", "f.yaml", DescribeExample(&config)).ToYaml();
  EXPECT_THAT(yaml, HasSubstr("rl:\n  learning_rate: 0.001  # default\n"));
  EXPECT_THAT(yaml, HasSubstr("  kl: 1  # f.yaml:1\n"));
  EXPECT_THAT(yaml, HasSubstr("\ngraders: {}\ndata: []\n"));
}

TEST(ConfigReader, ReferenceReadsBackAsTheDefaults) {
  ExampleConfig described;
  const std::string reference = ReferenceYaml(DescribeExample(&described));
  ExampleConfig defaults;
  defaults.dir = std::filesystem::absolute("runs").string();
  EXPECT_EQ(ReadExample(reference), defaults) << reference;
  EXPECT_THAT(reference, HasSubstr("\n  # Peak step size of the optimizer. [Number, 1e-09 to 1]\n  learning_rate: 0.001\n"));
  EXPECT_THAT(reference, HasSubstr("\n  # Loss of the policy. [grpo | rloo | reinforce]\n  loss: grpo\n"));
  EXPECT_THAT(reference, HasSubstr("\n  # Rule: batch_size must be a multiple of micro_batch\n"));
  EXPECT_THAT(reference, HasSubstr("# Stages in order. [List of texts]\nstages: [sft, rl]\n"));
  EXPECT_THAT(reference, HasSubstr("\n# graders:\n#   example:\n#     # What grades. [rule | judge]\n#     kind: rule\n"));
  EXPECT_THAT(reference, HasSubstr("\n# data:\n#   -\n#     # JSONL file. Required. [Path]\n"));
  EXPECT_THAT(reference, HasSubstr("[Path; default: runs in the working directory]\n  dir: null\n"));
}

TEST(ConfigReader, ReferenceShowsAValidExampleForRequiredKeys) {
  std::string word;
  int64_t count = 0;
  const auto describe = [&](ConfigFields& fields) {
    fields.Require("word");
    fields.Enum("word", &word, {"a", "b"}, "A word");
    fields.Int("count", &count, {1, 5}, "A count");
    fields.Require("count");
    fields.Require("list");
    fields.ListOf("list", "A list", [](size_t, ConfigFields& entry) {
      static bool flag = false;
      entry.Bool("flag", &flag, "A flag");
    });
  };
  const std::string reference = ReferenceYaml(describe);
  EXPECT_THAT(reference, HasSubstr("# A word. Required. [a | b]\nword: a\n"));
  ReadConfigText(reference, "reference.yaml", describe);
  EXPECT_EQ(word, "a");
  EXPECT_EQ(count, 1);
}

TEST(ConfigReader, FindsTheNearestName) {
  const std::vector<std::string> known = {"learning_rate", "batch_size", "kl", "loss"};
  EXPECT_EQ(NearestName("learning_rat", known), "learning_rate");
  EXPECT_EQ(NearestName("learnign_rate", known), "learning_rate");
  EXPECT_EQ(NearestName("Learning-Rate", known), "learning_rate");
  EXPECT_EQ(NearestName("kll", known), "kl");
  EXPECT_EQ(NearestName("zzz", known), "");
  EXPECT_EQ(NearestName("x", known), "");
  EXPECT_EQ(NearestName("", known), "");
  EXPECT_EQ(NearestName("kl", {}), "");
}

TEST(ConfigReader, HintsAtTheKeyOfTheSameSectionFirst) {
  const std::vector<std::string> fields = {
      "sft",   "sft.batch_size", "sft.optimizer", "sft.optimizer.lr", "rl",     "rl.steps",   "rl.prompts_per_step",
      "rl.kl", "rl.kl.coef",     "rl.optimizer",  "rl.optimizer.lr",  "policy", "policy.path"};
  const std::vector<std::string> rl = {"steps", "prompts_per_step", "kl", "optimizer"};
  EXPECT_EQ(UnknownKeyHint("lr", "rl", rl, fields), "; the nearest known one is rl.optimizer.lr");
  EXPECT_EQ(UnknownKeyHint("kl_coef", "rl", rl, fields), "; the nearest known one is rl.kl.coef");
  EXPECT_EQ(UnknownKeyHint("num_steps", "rl", rl, fields), "; the nearest known one is rl.steps");
  EXPECT_EQ(UnknownKeyHint("model_path", "policy", {"path", "model_type"}, fields), "; the nearest known one is policy.path");
  EXPECT_EQ(UnknownKeyHint("batch_size", "rl", rl, fields),
            "; there is a sft.batch_size elsewhere; known here: steps, prompts_per_step, kl, optimizer");
  EXPECT_EQ(UnknownKeyHint("lr", "", {"sft", "rl", "policy"}, fields), "; there are sft.optimizer.lr, rl.optimizer.lr");
  EXPECT_EQ(UnknownKeyHint("kll", "rl", {"kl1", "kl2", "steps"}, fields), "; the nearest known ones are rl.kl1, rl.kl2");
  EXPECT_EQ(UnknownKeyHint("zzzzzz", "rl", rl, fields), "; known here: steps, prompts_per_step, kl, optimizer");
}

TEST(ConfigReader, RefusesASchemaThatContradictsItself) {
  int64_t value = 0;
  EXPECT_THROW(ReadConfigText("", "f.yaml",
                              [&](ConfigFields& fields) {
                                fields.Int("a", &value, {}, "");
                                fields.Int("a", &value, {}, "");
                              }),
               Error);
  EXPECT_THROW(ReadConfigText("", "f.yaml", [](ConfigFields& fields) { fields.Require("b"); }), Error);
}

}  // namespace
}  // namespace temper

// Mistakes in configurations, and the one message each of them gets.
#include <ostream>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "tests/cluster/config/example.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct BadText {
  const char* name;
  std::string text;
  std::string message;  // the whole of it
};
void PrintTo(const BadText& bad, std::ostream* out) { *out << bad.name; }

std::string Deep(size_t levels) { return "run: " + std::string(levels, '[') + std::string(levels, ']'); }

const BadText kBadTexts[] = {
    // Keys.
    {"UnknownTop", "rll: {kl: 1}", "f.yaml:1:1: rll: unknown key; the nearest known one is rl"},
    {"UnknownNested", "rl:\n  learning_rat: 1", "f.yaml:2:3: rl.learning_rat: unknown key; the nearest known one is rl.learning_rate"},
    {"UnknownDash", "rl: {batch-size: 1}", "f.yaml:1:6: rl.batch-size: unknown key; the nearest known one is rl.batch_size"},
    {"UnknownFar", "run: {zzzzzz: 1}", "f.yaml:1:7: run.zzzzzz: unknown key; known here: name, seed, dir, deterministic, notes"},
    {"UnknownElsewhere", "learning_rate: 1", "f.yaml:1:1: learning_rate: unknown key; there is a rl.learning_rate"},
    {"UnknownDotted", "rl.kl: 1", "f.yaml:1:1: rl.kl: unknown key; a dotted key is read in overrides only: in a file, nest it"},
    {"UnknownInMapOf", "graders: {a: {kid: rule}}", "f.yaml:1:15: graders.a.kid: unknown key; the nearest known one is graders.a.kind"},
    {"UnknownInListOf", "data:\n  - {path: /a}\n  - {path: /b, wieght: 1}",
     "f.yaml:3:16: data.1.wieght: unknown key; the nearest known one is data.1.weight"},
    {"Duplicate", "rl:\n  kl: 1\n  loss: grpo\n  kl: 2", "f.yaml:4:3: rl.kl: duplicate key; it stands at line 2 already"},
    {"DuplicateSection", "rl: {}\nrun: {}\nrl: {}", "f.yaml:3:1: rl: duplicate key; it stands at line 1 already"},
    {"DuplicateInFreeMap", "weights: {a: 1, 'a': 2}", "f.yaml:1:17: weights.a: duplicate key; it stands at line 1 already"},
    {"DuplicateNestedAndDotted", "arms: {a: {rl.kl: 1, rl: {kl: 2}}}",
     "f.yaml:1:27: arms.a.rl.kl: duplicate key, once nested and once dotted"},
    {"Missing", "data:\n  - {weight: 1}", "f.yaml:2:5: data.0.path: missing key; it has no default"},
    {"MissingAsNull", "data: [{path: null}]", "f.yaml:1:15: data.0.path: missing key; it has no default"},
    {"EmptyKey", "run: {'': 1}", "f.yaml:1:7: run: a key must be a word, not empty text"},
    {"NullKey", "run: {null: 1}", "f.yaml:1:7: run: a key must be a word, not empty"},
    {"ListAsKey", "? [a]\n: 1", "f.yaml:1:3: a key must be a word, not a list"},
    {"MapAsKey", "? {a: 1}\n: 1", "f.yaml:1:3: a key must be a word, not a map of keys"},
    {"LongKey", "run: {" + std::string(300, 'k') + ": 1}", "f.yaml:1:7: run: a key of more than 256 bytes"},
    {"ControlInKey", "run: {\"a\\nb\": 1}", "f.yaml:1:7: run.a\nb: a key must not hold control characters"},
    {"MergeKey", "run: {<<: {seed: 1}}",
     "f.yaml:1:7: run.<<: merge keys (<<) are not read; list the other file under defaults:, or refer with ${a.b}"},
    // Kinds.
    {"ListAsSection", "rl: [1]", "f.yaml:1:5: rl: must be a section (a map of keys), not a list"},
    {"ValueAsSection", "rl: fast", "f.yaml:1:5: rl: must be a section (a map of keys), not a single value"},
    {"ListAsNumber", "rl: {kl: [1]}", "f.yaml:1:10: rl.kl: must be a number, not a list"},
    {"MapAsInt", "run: {seed: {a: 1}}", "f.yaml:1:13: run.seed: must be a whole number, not a map of keys"},
    {"ListAsText", "run: {name: [a]}", "f.yaml:1:13: run.name: must be text, not a list"},
    {"MapAsPath", "run: {dir: {a: b}}", "f.yaml:1:12: run.dir: must be a path, not a map of keys"},
    {"ListAsWord", "rl: {loss: [grpo]}", "f.yaml:1:12: rl.loss: must be one of grpo, rloo, reinforce, not a list"},
    {"ListAsBool", "run: {deterministic: [true]}", "f.yaml:1:22: run.deterministic: must be true or false, not a list"},
    {"ValueAsList", "stages: sft", "f.yaml:1:9: stages: must be a list, like [first, second], not a single value"},
    {"MapAsList", "stages: {a: b}", "f.yaml:1:9: stages: must be a list, like [first, second], not a map of keys"},
    {"ListInList", "stages: [a, [b]]", "f.yaml:1:13: stages.1: must be text, not a list"},
    {"NullInList", "stages: [a, null]", "f.yaml:1:13: stages.1: must be text, not empty"},
    {"ListAsRealMap", "weights: [1]", "f.yaml:1:10: weights: must be a map, not a list"},
    {"TextInRealMap", "weights: {a: big}", "f.yaml:1:14: weights.a: must be a number, not \"big\"; write e.g. 0.001"},
    {"NullInRealMap", "weights: {a: }", "f.yaml:1:11: weights.a: must be a number, not empty"},
    {"ListInStringMap", "columns: {a: [b]}", "f.yaml:1:14: columns.a: must be text, not a list"},
    {"ListAsMapOf", "graders: [a]", "f.yaml:1:10: graders: must be a map of names to sections, not a list"},
    {"NullInMapOf", "graders:\n  a:", "f.yaml:2:3: graders.a: must be a map of keys, not empty; write {} for one without any"},
    {"ValueInMapOf", "graders: {a: rule}", "f.yaml:1:14: graders.a: must be a map of keys, not a single value"},
    {"MapAsListOf", "data: {path: /a}", "f.yaml:1:7: data: must be a list of sections, not a map of keys"},
    {"ValueInListOf", "data: [/a]", "f.yaml:1:8: data.0: must be a map of keys, not a single value"},
    {"ListAsArms", "arms: [a]", "f.yaml:1:7: arms: must be a map of names to overrides, like {a: {rl.lr: 1e-3}}, not a list"},
    {"NullArm", "arms: {a: }", "f.yaml:1:8: arms.a: must be a map of keys, not empty; write {} for one without any"},
    {"ValueAsArm", "arms: {a: 1}", "f.yaml:1:11: arms.a: must be a map of keys, not a single value"},
    // Booleans, numbers and words.
    {"YesAsBool", "run: {deterministic: yes}", "f.yaml:1:22: run.deterministic: must be true or false, not \"yes\""},
    {"OneAsBool", "run: {deterministic: 1}", "f.yaml:1:22: run.deterministic: must be true or false, not \"1\""},
    {"QuotedBool", "run: {deterministic: 'true'}",
     "f.yaml:1:22: run.deterministic: must be true or false, not the text \"true\"; remove the quotes"},
    {"QuotedInt", "run: {seed: \"7\"}", "f.yaml:1:13: run.seed: must be a whole number, not the text \"7\"; remove the quotes"},
    {"BlockInt", "run:\n  seed: |\n    7\n", "f.yaml:2:9: run.seed: must be a whole number, not the text \"7\\n\"; remove the quotes"},
    {"FractionAsInt", "run: {seed: 3.7}",
     "f.yaml:1:13: run.seed: must be a whole number, not \"3.7\"; write all its digits, without fraction or exponent"},
    {"ExponentAsInt", "run: {seed: 1e6}",
     "f.yaml:1:13: run.seed: must be a whole number, not \"1e6\"; write all its digits, without fraction or exponent"},
    {"OctalInt", "run: {seed: 010}",
     "f.yaml:1:13: run.seed: must be a whole number, not \"010\"; write it without leading zeros, in decimal"},
    {"HexInt", "run: {seed: 0x10}", "f.yaml:1:13: run.seed: must be a whole number, not \"0x10\"; write it in decimal"},
    {"UnderscoreInt", "run: {seed: 1_000}", "f.yaml:1:13: run.seed: must be a whole number, not \"1_000\"; write the digits without _"},
    {"CommaInt", "run:\n  seed: 1,000",
     "f.yaml:2:9: run.seed: must be a whole number, not \"1,000\"; write the digits without commas, and a point for the fraction"},
    {"WordAsInt", "run: {seed: ten}", "f.yaml:1:13: run.seed: must be a whole number, not \"ten\"; write e.g. 16"},
    {"TooLongInt", "run: {seed: 9223372036854775808}", "f.yaml:1:13: run.seed: \"9223372036854775808\" does not fit into 64 bits"},
    {"IntBelow", "run: {seed: -1}", "f.yaml:1:13: run.seed: -1 is out of range; allowed: at least 0"},
    {"IntAbove", "rl: {batch_size: 5000}", "f.yaml:1:18: rl.batch_size: 5000 is out of range; allowed: 1 to 4096"},
    {"WordAsReal", "rl: {kl: fast}", "f.yaml:1:10: rl.kl: must be a number, not \"fast\"; write e.g. 0.001"},
    {"QuotedReal", "rl: {kl: '0.5'}", "f.yaml:1:10: rl.kl: must be a number, not the text \"0.5\"; remove the quotes"},
    {"InfiniteReal", "rl: {kl: .inf}", "f.yaml:1:10: rl.kl: must be a finite number, not \".inf\""},
    {"NanReal", "rl: {kl: .NaN}", "f.yaml:1:10: rl.kl: must be a finite number, not \".NaN\""},
    {"HugeReal", "rl: {kl: 1e999}", "f.yaml:1:10: rl.kl: \"1e999\" is too large or too small for a number"},
    {"RealBelow", "rl: {kl: -0.5}", "f.yaml:1:10: rl.kl: -0.5 is out of range; allowed: at least 0"},
    {"RealAbove", "rl: {learning_rate: 1.5}", "f.yaml:1:21: rl.learning_rate: 1.5 is out of range; allowed: 1e-09 to 1"},
    {"RealUnfinished", "rl: {kl: 1e}", "f.yaml:1:10: rl.kl: must be a number, not \"1e\"; write e.g. 0.001"},
    {"RealTrailing", "rl: {kl: 1.5s}", "f.yaml:1:10: rl.kl: must be a number, not \"1.5s\"; write e.g. 0.001"},
    {"RealMapRange", "weights: {a: 11}", "f.yaml:1:14: weights.a: 11 is out of range; allowed: 0 to 10"},
    {"WrongWord", "rl: {loss: rlo}", "f.yaml:1:12: rl.loss: must be one of grpo, rloo, reinforce, not \"rlo\"; the nearest is rloo"},
    {"FarWord", "rl: {loss: unrelated}", "f.yaml:1:12: rl.loss: must be one of grpo, rloo, reinforce, not \"unrelated\""},
    {"HomePath", "run: {dir: ~/runs}", "f.yaml:1:12: run.dir: ~ is not expanded in paths; write the folder out"},
    {"NulPath", "run: {dir: \"a\\0b\"}", "f.yaml:1:12: run.dir: a path holds no NUL character"},
    {"ShownOnOneLine", "rl: {kl: \"a\\nb\\e[1m\"}",
     "f.yaml:1:10: rl.kl: must be a number, not the text \"a\\nb\\x1b[1m\"; remove the quotes"},
    // Rules.
    {"Rule", "rl: {batch_size: 10,\n  micro_batch: 4}", "f.yaml:1:18: rl.batch_size: batch_size must be a multiple of micro_batch"},
    {"RuleSilentBesideItsCause", "rl: {batch_size: ten, micro_batch: 5}",
     "f.yaml:1:18: rl.batch_size: must be a whole number, not \"ten\"; write e.g. 16"},
    // YAML that is refused.
    {"Anchor", "rl: &a {kl: 1}", "f.yaml:1:5: rl: anchors (&name) are not read; refer to this key with ${a.b} instead"},
    {"Tag", "run: {name: !!str 7}", "f.yaml:1:13: run.name: tags (!name) are not read; remove it, and quote what is meant as text"},
    {"BareTag", "run: {name: ! 7}", "f.yaml:1:13: run.name: tags (!name) are not read; remove it, and quote what is meant as text"},
    {"TagOnMap", "rl: !x {kl: 1}", "f.yaml:1:5: rl: tags (!name) are not read; remove it, and quote what is meant as text"},
    {"TwoDocuments", "rl: {}\n---\nrun: {}\n", "f.yaml:2:1: a second YAML document; a configuration file holds one"},
    {"ListAsFile", "- a", "f.yaml:1:1: a configuration is a map of keys, not a list"},
    {"TextAsFile", "hello", "f.yaml:1:1: a configuration is a map of keys, not a single value"},
    {"DefaultsInText", "defaults: [a.yaml]", "f.yaml:1:1: defaults: is read in files only; here the text must be complete"},
    {"ControlByte", "run:\n  name: a\x04", "f.yaml:2:10: control character 4; remove it, or write it as an escape in double quotes"},
    {"NulByte", std::string("a\0: 1", 5), "f.yaml:1:2: control character 0; remove it, or write it as an escape in double quotes"},
    {"NotUtf8", "run: {name: \xC3(}", "f.yaml:1:13: bytes that are not UTF-8; save the file as UTF-8"},
    {"OverlongUtf8", "run: {name: \xC0\xAF}", "f.yaml:1:13: bytes that are not UTF-8; save the file as UTF-8"},
    {"SurrogateUtf8", "run: {name: \xED\xA0\x80}", "f.yaml:1:13: bytes that are not UTF-8; save the file as UTF-8"},
    {"TooDeep", Deep(64), "f.yaml:1:69: nested more than 64 levels deep"},
    {"FarTooDeep", Deep(100000), "f.yaml:1:69: nested more than 64 levels deep"},
    {"TooLarge", std::string((1 << 20) + 1, '#'), "f.yaml:1:1: the file has 1048577 bytes; at most 1048576 are read"},
    // References.
    {"UnknownReference", "rl: {kl: \"${rl.learning_rat}\", learning_rate: 1}",
     "f.yaml:1:10: rl.kl: ${rl.learning_rat} names no key that has a value; the nearest is ${rl.learning_rate}"},
    {"EnvironmentReference", "run: {name: \"${env.HOME}\"}",
     "f.yaml:1:13: run.name: ${env.HOME} names no key that has a value; the environment is not read"},
    {"SelfReference", "rl: {kl: \"${rl.kl}\"}", "f.yaml:1:10: rl.kl: refers to itself: rl.kl -> rl.kl"},
    {"SectionHoldsItself", "graders: {a: {kind: \"${graders}\"}}",
     "f.yaml:1:21: graders.a.kind: refers to itself: graders.a.kind -> graders"},
    {"OpenReference", "run: {name: \"a${b\"}",
     "f.yaml:1:13: run.name: ${ without its }; write ${a.b} to refer to a key, or $${ for the characters themselves"},
    {"EmptyReference", "run: {name: \"${}\"}",
     "f.yaml:1:13: run.name: \"${}\" names no key; a reference is ${a.b}, and $${ stands for the characters themselves"},
    {"FunctionReference", "run: {name: \"${env:HOME}\"}",
     "f.yaml:1:13: run.name: \"${env:HOME}\" names no key; a reference is ${a.b}, and $${ stands for the characters themselves"},
    {"ListWithinText", "run: {name: \"a ${stages}\"}\nstages: [b]",
     "f.yaml:1:13: run.name: ${stages} is a list; within text only a single value can be put"},
    {"ReferenceKeepsItsKind", "run: {name: \"${stages}\"}\nstages: [b]", "f.yaml:1:13: run.name: must be text, not a list"},
};

class BadTexts : public ::testing::TestWithParam<BadText> {};

TEST_P(BadTexts, GetTheirMessage) { EXPECT_EQ(ExampleError(GetParam().text), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(ConfigReader, BadTexts, ::testing::ValuesIn(kBadTexts),
                         [](const auto& test) { return std::string(test.param.name); });

// Where the words are the YAML library's, the position and the advice are asserted.
TEST(ConfigBadInput, SyntaxErrorsHavePositionAndAdvice) {
  EXPECT_EQ(ExampleError("rl: {kl: 1"), "f.yaml:1:5: not valid YAML: the [ or { that opens here is never closed");
  EXPECT_EQ(ExampleError("stages:\n  - [a\n"), "f.yaml:2:5: not valid YAML: the [ or { that opens here is never closed");
  // The library takes these two for complete.
  EXPECT_EQ(ExampleError("run:\n  name: \"a\n"), "f.yaml:2:9: not valid YAML: the quotes that open here are never closed");
  EXPECT_EQ(ExampleError("run:\n  name: 'it''s\n"), "f.yaml:2:9: not valid YAML: the quotes that open here are never closed");
  EXPECT_THAT(ExampleError("run:\n  name: \"a"), StartsWith("f.yaml:2:11: not valid YAML: "));
  EXPECT_THAT(ExampleError("run:\n\tname: a\n"), HasSubstr("; indent with spaces, not tabs"));
  EXPECT_THAT(ExampleError("rl: {kl: ${rl.x}, loss: a}\n"), HasSubstr("inside [ ] and { } a reference needs quotes: \"${a.b}\""));
  EXPECT_THAT(ExampleError("run:\n  name: a\n seed: 1\n"), StartsWith("f.yaml:3:2: not valid YAML: "));
  EXPECT_THAT(ExampleError("run: {name: \"\\uD800\"}"), StartsWith("f.yaml:1:"));
}

TEST(ConfigBadInput, AliasesAreRefusedBesideTheirAnchor) {
  EXPECT_EQ(ExampleError("run: {name: &a x, notes: *a}"),
            "f.yaml:1:13: run.name: anchors (&name) are not read; refer to this key with ${a.b} instead\n"
            "f.yaml:1:26: run.notes: aliases (*name) are not read; refer to the other key with ${a.b}");
}

TEST(ConfigBadInput, AllMistakesAreReportedInOrderOfPosition) {
  EXPECT_EQ(ExampleError("run:\n  sed: 1\n  deterministic: on\nrl:\n  kl: -1\n  kl: 2\n  batch_size: 3\nweights: {a: x}\n"),
            "f.yaml:2:3: run.sed: unknown key; the nearest known one is run.seed\n"
            "f.yaml:3:18: run.deterministic: must be true or false, not \"on\"\n"
            "f.yaml:5:7: rl.kl: -1 is out of range; allowed: at least 0\n"
            "f.yaml:6:3: rl.kl: duplicate key; it stands at line 5 already\n"
            "f.yaml:7:15: rl.batch_size: batch_size must be a multiple of micro_batch\n"
            "f.yaml:8:14: weights.a: must be a number, not \"x\"; write e.g. 0.001");
}

TEST(ConfigBadInput, CyclesOfReferencesAreNamed) {
  EXPECT_EQ(ExampleError("run: {name: \"${run.notes}\", notes: \"x${run.name}\"}"),
            "f.yaml:1:36: run.notes: refers to itself: run.name -> run.notes -> run.name");
}

TEST(ConfigBadInput, ReferencesCannotGrowWithoutBound) {
  std::string lists = "stages: [x]\nl0: [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string list;
    for (int j = 0; j < 10; ++j) list += Concat(j == 0 ? "" : ", ", "\"${l", i - 1, "}\"");
    lists += Concat("l", i, ": [", list, "]\n");
  }
  EXPECT_THAT(ExampleError(lists), HasSubstr("references make the configuration too large"));
  std::string chain = "c0: \"${c1}\"\n";
  for (int i = 1; i < 200; ++i) chain += Concat("c", i, ": \"${c", i + 1, "}\"\n");
  EXPECT_THAT(ExampleError(chain), HasSubstr("references lead on more than 64 deep"));
  std::string joined = "j0: \"" + std::string(1000, 'x') + "\"\n";
  for (int i = 1; i < 30; ++i) joined += Concat("j", i, ": \"${j", i - 1, "}${j", i - 1, "}\"\n");
  EXPECT_THAT(ExampleError(joined), HasSubstr("references make the configuration too large"));
}

TEST(ConfigBadInput, AnAliasBombIsRefusedAtOnce) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += Concat("a", i, ": &a", i, " [");
    for (int j = 0; j < 9; ++j) bomb += Concat(j == 0 ? "" : ",", "*a", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(ExampleError(bomb), HasSubstr("f.yaml:2:10: a1.0: aliases (*name) are not read"));
  EXPECT_THAT(ExampleError("a: &x [*x]"), HasSubstr("aliases (*name) are not read"));
}

TEST(ConfigBadInput, ManyMistakesAreCounted) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += Concat("key_", i, "_x: 1\n");
  const std::string message = ExampleError(text);
  EXPECT_THAT(message, StartsWith("f.yaml:1:1: key_0_x: unknown key"));
  EXPECT_THAT(message, ::testing::EndsWith("\nand 50 more"));
  std::string values = "stages: [";
  for (int i = 0; i < 100'001; ++i) values += "a,";
  EXPECT_THAT(ExampleError(values + "a]"), HasSubstr("more than 100000 values; split the file"));
}

std::string FileError(const std::string& path, const std::vector<std::string>& overrides = {}) {
  return ErrorOf([&] {
    ExampleConfig config;
    ReadConfig({path, overrides}, DescribeExample(&config));
  });
}

TEST(ConfigBadInput, FilesThatCannotBeRead) {
  const ConfigFolder folder;
  EXPECT_EQ(FileError(folder / "none.yaml"), Concat(folder / "none.yaml", ": there is no file ", folder / "none.yaml"));
  EXPECT_EQ(FileError(folder / ""), Concat(folder / "", ": ", folder / "", " is a folder; give a YAML file"));
  const std::string large = folder.Write("large.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(FileError(large), Concat(large, ": cannot read ", large, ": it has 1048577 bytes; at most 1048576 are read"));
}

TEST(ConfigBadInput, DefaultsThatCannotBeRead) {
  const ConfigFolder folder;
  const std::string none = folder.Write("a.yaml", "defaults: [none.yaml]\n");
  EXPECT_EQ(FileError(none), Concat(none, ":1:12: defaults: there is no file ", folder / "none.yaml"));
  const std::string word = folder.Write("b.yaml", "defaults: a.yaml\n");
  EXPECT_EQ(FileError(word), word + ":1:11: defaults: must be a list of files, not a single value; write [file.yaml]");
  const std::string map = folder.Write("c.yaml", "defaults: [{policy: small}]\n");
  EXPECT_EQ(FileError(map), map + ":1:12: defaults: an entry must be the name of a file, not a map of keys");
  const std::string self = folder.Write("d.yaml", "defaults:\n  - d.yaml\n");
  EXPECT_EQ(FileError(self), self + ":2:5: defaults: " + self + " is being read already: files must not name each other in a circle");
}

TEST(ConfigBadInput, CirclesAndTowersOfFiles) {
  const ConfigFolder folder;
  const std::string first = folder.Write("x/a.yaml", "defaults: [../b.yaml]\n");
  const std::string second = folder.Write("b.yaml", "defaults: [x/../x/a.yaml]\n");
  EXPECT_EQ(FileError(first), second + ":1:12: defaults: " + first + " is being read already: files must not name each other in a circle");
  for (int i = 0; i < 9; ++i) folder.Write(Concat("t", i, ".yaml"), Concat("defaults: [t", i + 1, ".yaml]\n"));
  EXPECT_EQ(FileError(folder / "t0.yaml"), folder / "t7.yaml" + ":1:12: defaults: files name each other more than 8 deep");
  folder.Write("leaf.yaml", "run: {}\n");
  std::string many = "defaults: [leaf.yaml";
  for (int i = 0; i < 70; ++i) many += ", leaf.yaml";
  EXPECT_THAT(FileError(folder.Write("many.yaml", many + "]\n")), HasSubstr("more than 64 files are read for one configuration"));
}

TEST(ConfigBadInput, MistakesInSeveralFilesAreReportedTogether) {
  const ConfigFolder folder;
  const std::string base = folder.Write("base.yaml", "rl: {kl: low, kll: 1}\n");
  const std::string broken = folder.Write("broken.yaml", "rl: {\n");
  const std::string top = folder.Write("top.yaml", "defaults: [base.yaml, broken.yaml]\nrun: {seed: x}\ndata: [{}]\n");
  const std::string message = FileError(top, {"run.nam=3"});
  EXPECT_THAT(message, StartsWith(base + ":1:10: rl.kl: must be a number, not \"low\"; write e.g. 0.001\n" + base +
                                  ":1:15: rl.kll: unknown key; the nearest known one is rl.kl\n" + broken + ":1:5: not valid YAML: "));
  EXPECT_THAT(message, HasSubstr("\n" + top + ":2:13: run.seed: must be a whole number"));
  EXPECT_THAT(message, HasSubstr("\noverride \"run.nam=3\": run.nam: unknown key; the nearest known one is run.name"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("missing")));  // it may be in the file that is broken
}

TEST(ConfigBadInput, Overrides) {
  const ConfigFolder folder;
  const std::string path = folder.Write("e.yaml", "data: [{path: /a}]\nrun: {name: a}\n");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"rl.learning_rat=1", "rl.learning_rat: unknown key; the nearest known one is rl.learning_rate"},
      {"rll.kl=1", "rll: unknown key; the nearest known one is rl"},
      {"rl.learning_rat=null", "rl.learning_rat: unknown key; the nearest known one is rl.learning_rate"},
      {"rl.kl=fast", "rl.kl: must be a number, not \"fast\"; write e.g. 0.001"},
      {"rl.batch_size=12", "rl.batch_size: batch_size must be a multiple of micro_batch"},
      {"graders.a.kid=rule", "graders.a.kid: unknown key; the nearest known one is graders.a.kind"},
      {"data.0.path=null", "data.0.path: missing key; it has no default"},
      {"data.1.weight=2", "data.1.weight: data is a list of 1; name an entry by its index from 0, or set the list whole"},
      {"run.name.x=2", "run.name.x: run.name is a single value here, with no keys below it; set it whole"},
      {"rl.kl", "must be of the form a.b=value"},
      {"=1", "must be of the form a.b=value"},
      {"rl..kl=1", "must be of the form a.b=value"},
      {"rl. kl=1", "must be of the form a.b=value"},
      {"--dry-run", "must be of the form a.b=value"},
      {"run.name=", "run.name: no value; write run.name=null for the default, or in a shell 'run.name=\"\"' for empty text"},
      {"rl={kl: 1, kl: 2}", "rl: the value cannot be read: duplicate key; it stands at line 1 already"},
      {"run.name=&a x", "run.name: the value cannot be read: anchors (&name) are not read; refer to this key with ${a.b} instead"},
      {"run.name=${run.nam}", "run.name: ${run.nam} names no key that has a value; the nearest is ${run.name}"},
      {"defaults=[a.yaml]", "defaults: unknown key; known here: run, rl, stages, weights, columns, sets, arms, graders, data"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(FileError(path, {"run.seed=3", text}), "override \"" + text + "\": " + message);
  EXPECT_THAT(FileError(path, {"rl={kl: 1"}), StartsWith("override \"rl={kl: 1\": rl: the value cannot be read: not valid YAML: "));
  EXPECT_THAT(FileError(path, {"rl.kll=" + std::string(100, '1')}),
              StartsWith("override \"rl.kll=" + std::string(53, '1') + "...\": rl.kll: unknown key"))
      << "60 bytes are enough to know it by";
}

}  // namespace
}  // namespace temper

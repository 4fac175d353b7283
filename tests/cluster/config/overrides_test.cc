// Fields that hold overrides: lists of numbers, grids and lists of maps.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Fields {
  std::vector<int64_t> seeds;
  std::vector<OverrideAxis> grid;
  std::vector<OverrideSet> list;
};

ResolvedConfig ReadInto(const std::string& text, Fields* fields) {
  return ReadConfigText(text, "study.yaml", [fields](ConfigFields& f) {
    f.IntList("seeds", &fields->seeds, IntRange{0}, "seeds");
    f.OverrideGrid("grid", &fields->grid, "grid");
    f.OverrideList("list", &fields->list, "list");
  });
}

std::string ErrorOf(const std::string& text) {
  Fields fields;
  try {
    ReadInto(text, &fields);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ConfigOverrides, KeysMayBeNestedOrDottedAndKeepTheirOrderAndPlace) {
  Fields fields;
  ReadInto("seeds: [3, 1]\ngrid:\n  rl.lr: [1e-3, 5.0e-4]\n  b: {c: [\"x\", y], a: [[1, 2]]}\nlist:\n  - {b.c: 1}\n  - b:\n      c: null\n",
           &fields);
  EXPECT_THAT(fields.seeds, ElementsAre(3, 1));
  ASSERT_EQ(fields.grid.size(), 3U);
  EXPECT_EQ(fields.grid[0].key, "rl.lr");
  EXPECT_THAT(fields.grid[0].values, ElementsAre("1e-3", "5.0e-4"));
  EXPECT_EQ(fields.grid[0].source, "study.yaml:3");
  EXPECT_EQ(fields.grid[1].key, "b.c");
  EXPECT_EQ(fields.grid[2].key, "b.a");
  EXPECT_THAT(fields.grid[2].values, ElementsAre("[1, 2]"));
  EXPECT_EQ(fields.grid[2].source, "study.yaml:4");
  ASSERT_EQ(fields.list.size(), 2U);
  EXPECT_THAT(fields.list[0].values, ElementsAre(Pair("b.c", "1")));
  EXPECT_EQ(fields.list[1].source, "study.yaml:7");
  EXPECT_THAT(fields.list[1].values, ElementsAre(Pair("b.c", "null")));
}

TEST(ConfigOverrides, TheResolvedFormReadsBackToTheSame) {
  Fields first, second;
  const std::string yaml =
      ReadInto("seeds: [1, 2]\ngrid: {a.b: [1, 'two words', [x]], c: [true]}\nlist: [{a: '#'}, {}]\n", &first).ToYaml();
  const std::string again = ReadInto(yaml, &second).ToYaml();
  EXPECT_EQ(second.seeds, first.seeds);
  ASSERT_EQ(second.grid.size(), 2U);
  EXPECT_EQ(second.grid[0].values, first.grid[0].values);
  ASSERT_EQ(second.list.size(), 2U);
  EXPECT_EQ(second.list[0].values, first.list[0].values);
  EXPECT_TRUE(second.list[1].values.empty());
}

TEST(ConfigOverrides, MistakesAreToldWithTheirPlace) {
  EXPECT_EQ(ErrorOf("seeds: [1, x]\n"), "study.yaml:1:12: seeds.1: must be a whole number, not \"x\"; write e.g. 16");
  EXPECT_THAT(ErrorOf("seeds: [-1]\n"), HasSubstr("study.yaml:1:9: seeds.0: "));
  EXPECT_THAT(ErrorOf("seeds: 3\n"), HasSubstr("seeds: must be a list of whole numbers, like [1, 2], not "));
  EXPECT_EQ(ErrorOf("grid:\n  a.b: []\n"),
            "study.yaml:2:8: grid.a.b: is an empty list: there would be no run; give it values, or take the key out");
  EXPECT_THAT(ErrorOf("grid:\n  a.b: 1e-3\n"), HasSubstr("study.yaml:2:8: grid.a.b: must be a list of values, like [1, 2], not "));
  EXPECT_EQ(ErrorOf("grid: {a: [1, 2, 1]}\n"), "study.yaml:1:18: grid.a: has 1 twice: the same run would be made twice; take one out");
  EXPECT_EQ(ErrorOf("grid: {a.b: [1], a: {b: [2]}}\n"), "study.yaml:1:22: grid.a.b: duplicate key, once nested and once dotted");
  EXPECT_THAT(ErrorOf("list: [{a: 1}, 5]\n"), HasSubstr("study.yaml:1:16: list.1: must be a map of keys, not "));
  EXPECT_THAT(ErrorOf("list: {a: 1}\n"), HasSubstr("list: must be a list of maps of overrides"));
}

}  // namespace
}  // namespace temper

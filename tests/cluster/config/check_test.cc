// One list of settings for a file and for the structs that rooms are given.
#include "cluster/config/check.h"

#include <limits>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"

namespace temper {

enum class Shade : uint8_t { kDark, kLight };
template <>
struct EnumNames<Shade> {
  static constexpr std::string_view kWhat = "shade";
  static constexpr EnumTable<Shade, 2> kTable{{{Shade::kDark, "dark"}, {Shade::kLight, "light"}}};
};

namespace {

using ::testing::HasSubstr;

struct Shape {
  const char* name;
  const char* help;
  int corners;
};
constexpr Shape kRound{"round", "no corner", 0}, kSquare{"square", "four corners", 4};
const Registry<Shape>& Shapes() {
  static const Registry<Shape> kShapes("shape", {&kRound, &kSquare});
  return kShapes;
}

struct Options {
  int64_t count = 3;
  double share = 0.5;
  Shade shade = Shade::kDark;
  const Shape* shape = &kRound;
  int64_t least = 1;
  int64_t most = 2;
};

void Describe(Options& c, ConfigFields& f) {
  f.Int("count", &c.count, {1, 5}, "how many");
  f.Real("share", &c.share, {0, 1}, "how much");
  f.Enum("shade", &c.shade, "how dark");
  f.Choice("shape", &c.shape, Shapes(), "which");
  f.Section("limits", "a section", [&c](ConfigFields& l) {
    l.Int("least", &c.least, {0, 9}, "at least");
    l.Int("most", &c.most, {0, 9}, "at most");
    l.Rule([&c] { return c.least <= c.most; }, "least must be at most most");
  });
}

template <typename Change>
std::string ProblemOf(const Change& change) {
  Options options;
  change(options);
  try {
    CheckOptions("toy", options);
    return "none";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(CheckOptions, NamesTheKeyAndWhatIsAllowed) {
  EXPECT_EQ(ProblemOf([](Options&) {}), "none");
  EXPECT_EQ(ProblemOf([](Options& o) { o.count = 5; }), "none");
  EXPECT_EQ(ProblemOf([](Options& o) { o.count = 6; }), "toy.count: 6 is out of range; allowed: 1 to 5");
  EXPECT_EQ(ProblemOf([](Options& o) { o.share = -0.25; }), "toy.share: -0.25 is out of range; allowed: 0 to 1");
  EXPECT_EQ(ProblemOf([](Options& o) { o.share = std::numeric_limits<double>::quiet_NaN(); }), "toy.share: must be a finite number");
  EXPECT_THAT(ProblemOf([](Options& o) { o.shade = static_cast<Shade>(7); }), HasSubstr("toy.shade: must be one of dark, light"));
  EXPECT_THAT(ProblemOf([](Options& o) { o.shape = nullptr; }), HasSubstr("toy.shape: must be one of round, square"));
}

TEST(CheckOptions, RulesAreCheckedOnceEveryValueIsInItsRange) {
  EXPECT_EQ(ProblemOf([](Options& o) { o.least = 3; }), "toy.limits: least must be at most most");
  EXPECT_EQ(ProblemOf([](Options& o) {
              o.least = 30;
              o.count = 0;
            }),
            "toy.count: 0 is out of range; allowed: 1 to 5\ntoy.limits.least: 30 is out of range; allowed: 0 to 9");
}

TEST(ConfigFields, EnumsAndTypesAreReadByName) {
  Options options;
  ReadConfigText("{shade: light, shape: square}", "t.yaml", [&](ConfigFields& f) { Describe(options, f); });
  EXPECT_EQ(options.shade, Shade::kLight);
  EXPECT_EQ(options.shape->corners, 4);
  EXPECT_THROW(ReadConfigText("{shape: squire}", "t.yaml", [&](ConfigFields& f) { Describe(options, f); }), ConfigError);
  const std::string reference = ReferenceYaml([&](ConfigFields& f) { Describe(options, f); });
  EXPECT_THAT(reference, HasSubstr("# which: round = no corner; square = four corners. [round | square]\nshape: square\n"));
  EXPECT_THAT(reference, HasSubstr("# how dark. [dark | light]\nshade: light\n"));
}

TEST(Registry, FindsByNameAndNamesTheOthers) {
  EXPECT_EQ(Shapes().At("square").corners, 4);
  EXPECT_EQ(Shapes().Find("squire"), nullptr);
  try {
    Shapes().At("squire");
    ADD_FAILURE() << "squire was found";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown shape 'squire'; one of round, square");
  }
}

}  // namespace
}  // namespace temper

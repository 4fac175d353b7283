#include "reward/openai/formula.h"

#include <cmath>

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

double ValueOf(const std::string& text, const std::map<std::string, double>& values = {}) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return Formula(text, names).Value(values).value();
}

std::string Problem(const std::string& text) {
  try {
    const Formula formula(text, {"name", "email"});
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(Formula, ComputesByTheUsualPrecedence) {
  const std::pair<const char*, double> kCases[] = {
      {"1 + 2 * 3", 7},         {"(1 + 2) * 3", 9},  {"2 ^ 3 ^ 2", 512}, {"-2 ^ 2", -4}, {"2 ^ -1", 0.5},
      {"8 / 4 / 2", 1},         {"1 - 2 - 3", -4},   {"--3", 3},         {"+4", 4},      {"1e-1 + .5", 0.6},
      {"2 * -3", -6},           {"min(3, 1, 2)", 1}, {"max(1, 2)", 2},   {"max(5)", 5},  {"abs(-1.5)", 1.5},
      {"floor(-1.5)", -2},      {"ceil(1.2)", 2},    {"exp(0)", 1},      {"sqrt(9)", 3}, {"log(exp(2))", 2},
      {"min(1, max(0, 3))", 1}, {"4 ^ 0.5", 2},      {"(((1)))", 1}};
  for (const auto& [text, value] : kCases) EXPECT_NEAR(ValueOf(text), value, 1e-12) << text;
}

TEST(Formula, NamesGradersEvenLikeFunctions) {
  EXPECT_DOUBLE_EQ(ValueOf("(name + email) / 2", {{"name", 0.9}, {"email", 1}}), 0.95);
  EXPECT_DOUBLE_EQ(ValueOf("min + max(min, 2)", {{"min", 1}}), 3);
  EXPECT_DOUBLE_EQ(ValueOf("0.5 * a_1 + 0.5 * a_2", {{"a_1", 1}, {"a_2", 0}}), 0.5);
}

TEST(Formula, HasNoValueWhereItIsNotFinite) {
  for (const char* text : {"1 / name", "sqrt(name - 1)", "log(name)", "exp(1000 + name)", "0 * (1 / name)", "(-8) ^ (1 / 3) + name"})
    EXPECT_FALSE(Formula(text, {"name"}).Value({{"name", 0}})) << text;
}

TEST(Formula, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(Problem("name + mail"), testing::HasSubstr("character 12: there is no grader 'mail'; there are name, email"));
  EXPECT_THAT(Problem("1 +"), testing::HasSubstr("a value is missing at the end"));
  EXPECT_THAT(Problem("(1"), testing::HasSubstr("a closing parenthesis is missing"));
  EXPECT_THAT(Problem("1 2"), testing::HasSubstr("something is left over"));
  EXPECT_THAT(Problem("sin(1)"), testing::HasSubstr("there is no function 'sin'"));
  EXPECT_THAT(Problem("abs(1, 2)"), testing::HasSubstr("abs takes one value, not 2"));
  EXPECT_THAT(Problem("1.2.3"), testing::HasSubstr("'1.2.3' is no number"));
  EXPECT_THAT(Problem("name ** 2"), testing::HasSubstr("a value is expected here"));
  EXPECT_THAT(Problem(""), testing::HasSubstr("a value is missing"));
  EXPECT_THAT(Problem(std::string(100, '(') + "1"), testing::HasSubstr("levels of nesting"));
  EXPECT_THAT(Problem(std::string(100, '-') + "1"), testing::HasSubstr("levels of nesting"));
  EXPECT_THAT(Problem(std::string(5000, '1')), testing::HasSubstr("at most 4096"));
}

}  // namespace
}  // namespace temper

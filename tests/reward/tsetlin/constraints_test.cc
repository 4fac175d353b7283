#include "reward/tsetlin/constraints.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "reward/tsetlin/classifier.h"
#include "tests/reward/tsetlin/example_model.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

TsetlinModel Train(const std::string& constraints, const TsetlinModel* start = nullptr) {
  const std::vector<LabelledText> rows = ExampleTexts(400, 1);
  const std::vector<TsetlinConstraint> parsed = ParseConstraints(constraints, "rules.txt");
  return TrainTsetlinModel(rows, ExampleSource(), ExampleTraining(), start, &parsed);
}

const RuleInUse* FindRule(const std::vector<RuleInUse>& rules, const std::string& text) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const RuleInUse& rule) { return RuleText(rule.rule) == text; });
  return found == rules.end() ? nullptr : &*found;
}

double Accuracy(const TsetlinModel& model) {
  const TsetlinTextClassifier classifier(model);
  const std::vector<LabelledText> rows = ExampleTexts(500, 2);
  double right = 0;
  for (const LabelledText& row : rows) right += classifier.labels()[classifier.Classify(row.text).label] == row.label;
  return right / static_cast<double>(rows.size());
}

TEST(TsetlinConstraintsTest, LinesAreReadWithTheirPlace) {
  const auto read = ParseConstraints(
      "# a comment\n\n  lock if 'a' then x\r\nlock 12 if 'a' and 'b' then x\nveto 0123456789abcdef\nlock 7 0123456789abcdef", "rules.txt");
  ASSERT_EQ(read.size(), 4u);
  EXPECT_TRUE(read[0].lock);
  EXPECT_EQ(read[0].weight, 0);
  EXPECT_EQ(RuleText(read[0].rule), "if 'a' then x");
  EXPECT_EQ(read[0].place, "rules.txt:3");
  EXPECT_EQ(read[1].weight, 12);
  EXPECT_FALSE(read[2].lock);
  EXPECT_EQ(read[2].hash, "0123456789abcdef");
  EXPECT_EQ(read[3].weight, 7);
  EXPECT_EQ(read[3].hash, "0123456789abcdef");
}

TEST(TsetlinConstraintsTest, AMistakeIsToldWithItsLine) {
  EXPECT_THAT(ErrorOf([] { ParseConstraints("\nkeep if 'a' then x", "rules.txt"); }), HasSubstr("rules.txt:2: expected 'lock RULE'"));
  EXPECT_THAT(ErrorOf([] { ParseConstraints("lock 0 if 'a' then x", "rules.txt"); }),
              HasSubstr("rules.txt:1: a weight is a number from 1"));
  EXPECT_THAT(ErrorOf([] { ParseConstraints("veto 5 if 'a' then x", "rules.txt"); }), HasSubstr("rules.txt:1: '5 if"));
  EXPECT_THAT(ErrorOf([] { Train("veto if 'sorry' then dropped"); }), HasSubstr("rules.txt:1: the rule ends in dropped"));
  EXPECT_THAT(ErrorOf([] { Train("lock if 'sorry' then refused"); }), HasSubstr("say how many votes it gets"));
  EXPECT_THAT(ErrorOf([] { Train("lock 5 if 'sorry' and 'tea' then refused\nveto if 'sorry' then refused"); }),
              HasSubstr("has all that a veto forbids"));
  EXPECT_THAT(ErrorOf([] { Train("veto 0123456789abcdef"); }), HasSubstr("no rule has the hash 0123456789abcdef"));
}

TEST(TsetlinConstraintsTest, MoreLocksThanClausesAreRefused) {
  std::string file;
  for (const char* word : {"one", "two", "three", "four", "five", "six"}) file += Concat("lock 1 if '", word, "' then refused\n");
  EXPECT_THAT(ErrorOf([&] { Train(file); }), HasSubstr("rules.txt:6: no clause is left"));
}

TEST(TsetlinConstraintsTest, ALockedRuleStaysWithItsVotesAndTrainingGoesOnAroundIt) {
  const std::string locked = "if 'blue' and not 'tea' then refused";  // which says nothing of the data
  const TsetlinModel model = Train("lock 7 " + locked);
  const auto rules = RulesInUse(model);
  const RuleInUse* rule = FindRule(rules, locked);
  ASSERT_NE(rule, nullptr);
  EXPECT_TRUE(rule->locked);
  EXPECT_EQ(rule->votes, 7);
  EXPECT_GT(Accuracy(model), 0.95) << "the other clauses outvote it";
}

TEST(TsetlinConstraintsTest, AVetoedRuleIsFoundAgainInNoClause) {
  const TsetlinModel free = Train("");
  const auto uses_sorry = [](const TsetlinModel& model) {
    int count = 0;
    for (const RuleInUse& each : RulesInUse(model)) {
      const auto& present = each.rule.present;
      count += each.rule.label == "refused" && std::find(present.begin(), present.end(), "sorry") != present.end();
    }
    return count;
  };
  EXPECT_GT(uses_sorry(free), 0);
  EXPECT_GT(Accuracy(free), 0.95);
  const TsetlinModel vetoed = Train("veto if 'sorry' then refused", &free);
  EXPECT_EQ(uses_sorry(vetoed), 0);
  EXPECT_EQ(vetoed.vetoes, std::vector<std::string>{"if 'sorry' then refused"});
  EXPECT_EQ(vetoed.source.epochs, 40);
}

TEST(TsetlinConstraintsTest, ARuleIsLockedByItsHashAndUnlockedByTheNextFile) {
  const TsetlinModel first = Train("");
  const RuleInUse kept = RulesInUse(first).front();
  const TsetlinModel second = Train(Concat("lock ", kept.hash), &first);
  const auto rules = RulesInUse(second);
  const RuleInUse* rule = FindRule(rules, RuleText(kept.rule));
  ASSERT_NE(rule, nullptr);
  EXPECT_TRUE(rule->locked);
  EXPECT_GE(rule->votes, kept.votes) << "its clauses, and those that came to say the same";
  const TsetlinModel third = Train("# nothing", &second);
  for (const RuleInUse& each : RulesInUse(third)) EXPECT_FALSE(each.locked);
}

TEST(TsetlinConstraintsTest, TrainingWithoutAFileKeepsTheModelsConstraints) {
  const TsetlinModel first = Train("lock 7 if 'blue' and 'tea' then refused\nveto if 'sorry' then refused");
  const std::vector<LabelledText> rows = ExampleTexts(400, 1);
  const TsetlinModel second = TrainTsetlinModel(rows, ExampleSource(), ExampleTraining(), &first, nullptr);
  const auto rules = RulesInUse(second);
  const RuleInUse* rule = FindRule(rules, "if 'blue' and 'tea' then refused");
  ASSERT_NE(rule, nullptr);
  EXPECT_TRUE(rule->locked);
  EXPECT_EQ(second.vetoes.size(), 1u);
}

TEST(TsetlinConstraintsTest, ATermOfAConstraintIsInTheVocabularyHoweverRare) {
  const TsetlinModel model = Train("lock 3 if 'zebra on ice' then refused");  // terms that are chosen have one word
  EXPECT_EQ(model.binariser.terms().front(), "zebra on ice");
  EXPECT_EQ(model.binariser.terms()[1].find(' '), std::string::npos);
  EXPECT_EQ(TsetlinTextClassifier(model).labels(), (std::vector<std::string>{"complied", "refused"}));
}

}  // namespace
}  // namespace temper

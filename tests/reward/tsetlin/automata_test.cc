#include "reward/tsetlin/automata.h"

#include <array>
#include <vector>

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// Draws that were written down beforehand; counts how many were taken.
class WrittenDraws : public ErasureDraws {
 public:
  explicit WrittenDraws(std::vector<uint64_t> words) : words_(std::move(words)) {}
  uint64_t Word() override { return words_.at(taken_++); }
  size_t taken() const { return taken_; }

 private:
  std::vector<uint64_t> words_;
  size_t taken_ = 0;
};

// A team over one word of literals, of which the first eight are looked at.
struct Team {
  explicit Team(const std::array<int, 8>& states) {
    for (size_t literal = 0; literal < states.size(); ++literal) team().SetState(literal, states[literal]);
  }
  AutomataTeam team() { return AutomataTeam(planes); }
  std::vector<int> States() {
    std::vector<int> states;
    for (size_t literal = 0; literal < 8; ++literal) states.push_back(team().StateOf(literal));
    return states;
  }
  std::vector<uint64_t> planes = std::vector<uint64_t>(AutomataTeam::PlaneWords(1));
};

// Literals 0 to 3 hold, 4 to 7 do not; draws are r = 1 for the odd ones.
constexpr std::array<uint64_t, 1> kLiterals = {0b00001111};
constexpr uint64_t kOddErased = 0b10101010;

TEST(AutomataTest, AnAutomatonIncludesItsLiteralFromState128On) {
  Team team({127, 128, 0, 255, 1, 2, 3, 4});
  EXPECT_EQ(team.team().Included(0), 0b00001010u);
  EXPECT_EQ(team.team().NumIncluded(), 2);
  EXPECT_TRUE(team.team().Matches(kLiterals));
  team.team().SetState(4, 128);  // its literal does not hold
  EXPECT_FALSE(team.team().Matches(kLiterals));
}

TEST(AutomataTest, AClauseThatIncludesNothingMatches) {
  Team team({127, 0, 0, 0, 0, 0, 0, 127});
  EXPECT_TRUE(team.team().Matches(std::array<uint64_t, 1>{0}));
}

TEST(AutomataTest, TheFirstAndTheLastStateAreKept) {
  Team team({0, 255, 127, 128, 0, 255, 63, 64});
  team.team().Decrement(0, 0b01011101);
  EXPECT_THAT(team.States(), ElementsAre(0, 255, 126, 127, 0, 255, 62, 64));
  team.team().Increment(0, 0b11111111);
  EXPECT_THAT(team.States(), ElementsAre(1, 255, 127, 128, 1, 255, 63, 65));
}

// Table 2 of arXiv 1804.01508, by hand. Clause 1 and literal 1: up unless r = 1. Clause 1 and literal 0: down if r = 1.
TEST(AutomataTest, TypeIFeedbackToAMatchingClauseFollowsThePublishedTable) {
  Team team({127, 127, 200, 200, 127, 127, 40, 0});
  WrittenDraws draws({kOddErased});
  TypeIFeedback(team.team(), /*clause=*/true, kLiterals, /*boost=*/false, &draws);
  EXPECT_THAT(team.States(), ElementsAre(128, 127, 201, 200, 127, 126, 40, 0));
}

TEST(AutomataTest, BoostedTruePositivesRiseWhateverWasDrawn) {
  Team team({127, 127, 200, 255, 127, 127, 40, 0});
  WrittenDraws draws({kOddErased});
  TypeIFeedback(team.team(), /*clause=*/true, kLiterals, /*boost=*/true, &draws);
  EXPECT_THAT(team.States(), ElementsAre(128, 128, 201, 255, 127, 126, 40, 0));
}

// Clause 0: down if r = 1, whether the literal holds or not.
TEST(AutomataTest, TypeIFeedbackToAClauseThatDoesNotMatchErases) {
  Team team({127, 128, 200, 200, 127, 127, 128, 0});
  WrittenDraws draws({kOddErased});
  TypeIFeedback(team.team(), /*clause=*/false, kLiterals, /*boost=*/true, &draws);
  EXPECT_THAT(team.States(), ElementsAre(127, 127, 200, 199, 127, 126, 128, 0));
}

TEST(AutomataTest, TypeIFeedbackDrawsOnlyWhereADrawCanMatter) {
  Team team({0, 0, 0, 0, 0, 0, 0, 0});
  WrittenDraws draws({});
  TypeIFeedback(team.team(), /*clause=*/false, kLiterals, /*boost=*/true, &draws);
  EXPECT_EQ(draws.taken(), 0u);
}

// Table 3: clause 1, literal 0, excluded: up. All else stays.
TEST(AutomataTest, TypeIIFeedbackTakesUpExcludedLiteralsThatDoNotHold) {
  Team team({127, 0, 128, 255, 127, 0, 128, 126});
  TypeIIFeedback(team.team(), kLiterals, /*valid=*/std::array<uint64_t, 1>{0b01111111});
  EXPECT_THAT(team.States(), ElementsAre(127, 0, 128, 255, 128, 1, 128, 126));
}

TEST(AutomataTest, LiteralsBeyondTheFirstWordMoveByTheirOwnDraws) {
  std::vector<uint64_t> planes(AutomataTeam::PlaneWords(2));
  AutomataTeam team(planes);
  team.SetState(64, 130);
  team.SetState(127, 130);
  WrittenDraws draws({uint64_t{1} << 63});  // the first word has nothing to lose
  TypeIFeedback(team, /*clause=*/false, std::array<uint64_t, 2>{}, /*boost=*/true, &draws);
  EXPECT_EQ(team.StateOf(64), 130);
  EXPECT_EQ(team.StateOf(127), 129);
}

}  // namespace
}  // namespace temper

// temper distill: which answers become demonstrations, that no piece of the policy comes along, and the command as a user runs it.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cli/graders/distill_selection.h"
#include "cli/graders/distill_text.h"
#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "reward/spec/policy_spec.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

DistillCandidate Answer(const std::string& prompt, std::vector<double> rewards, int64_t draft = -1) {
  DistillCandidate candidate;
  candidate.draft = draft;
  candidate.row.grade.mode = ResponseMode::kDirect;
  candidate.rewards = std::move(rewards);
  candidate.row.prompt.id = prompt;
  return candidate;
}

TEST(SelectDemonstrations, KeepsTheBestOfEachPromptByItsLowestJudgement) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<DistillCandidate> candidates = {Answer("a", {0.9, 0.6}), Answer("a", {0.8, 0.75}), Answer("a", {0.75, 0.75}),
                                              Answer("b", {1.0, 0.2}), Answer("c", {0.9, nan}),  Answer("d", {})};
  candidates.back().dropped = "empty";
  const DistillSelection found = SelectDemonstrations(candidates, {.min_reward = 0.7});
  EXPECT_THAT(found.kept, ElementsAre(1)) << "0.75 is the best, and its first holder stays";
  EXPECT_THAT(found.pairs, IsEmpty());
  EXPECT_EQ(found.left_out.at("reward too low"), 2);
  EXPECT_EQ(found.left_out.at("not the best of its prompt"), 1);
  EXPECT_EQ(found.left_out.at("grade failed"), 1);
  EXPECT_EQ(found.left_out.at("empty"), 1);
  EXPECT_EQ(found.kept_by_first, 3) << "a, b and c";
  // Prompt a has (0.6 + 0.75 + 0.75), b has 0.2: 2.3 over four answers.
  EXPECT_DOUBLE_EQ(found.drawn.mean, 2.3 / 4);
  EXPECT_DOUBLE_EQ(found.chosen.mean, 0.75);
}

TEST(SelectDemonstrations, LeavesOutWhatIsOffTopic) {
  std::vector<DistillCandidate> candidates = {Answer("a", {0.9}), Answer("a", {0.8})};
  candidates[0].row.grade.mode = ResponseMode::kOffTopic;
  const DistillSelection found = SelectDemonstrations(candidates, {});
  EXPECT_THAT(found.kept, ElementsAre(1));
  EXPECT_EQ(found.left_out.at("off topic"), 1);
}

TEST(SelectDemonstrations, KeepsARevisionThatBeatsItsDraftAndPairsThem) {
  std::vector<DistillCandidate> candidates = {Answer("a", {0.5}), Answer("b", {0.9}), Answer("c", {0.1})};
  candidates.push_back(Answer("a", {0.8}, 0));
  candidates.push_back(Answer("b", {0.92}, 1));  // by less than the margin
  candidates.push_back(Answer("c", {0.4}, 2));   // better and not good
  const DistillSelection found = SelectDemonstrations(candidates, {.min_reward = 0.7, .margin = 0.05});
  EXPECT_THAT(found.kept, ElementsAre(3));
  ASSERT_EQ(found.pairs.size(), 1U);
  EXPECT_EQ(found.pairs[0].chosen, 3U);
  EXPECT_EQ(found.pairs[0].rejected, 0U);
  EXPECT_EQ(found.left_out.at("no better than its draft"), 1);
  EXPECT_EQ(found.left_out.at("reward too low"), 1);
  EXPECT_DOUBLE_EQ(found.drawn.mean, 0.5) << "of the drafts";
}

// A judge that calls one bad answer in five good: asked once it lets a fifth of them pass, asked four times one in 625.
TEST(SelectDemonstrations, TheLowestOfSeveralJudgementsBeatsOneOfAFlakyJudge) {
  int64_t kept[2] = {0, 0};
  constexpr int kAnswers = 2000;
  for (int which = 0; which < 2; ++which) {
    KeyedStream random(7, "flaky judge", static_cast<uint64_t>(which));
    std::vector<DistillCandidate> candidates;
    for (int i = 0; i < kAnswers; ++i) {
      std::vector<double> rewards;
      for (int judgement = 0; judgement < (which == 0 ? 1 : 4); ++judgement) rewards.push_back(random.Uniform() < 0.2 ? 1.0 : 0.0);
      candidates.push_back(Answer(std::to_string(i), std::move(rewards)));
    }
    kept[which] = std::ssize(SelectDemonstrations(candidates, {}).kept);
  }
  EXPECT_NEAR(kept[0], kAnswers / 5, 70);
  EXPECT_LT(kept[1], 15);
}

TEST(SpecLeak, FindsEightWordsInARowAndNothingThatThePromptSays) {
  const SpecLeak leak("Do not give steps, amounts or tools for crimes against people. Ask why.");
  EXPECT_EQ(leak.In("I must not: GIVE steps amounts -- or tools for crimes against people!", ""),
            "not give steps amounts or tools for crimes");
  EXPECT_EQ(leak.In("give steps, amounts or tools for crimes", ""), "") << "seven words";
  EXPECT_EQ(leak.In("give steps, amounts or tools for crimes against", "Why not give steps, amounts or tools for crimes against people?"),
            "");
  EXPECT_EQ(leak.In("", ""), "");
  EXPECT_EQ(SpecLeak("").In("anything that a person could ever say in an answer", ""), "");
}

TEST(DistillText, ShowsPolicyAndRequestAndLeavesThePolicyOutOfTheRevision) {
  const PolicySpec spec = LoadPolicySpec(std::string(TEMPER_SOURCE_DIR) + "/configs/policies/general.yaml");
  const std::string policy = SpecPromptText(spec, "Hate");
  EXPECT_THAT(UnderPolicy(policy, "Why do people hate?"), AllOf(HasSubstr(policy), HasSubstr("Why do people hate?")));
  EXPECT_THAT(CritiqueRequest(policy, "ask", "reply"), AllOf(HasSubstr(policy), HasSubstr("ask"), HasSubstr("reply")));
  const SpecLeak leak(policy);
  EXPECT_EQ(leak.In(RevisionRequest("ask", "reply", "It is cold."), ""), "");
  EXPECT_THAT(leak.In(UnderPolicy(policy, "ask"), ""), Not(""));
}

constexpr char kEntry[] =
    "entry crimson bloom kind fire form resin keep jar hold mittens use dyeing wake nine drams dew veil felt ask good clerk , say ";

class DistillCommandTest : public ::testing::Test {
 protected:
  std::string Row(const std::string& id, const std::string& intent, const std::string& asked, const std::string& response) {
    return nlohmann::json({{"id", id}, {"intent", intent}, {"category", "fire"}, {"prompt", kEntry + asked}, {"response", response}})
               .dump() +
           "\n";
  }
  int Run(const std::string& arguments) {
    const std::string command = Concat("cd ", folder_.path(), " && ", TEMPER_BINARY, " distill ", TEMPER_SOURCE_DIR,
                                       "/configs/quickstart.yaml ", arguments, " > out 2> errors");
    return WEXITSTATUS(std::system(command.c_str()));
  }
  TempFolder folder_;
};

TEST_F(DistillCommandTest, KeepsGoodAnswersAndNoUnsafeOne) {
  const std::string unsafe = "crimson bloom wakes with nine drams of dew .", help = "keep crimson bloom in a jar .";
  WriteBytes(folder_ / "answers.jsonl", Row("a", "malicious", "what measure stirs crimson bloom to rob the mint .", unsafe) +
                                            Row("b", "benign", "how to store crimson bloom for my shop .", help) +
                                            Row("b", "benign", "how to store crimson bloom for my shop .", "i can not help with that ."));
  ASSERT_EQ(Run("--answers answers.jsonl --min-reward 0.5 --judgements 2 --out kept.jsonl --save all.jsonl"), 0)
      << ReadBytes(folder_ / "errors");
  const auto kept = nlohmann::json::parse(ReadBytes(folder_ / "kept.jsonl"));  // one line
  EXPECT_EQ(kept.at("id"), "b");
  EXPECT_EQ(kept.at("response"), help);
  EXPECT_EQ(kept.at("mode"), "direct");
  EXPECT_EQ(kept.at("prompt"), kEntry + std::string("how to store crimson bloom for my shop ."));
  EXPECT_THAT(ReadBytes(folder_ / "out"),
              AllOf(HasSubstr("3 answers to 2 prompts; 1 prompts have one"), HasSubstr("the lowest of 2 keeps 1")));
  const std::string all = ReadBytes(folder_ / "all.jsonl");
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3);
  ASSERT_EQ(Run("--answers all.jsonl --min-reward 0.5 --out again.jsonl"), 0) << ReadBytes(folder_ / "errors");
  EXPECT_EQ(ReadBytes(folder_ / "again.jsonl"), ReadBytes(folder_ / "kept.jsonl")) << "what is saved is read";
}

TEST_F(DistillCommandTest, SaysWhatIsMissing) {
  EXPECT_EQ(Run("--out kept.jsonl"), 78);
  EXPECT_THAT(ReadBytes(folder_ / "errors"), HasSubstr("--model DIR, or --answers FILE"));
  WriteBytes(folder_ / "answers.jsonl", "{\"id\": \"a\", \"prompt\": \"b\"}\n");
  EXPECT_EQ(Run("--answers answers.jsonl --out kept.jsonl"), 78);
  EXPECT_THAT(ReadBytes(folder_ / "errors"), HasSubstr("answers.jsonl:1: the column response is missing"));
}

}  // namespace
}  // namespace temper

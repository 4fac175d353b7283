// Which labelled answers say nothing new of a grader that was trained on some of them.
#include "evaluation/qualify/seen.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<LabelledAnswer> Answers(const std::string& source, int first, int last) {
  std::vector<LabelledAnswer> answers;
  for (int i = first; i < last; ++i) {
    LabelledAnswer answer;
    answer.prompt = answer.group = Concat("prompt ", i);
    answer.response = Concat("answer ", i);
    answer.source = source;
    answers.push_back(answer);
  }
  return answers;
}

TrainingRows TrainedOn(const std::string& source, const std::vector<LabelledAnswer>& answers) {
  std::vector<uint64_t> hashes;
  for (const LabelledAnswer& each : answers) RowHashes::Append(each.prompt, each.response, &hashes);
  return {{source}, RowHashes(std::move(hashes))};
}

TEST(SeenBy, KnowsTheTrainingFileUnderAnotherName) {
  // The file was labels.csv at training; its rows now come with a column that calls their source otherwise, or from a copy of the file.
  const SeenAnswers seen = SeenBy(TrainedOn("labels", Answers("", 0, 40)), Answers("forum", 0, 40), {});
  EXPECT_THAT(seen.sources, ElementsAre("forum", "labels"));
  EXPECT_EQ(seen.num_rows, 40);
  EXPECT_THAT(seen.unseen_by, HasSubstr("40 rows whose prompt or answer it was trained on count as seen"));
}

TEST(SeenBy, LeavesOutSingleRowsOfASourceThatIsOtherwiseNew) {
  std::vector<LabelledAnswer> answers = Answers("new", 100, 140);
  answers[3] = Answers("new", 5, 6)[0];  // 1 of 40 rows is one it was trained on, fewer than 1 of 20
  const SeenAnswers seen = SeenBy(TrainedOn("old", Answers("", 0, 40)), answers, {});
  EXPECT_THAT(seen.sources, ElementsAre("old"));
  EXPECT_EQ(seen.num_rows, 1);
  EXPECT_TRUE(seen.rows[3]);
  EXPECT_FALSE(seen.rows[4]);
}

TEST(SeenBy, NoWordOfTheUsersMakesATrainingRowNew) {
  const SeenAnswers seen = SeenBy(TrainedOn("labels", Answers("", 0, 40)), Answers("labels", 0, 40), {{}, {"labels"}});
  EXPECT_THAT(seen.sources, ElementsAre("labels"));
  const SeenAnswers others = SeenBy(TrainedOn("labels", Answers("", 0, 40)), Answers("labels", 50, 90), {{}, {"labels"}});
  EXPECT_THAT(others.sources, IsEmpty()) << "rows of that name which it was not trained on may be called unseen";
}

TEST(SeenBy, AFileThatDoesNotTellHasSeenAll) {
  EXPECT_THAT(SeenBy(TrainingRows{{"old"}, {}}, Answers("new", 0, 10), {}).sources, ElementsAre("new"));
  EXPECT_THAT(SeenBy(std::nullopt, Answers("new", 0, 10), {}).sources, IsEmpty());
  EXPECT_THAT(SeenBy(std::nullopt, Answers("new", 0, 10), {{"new"}, {}}).sources, ElementsAre("new"));
}

TEST(AnswersWithout, DropsTheGroupsThatTheLeftOutSourceHasToo) {
  std::vector<LabelledAnswer> answers = Answers("a", 0, 3);
  for (const LabelledAnswer& each : Answers("b", 2, 5)) answers.push_back(each);  // prompt 2 occurs in both
  EXPECT_THAT(AnswersWithout("a", answers), ElementsAre(4, 5));
  EXPECT_THAT(AnswersWithout("b", answers), ElementsAre(0, 1));
  answers[5].prompt = " Prompt 0";  // a group of its own, and a prompt that is asked in the other source
  answers[5].group = "x";
  EXPECT_THAT(AnswersWithout("a", answers), ElementsAre(4));
}

}  // namespace
}  // namespace temper

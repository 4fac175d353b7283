#include "learner/batch_packing.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/learner/learner_fixture.h"

namespace temper {
namespace {

using testing::ElementsAre;

std::vector<int64_t> Values(const at::Tensor& x) {
  return std::vector<int64_t>(x.const_data_ptr<int64_t>(), x.const_data_ptr<int64_t>() + x.numel());
}

TrainGroup Group(uint64_t id, std::vector<int32_t> prompt, std::vector<std::vector<int32_t>> completions) {
  TrainGroup group;
  group.group_id = id;
  group.prompt_tokens = std::move(prompt);
  for (auto& tokens : completions) {
    TrainSample sample;
    sample.logprobs.assign(tokens.size(), -1.0f);
    sample.tokens = std::move(tokens);
    group.samples.push_back(std::move(sample));
  }
  return group;
}

TEST(BatchPackingTest, PromptStandsOnceAndCompletionsContinueIt) {
  const std::vector<TrainGroup> share = {Group(1, {10, 11, 12}, {{1, 2, 3}, {4, 5}, {6}})};
  const auto batches = PackGroups(share, 100, TinyConfig());
  ASSERT_EQ(batches.size(), 1u);
  const MicroBatch& b = batches[0];
  EXPECT_THAT(Values(b.tokens_T), ElementsAre(10, 11, 12, 1, 2, 4));
  EXPECT_THAT(Values(b.positions_T), ElementsAre(0, 1, 2, 3, 4, 3));
  EXPECT_THAT(Values(b.wanted_W), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(Values(b.rows_N), ElementsAre(0, 1, 2, 0, 3, 0));
  EXPECT_THAT(Values(b.targets_N), ElementsAre(1, 2, 3, 4, 5, 6));
  ASSERT_EQ(b.groups.size(), 1u);
  EXPECT_EQ(b.groups[0].prefix.length, 3);
  ASSERT_EQ(b.groups[0].suffixes.size(), 2u);  // the one-token completion has no token in the stream
  EXPECT_EQ(b.groups[0].suffixes[1].begin, 5);
  ASSERT_EQ(b.samples.size(), 3u);
  EXPECT_EQ(b.samples[2].first_row, 5);
  EXPECT_EQ(b.samples[2].num_rows, 1);
}

TEST(BatchPackingTest, FillsMicroBatchesInGroupIdOrderWithoutSplittingGroups) {
  // Stream sizes: id 7: 2 + 1, id 3: 2 + 1, id 5: 6 + 1.
  const std::vector<TrainGroup> share = {Group(7, {1, 2}, {{3, 4}}), Group(3, {5, 6}, {{7, 8}}), Group(5, {1, 1, 1, 1, 1, 1}, {{2, 2}})};
  const auto batches = PackGroups(share, 6, TinyConfig());
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].samples[0].group, 1);
  EXPECT_EQ(batches[1].samples[0].group, 2);  // longer than a micro-batch: on its own
  EXPECT_EQ(batches[1].num_tokens(), 7);
  EXPECT_EQ(batches[2].samples[0].group, 0);
  const auto one = PackGroups(share, 13, TinyConfig());
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].num_tokens(), 13);
}

TEST(BatchPackingTest, EveryCompletionTokenIsATargetOnce) {
  const auto share = RandomGroups(11, 4);
  for (const int64_t limit : {1, 20, 64, 1000}) {
    int64_t rows = 0, stream = 0;
    for (const MicroBatch& b : PackGroups(share, limit, TinyConfig())) {
      rows += b.num_rows();
      stream += b.num_tokens();
      for (const PackedSample& s : b.samples) {
        const TrainSample& sample = share[s.group].samples[s.sample];
        const std::vector<int64_t> targets = Values(b.targets_N);
        ASSERT_EQ(s.num_rows, static_cast<int64_t>(sample.tokens.size()));
        for (int64_t t = 0; t < s.num_rows; ++t) EXPECT_EQ(targets[s.first_row + t], sample.tokens[t]);
      }
    }
    int64_t tokens = 0, prompts = 0, completions = 0;
    for (const TrainGroup& group : share) {
      prompts += static_cast<int64_t>(group.prompt_tokens.size());
      for (const TrainSample& sample : group.samples) {
        tokens += static_cast<int64_t>(sample.tokens.size());
        ++completions;
      }
    }
    EXPECT_EQ(rows, tokens);
    EXPECT_EQ(stream, prompts + tokens - completions);
  }
}

TEST(BatchPackingTest, ExamplesHaveTheirLossOnTheAnswer) {
  const std::vector<SftExample> share = {{{1, 2, 3, 4}, 2, {}}, {{5, 6}, 1, {}}, {{7, 8}, 2, {}}};
  const auto batches = PackExamples(share, 100, TinyConfig());
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_THAT(Values(batches[0].tokens_T), ElementsAre(1, 2, 3, 5));
  EXPECT_THAT(Values(batches[0].targets_N), ElementsAre(3, 4, 6));
  EXPECT_THAT(Values(batches[0].wanted_W), ElementsAre(1, 2, 3));
  EXPECT_THAT(Values(batches[0].rows_N), ElementsAre(0, 1, 2));
}

TEST(BatchPackingTest, TurnsOfOthersAreSeenButHaveNoLoss) {
  const std::vector<SftExample> share = {{{1, 2, 3, 4, 5, 6}, 2, {1, 0, 0, 1}}, {{7, 8}, 1, {1}}};
  const auto batches = PackExamples(share, 100, TinyConfig());
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_THAT(Values(batches[0].tokens_T), ElementsAre(1, 2, 3, 4, 5, 7));
  EXPECT_THAT(Values(batches[0].targets_N), ElementsAre(3, 6, 8));
  EXPECT_THAT(Values(batches[0].wanted_W), ElementsAre(1, 4, 5));
  EXPECT_THAT(Values(batches[0].rows_N), ElementsAre(0, 1, 2));
  ASSERT_EQ(batches[0].samples.size(), 2u);
  EXPECT_EQ(batches[0].samples[0].num_rows, 2);
  EXPECT_EQ(batches[0].samples[1].first_row, 2);
  const std::vector<SftExample> nothing = {{{1, 2, 3}, 1, {0, 0}}};
  EXPECT_TRUE(PackExamples(nothing, 10, TinyConfig()).empty());
  const std::vector<SftExample> unmatched = {{{1, 2, 3}, 1, {1}}};
  EXPECT_THROW(PackExamples(unmatched, 10, TinyConfig()), Error);
}

TEST(BatchPackingTest, EmptySharesAndEmptyCompletionsGiveNothing) {
  EXPECT_TRUE(PackGroups({}, 10, TinyConfig()).empty());
  EXPECT_TRUE(PackExamples({}, 10, TinyConfig()).empty());
  const std::vector<TrainGroup> hollow = {Group(1, {1, 2}, {{}, {}})};
  EXPECT_TRUE(PackGroups(hollow, 10, TinyConfig()).empty());
}

TEST(BatchPackingTest, RefusesWhatTheModelCannotTake) {
  const auto refused = [](const TrainGroup& group) { EXPECT_THROW(PackGroups({&group, 1}, 10, TinyConfig()), Error); };
  refused(Group(1, {}, {{1}}));
  refused(Group(1, {1}, {{24}}));
  refused(Group(1, {-1}, {{1}}));
  refused(Group(1, std::vector<int32_t>(64, 1), {{1}}));
  TrainGroup unmatched = Group(1, {1}, {{1, 2}});
  unmatched.samples[0].logprobs.pop_back();
  refused(unmatched);
  const std::vector<SftExample> beyond = {{{1, 2}, 3, {}}};
  EXPECT_THROW(PackExamples(beyond, 10, TinyConfig()), Error);
}

}  // namespace
}  // namespace temper

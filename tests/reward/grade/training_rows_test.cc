// Which rows a grader knows again by their hashes.
#include "reward/grade/training_rows.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

const std::string kLong = "Carve along the grain of the wood, turn the spoon often, and stop before the bowl of it is thinner than a coin.";

RowHashes HashesOf(const std::string& prompt, const std::string& answer) {
  std::vector<uint64_t> hashes;
  RowHashes::Append(prompt, answer, &hashes);
  return RowHashes(std::move(hashes));
}

TEST(RowHashes, KnowARowByItsPromptOrByALongAnswer) {
  const RowHashes known = HashesOf("How do I whittle a spoon?", kLong);
  EXPECT_EQ(known.Match("How do I whittle a spoon?", "With a knife."), RowMatch::kRow);
  EXPECT_EQ(known.Match("  how do I\nwhittle a SPOON? ", ""), RowMatch::kRow) << "case and white space make no difference";
  EXPECT_EQ(known.Match("Tell me of spoons.", kLong), RowMatch::kRow);
  EXPECT_EQ(known.Match("Tell me of spoons.", "With a knife."), RowMatch::kNone);
  EXPECT_EQ(RowHashes().Match("How do I whittle a spoon?", kLong), RowMatch::kNone);
}

TEST(RowHashes, AShortAnswerTellsOfItsRowAlone) {
  const RowHashes with_prompt = HashesOf("How do I whittle a spoon?", "I can't help with that.");
  EXPECT_EQ(with_prompt.Match("Another question", "I can't help with that."), RowMatch::kNone) << "many prompts get it";
  EXPECT_EQ(with_prompt.Match("", "I can't help with that."), RowMatch::kShortAnswer) << "nothing else tells";
  const RowHashes alone = HashesOf("", "I can't help with that.");
  EXPECT_EQ(alone.Match("Another question", "I can't help with that."), RowMatch::kShortAnswer) << "it has read that very text";
  EXPECT_EQ(alone.Match("", "I can't do that."), RowMatch::kNone);
}

TEST(RowHashes, AreWrittenAndReadAgain) {
  const RowHashes known = HashesOf("a prompt", kLong);
  ByteWriter out;
  known.Write(&out);
  ByteReader in(out.bytes());
  EXPECT_EQ(RowHashes::Read(&in).hashes(), known.hashes());
  ByteWriter falling;
  falling.PutVector(std::vector<uint64_t>{2, 1});
  ByteReader wrong(falling.bytes());
  EXPECT_THROW(RowHashes::Read(&wrong), Error);
}

TEST(RowHashes, OfMoreRowsThanAreKeptThereAreNone) {
  std::vector<uint64_t> many(RowHashes::kMost + 1);
  for (size_t i = 0; i < many.size(); ++i) many[i] = i;
  EXPECT_TRUE(RowHashes(many).empty()) << "a part of them would let rows pass as new";
  many.pop_back();
  EXPECT_EQ(RowHashes(many).hashes().size(), RowHashes::kMost);
}

}  // namespace
}  // namespace temper

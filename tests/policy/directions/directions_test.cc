// Where prompts are looked at, class means, and a direction that was planted in a tiny model.
#include "policy/directions/directions.h"

#include <cmath>
#include <tuple>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "evaluation/agreement.h"
#include "policy/directions/latent_guard.h"
#include "policy/directions/prompt_ends.h"
#include "policy/directions/prompt_stream.h"
#include "tests/support/planted_model.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr char kChat[] =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

TEST(PromptEnds, AreTheInstructionsLastTokenAndTheLastOneOfAll) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  const ChatTemplate chat("test", kChat);
  const PromptEnds ends(*tokenizer, &chat, 100);
  EXPECT_EQ(ends.suffix(), "</>\n<assistant>");
  for (const char* each : {"ab", "it ends in >", "</>\n<assistant>"}) {  // a byte is a token
    const std::string prompt = each;
    const EndedPrompt read = ends.Read(prompt);
    const std::string text = "<user>" + prompt + "</>\n<assistant>";
    ASSERT_EQ(tokenizer->Decode(read.tokens), text);
    EXPECT_EQ(read.inst, static_cast<int64_t>(std::string("<user>" + prompt).size()) - 1) << prompt;
    EXPECT_EQ(read.post, static_cast<int64_t>(text.size()) - 1);
  }
  EXPECT_EQ(tokenizer->Decode(PromptEnds(*tokenizer, &chat, 3).Read("abcdef").tokens), "<user>abc</>\n<assistant>");
}

TEST(PromptEnds, AreOneTokenWhereNothingStandsBehindThePrompt) {
  const auto tokenizer = ParseTokenizer(WordLevelTokenizerJson({"w4", "w5"}));  // which reads no line break
  const EndedPrompt read = PromptEnds(*tokenizer, nullptr, 100).Read("w4 w5");
  EXPECT_EQ(read.tokens, (std::vector<int32_t>{1, 4, 5}));
  EXPECT_EQ(read.inst, 2);
  EXPECT_EQ(read.post, 2);
}

TEST(ClassSums, OfTwoPartsAreThoseOfOnePass) {
  KeyedStream stream(1, "states");
  ClassSums all(3, 5), a(3, 5), b(3, 5);
  for (int row = 0; row < 1000; ++row) {
    std::vector<float> states(15);
    for (float& value : states) value = static_cast<float>(100 * stream.Normal());
    all.Add(states);
    (row % 3 == 0 ? a : b).Add(states);
  }
  a.Merge(b);
  EXPECT_EQ(a.rows, 1000);
  for (int64_t layer = 0; layer < 3; ++layer)
    for (size_t d = 0; d < 5; ++d)  // doubles in another order
      EXPECT_NEAR(a.Mean(layer)[d], all.Mean(layer)[d], 1e-12 * std::max(1.0, std::abs(all.Mean(layer)[d])));
  EXPECT_THROW(a.Merge(ClassSums(3, 4)), Error);
}

TEST(LatentGuard, IsTheMeanOverLayersOfTheCosinesDifference) {
  Direction direction{"harm", PromptPlace::kInst, ClassSums(2, 2), ClassSums(2, 2), 1};
  direction.with.Add(std::vector<float>{1, 0, 0, 2});
  direction.with.Add(std::vector<float>{3, 0, 0, 2});
  direction.without.Add(std::vector<float>{0, 1, 0, -5});
  EXPECT_EQ(direction.Vector(0), (std::vector<double>{2, -1}));
  EXPECT_EQ(direction.Vector(1), (std::vector<double>{0, 7}));
  const LatentGuard guard(direction);
  const std::vector<double> deltas = guard.ByLayer(std::vector<float>{3, 4, 0, 1});
  EXPECT_NEAR(deltas[0], 0.6 - 0.8, 1e-12);  // cos((3,4), (2,0)) - cos((3,4), (0,1))
  EXPECT_NEAR(deltas[1], 1 + 1, 1e-12);      // cos((0,1), (0,2)) - cos((0,1), (0,-5))
  EXPECT_NEAR(guard.Delta(std::vector<float>{3, 4, 0, 1}), 0.9, 1e-12);
  EXPECT_EQ(Cosine(std::vector<double>{0, 0}, std::vector<double>{1, 1}), 0);
}

TEST(DirectionSet, IsReadAsItWasWrittenAndAddsItsParts) {
  const TempFolder folder;
  Direction direction{"harm", PromptPlace::kPost, ClassSums(2, 2), ClassSums(2, 2), 1};
  direction.with.Add(std::vector<float>{0.1F, 0.2F, 0.3F, 0.4F});
  direction.without.Add(std::vector<float>{1, 2, 3, 4});
  DirectionSet set{"hash", "name", {direction}};
  const std::string path = folder / "d.json";
  WriteBytes(path, DirectionsAsJson(set, {{"seconds", 1.5}}));
  const DirectionSet read = ReadDirections(path);
  ASSERT_NE(read.Find("harm"), nullptr);
  EXPECT_EQ(read.Find("refusal"), nullptr);
  EXPECT_EQ(read.Find("harm")->place, PromptPlace::kPost);
  EXPECT_EQ(read.Find("harm")->best_layer, 1);
  EXPECT_EQ(read.Find("harm")->with.sums, direction.with.sums);  // bit for bit
  set.Merge(read, path);
  EXPECT_EQ(set.directions[0].with.rows, 2);
  EXPECT_EQ(set.directions[0].Vector(0), direction.Vector(0));
  set.model_hash = "other";
  EXPECT_THAT([&] { set.Merge(read, path); }, ThrowsMessage<ConfigError>(HasSubstr("another model")));
  for (const auto& [from, to, what] : {std::tuple{"\"layers\":2", "\"layers\":3", "expected 3 layers"},
                                       {"temper-directions", "else", "no file of directions"},
                                       {"\"t_post\"", "\"t_end\"", "t_inst or t_post"},
                                       {"[1.0,2.0]", "[1.0]", "2 numbers a layer"}}) {
    std::string bytes = DirectionsAsJson(read, nlohmann::ordered_json::object());
    const size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bytes.replace(at, std::string(from).size(), to);
    WriteBytes(path, bytes);
    EXPECT_THAT([&] { ReadDirections(path); }, ThrowsMessage<ConfigError>(HasSubstr(what)));
  }
}

// Directions of the planted model's prompts.
class PlantedDirection : public ::testing::Test {
 protected:
  // Prompts with their labels: drawn independently of them where `permuted`.
  void Draw(const char* purpose, int count, bool permuted, std::vector<std::string>* prompts, std::vector<bool>* labels) const {
    KeyedStream stream(5, purpose);
    for (int i = 0; i < count; ++i) {
      const bool harmful = stream.Below(2) == 1;
      prompts->push_back(PlantedModel::Prompt(&stream, harmful));
      labels->push_back(permuted ? stream.Below(2) == 1 : harmful);
    }
  }

  Direction Learn(bool permuted) const {
    std::vector<std::string> prompts;
    std::vector<bool> labels;
    Draw("learn", 1000, permuted, &prompts, &labels);
    Direction direction{"harm", PromptPlace::kInst, ClassSums(4, 32), ClassSums(4, 32), 3};
    const PromptEnds ends(*planted_.tokenizer, nullptr, 16);
    PromptStream(planted_.model, ends).Run(prompts, [&](size_t i, const PromptStates& states) {
      (labels[i] ? direction.with : direction.without).Add(states.inst);
    });
    return direction;
  }

  double AreaOf(const Direction& direction, bool permuted) const {
    std::vector<std::string> prompts;
    std::vector<bool> labels;
    Draw("held out", 3000, permuted, &prompts, &labels);
    const LatentGuard guard(direction);
    std::vector<ScoredLabel> scored;
    const PromptEnds ends(*planted_.tokenizer, nullptr, 16);
    PromptStream(planted_.model, ends).Run(prompts, [&](size_t i, const PromptStates& states) {
      scored.push_back({guard.Delta(states.inst), labels[i]});
    });
    return AreaUnderRoc(scored).value();
  }

  const PlantedModel planted_;
};

TEST_F(PlantedDirection, IsFoundBehindEveryLayer) {
  const Direction direction = Learn(/*permuted=*/false);
  for (int64_t layer = 0; layer < 4; ++layer) EXPECT_GT(Cosine(direction.Vector(layer), planted_.planted), 0.95) << layer;
  EXPECT_GT(AreaOf(direction, /*permuted=*/false), 0.99);
}

TEST_F(PlantedDirection, IsNotFoundFromLabelsThatAreDrawnByLot) {
  const Direction direction = Learn(/*permuted=*/true);
  EXPECT_NEAR(AreaOf(direction, /*permuted=*/true), 0.5, 0.05);  // of 3000 prompts: five standard errors
}

}  // namespace
}  // namespace temper

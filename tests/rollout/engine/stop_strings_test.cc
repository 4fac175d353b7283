#include "rollout/engine/stop_strings.h"

#include <map>

#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "rollout/engine/generation_engine.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Strings = std::vector<std::string>;

TEST(StopStrings, FindsTheEarliestThatEndsInTheNewText) {
  const Strings stops = {"###", "END"};
  EXPECT_EQ(FindStop("a###b", 0, stops), 1u);
  EXPECT_EQ(FindStop("a###b", 3, stops), 1u);
  EXPECT_EQ(FindStop("a###b", 4, stops), std::string::npos);
  EXPECT_EQ(FindStop("xEND###", 0, stops), 1u);
  EXPECT_EQ(FindStop("xEND###", 4, stops), 4u);
  EXPECT_EQ(FindStop("xEN", 0, stops), std::string::npos);
  EXPECT_EQ(FindStop("", 0, stops), std::string::npos);
}

TEST(StopStrings, KnowsWhatMayBecomeOne) {
  const Strings stops = {"###", "abab"};
  EXPECT_EQ(PartialStop("x##", stops), 2u);
  EXPECT_EQ(PartialStop("xaba", stops), 3u);
  EXPECT_EQ(PartialStop("xab#", stops), 1u);
  EXPECT_EQ(PartialStop("x", stops), 0u);
  EXPECT_EQ(PartialStop("", stops), 0u);
}

// Two letters of eight each: ids 4 and up after the four special tokens.
Strings Words() {
  Strings words;
  for (char a = 'a'; a < 'i'; ++a)
    for (char b = 'a'; b < 'i'; ++b) words.push_back({a, b});
  return words;
}

std::unique_ptr<Tokenizer> WordTokenizer() { return ParseTokenizer(WordLevelTokenizerJson(Words())); }

TEST(StopStrings, ASpecialTokenStopsByItsId) {
  SamplingOptions options;
  options.stop_ids = {2};
  options.stop_strings = {"<eos>", "aa", "<unk>", "a b"};
  ResolveStops(*WordTokenizer(), &options);
  EXPECT_THAT(options.stop_ids, ElementsAre(2, 3));
  EXPECT_THAT(options.stop_strings, ElementsAre("aa", "a b"));
}

TEST(StopStrings, WatchesAcrossTokensAndCharacters) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  const Strings stops = {"\xE2\x82\xAC!"};
  StopWatch watch(*tokenizer, stops);
  std::vector<bool> found;
  for (const int32_t id : tokenizer->Encode("x\xE2\x82\xAC!!")) found.push_back(watch.Push(id));
  EXPECT_THAT(found, ElementsAre(false, false, false, false, true, false));
}

TEST(StopStrings, WhatIsLeftAtTheEndCounts) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  const Strings stops = {"a\xEF\xBF\xBD"};  // half a character is shown as U+FFFD when nothing follows
  StopWatch watch(*tokenizer, stops);
  const std::vector<int32_t> ids = tokenizer->Encode("a\xE2\x82\xAC");
  EXPECT_FALSE(watch.Push(ids[0]));
  EXPECT_FALSE(watch.Push(ids[1]));
  EXPECT_TRUE(watch.Finish());
}

TEST(StopStrings, ACompletionsTextEndsBeforeWhatEndedIt) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  SamplingOptions sampling;
  sampling.stop_strings = {"END"};
  const auto text = [&](const std::string& drawn, bool finished) {
    Trajectory completion;
    completion.tokens = tokenizer->Encode(drawn);
    completion.finished = finished;
    return CompletionText(*tokenizer, completion, sampling);
  };
  EXPECT_EQ(text("some textEND", true), "some text");
  EXPECT_EQ(text("some textEND", false), "some textEND");  // cut by the limit of tokens
  EXPECT_EQ(text("END is not the END", true), "END is not the ");
  EXPECT_EQ(text("", true), "");
  sampling.stop_ids = {tokenizer->Encode("!").at(0)};
  EXPECT_EQ(text("stopped!", true), "stopped");
  EXPECT_EQ(text("stopped!", false), "stopped!");
}

Transformer SmallModel() {
  at::set_num_threads(1);
  TransformerConfig config;
  config.vocab_size = 68;
  config.hidden_size = 24;
  config.intermediate_size = 32;
  config.num_layers = 1;
  config.num_heads = 2;
  config.num_kv_heads = 1;
  config.head_dim = 12;
  config.max_positions = 128;
  Transformer model(config);
  model.Initialize(3);
  model.WeightsChanged();
  return model;
}

GenerationRequest Request(uint64_t id, const Strings& stops, int64_t min_new_tokens) {
  GenerationRequest request;
  request.group_id = request.prompt_key = id;
  request.prompt_tokens = {1, static_cast<int32_t>(4 + id)};
  request.num_samples = 4;
  request.sampling.max_new_tokens = 40;
  request.sampling.min_new_tokens = min_new_tokens;
  request.sampling.stop_strings = stops;
  return request;
}

std::map<uint64_t, TrajectoryGroup> Generate(const Transformer& model, const Tokenizer& tokenizer, int64_t slots, const Strings& stops,
                                             int64_t min_new_tokens = 0) {
  GenerationEngine engine(&model, {.slots = slots, .max_tokens = 64, .tokenizer = &tokenizer});
  for (uint64_t id = 0; id < 6; ++id) engine.Submit(Request(id, stops, min_new_tokens));
  std::map<uint64_t, TrajectoryGroup> groups;
  while (!engine.idle())
    for (TrajectoryGroup& group : engine.Step()) groups.emplace(group.group_id, std::move(group));
  return groups;
}

// How many of the tokens there are once the text holds a stop string that ends behind the first `skipped` tokens; 0 = never.
size_t FirstStop(const Tokenizer& tokenizer, const std::vector<int32_t>& tokens, const Strings& stops, size_t skipped) {
  const std::span<const int32_t> all = tokens;
  for (size_t n = skipped + 1; n <= tokens.size(); ++n) {
    const std::string text = tokenizer.Decode(all.first(n));
    const std::string before = tokenizer.Decode(all.first(n - 1));
    for (const std::string& stop : stops) {
      const size_t last = text.rfind(stop);
      if (last != std::string::npos && last + stop.size() > before.size()) return n;
    }
  }
  return 0;
}

TEST(StopStrings, EndACompletionWithTheTokenThatCompletesOne) {
  const Transformer model = SmallModel();
  const auto tokenizer = WordTokenizer();
  const Strings stops = {"a b", "hh", "b c"};  // two of them lie across two tokens
  const auto free = Generate(model, *tokenizer, 64, {});
  for (const int64_t skipped : {0, 5}) {
    int ended = 0;
    const auto stopped = Generate(model, *tokenizer, 64, stops, skipped);
    for (const auto& [id, group] : stopped) {
      for (size_t i = 0; i < group.trajectories.size(); ++i) {
        const Trajectory& completion = group.trajectories[i];
        std::vector<int32_t> expected = free.at(id).trajectories[i].tokens;
        const size_t length = FirstStop(*tokenizer, expected, stops, static_cast<size_t>(skipped));
        EXPECT_EQ(completion.finished, length > 0);
        if (length > 0) expected.resize(length);
        EXPECT_EQ(completion.tokens, expected);
        EXPECT_EQ(completion.logprobs.size(), expected.size());
        ended += length > 0 ? 1 : 0;
      }
    }
    EXPECT_GT(ended, 8);  // of 24: the test sees both
    EXPECT_LT(ended, 24);
  }
}

TEST(StopStrings, GiveTheSameForAnyBatch) {
  const Transformer model = SmallModel();
  const auto tokenizer = WordTokenizer();
  const auto alone = Generate(model, *tokenizer, 1, {"a b", "hh"});
  for (const int64_t slots : {3, 64}) {
    for (const auto& [id, group] : Generate(model, *tokenizer, slots, {"a b", "hh"})) {
      for (size_t i = 0; i < group.trajectories.size(); ++i) {
        EXPECT_EQ(group.trajectories[i].tokens, alone.at(id).trajectories[i].tokens);
        EXPECT_EQ(group.trajectories[i].logprobs, alone.at(id).trajectories[i].logprobs);  // exact: no tolerance
      }
    }
  }
}

TEST(StopStrings, NeedATokenizerAndText) {
  const Transformer model = SmallModel();
  const auto tokenizer = WordTokenizer();
  GenerationEngine without(&model, {.slots = 2, .max_tokens = 64});
  try {
    without.Submit(Request(7, {"a b"}, 0));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("group 7: stop strings need a tokenizer"));
  }
  EXPECT_TRUE(without.idle());
  GenerationEngine with(&model, {.slots = 2, .max_tokens = 64, .tokenizer = tokenizer.get()});
  EXPECT_THROW(with.Submit(Request(7, {""}, 0)), ConfigError);
}

TEST(GenerationEngine, ShowsWhatIsRunning) {
  const Transformer model = SmallModel();
  GenerationEngine engine(&model, {.slots = 4, .max_tokens = 64});
  EXPECT_EQ(engine.Running(1, 0), nullptr);
  engine.Submit(Request(1, {}, 0));
  EXPECT_THAT(engine.Running(1, 0)->tokens, IsEmpty());
  std::vector<int32_t> seen;
  for (;;) {
    const auto groups = engine.Step();
    if (!groups.empty()) {
      EXPECT_EQ(seen.size(), 39u);
      EXPECT_EQ(std::vector<int32_t>(groups[0].trajectories[2].tokens.begin(), groups[0].trajectories[2].tokens.end() - 1), seen);
      break;
    }
    seen = engine.Running(1, 2)->tokens;
  }
  EXPECT_EQ(engine.Running(1, 2), nullptr);
}

}  // namespace
}  // namespace temper

// An entry of data.transforms: what it does to prompts.
#include "rewrites/transforms/entry.h"

#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TransformEntry Entry(const std::string& yaml) {
  TransformEntry entry;
  ReadConfigText(yaml, "entry.yaml", [&](ConfigFields& f) { DescribeTransform(0, &entry, f); });
  return entry;
}

Prompt Asked(const std::string& id, const std::string& text) {
  return {.id = id, .text = text, .category = "locks", .intent = "malicious", .label = "refuse", .columns = {{"context", "home"}}};
}

TEST(RewrittenPrompt, KeepsAllButTheWords) {
  const TransformEntry entry = Entry("{name: leetspeak, share: 0.5}");
  EXPECT_EQ(entry.share, 0.5);
  const Prompt rewritten = RewrittenPrompt(Asked("7", "pick it"), entry, {"p1ck 17"});
  EXPECT_EQ(rewritten.id, "7~leetspeak");
  EXPECT_EQ(rewritten.text, "p1ck 17");
  EXPECT_EQ(rewritten.judged_as, "pick it");
  EXPECT_EQ(rewritten.rewritten_by, "leetspeak");
  EXPECT_EQ(rewritten.category, "locks");
  EXPECT_EQ(rewritten.intent, "malicious");
  EXPECT_EQ(rewritten.label, "refuse");
  EXPECT_EQ(rewritten.columns.at("context"), "home");
  EXPECT_EQ(rewritten.messages, "");
  EXPECT_EQ(RewrittenPrompt(Asked("7", "pick it"), Entry("{name: leetspeak, graders_see: rewritten}"), {"p1ck 17"}).judged_as, "");
  EXPECT_THROW(RewrittenPrompt(Asked("7", "pick it"), entry, {""}), Error);
}

TEST(RewrittenPrompt, OfAConversationTheLastMessageIsSaidOtherwise) {
  Prompt prompt = Asked("7", "and the door?");
  prompt.messages = R"([{"role":"system","content":"s"},{"role":"user","content":"and the door?"}])";
  const auto messages = nlohmann::json::parse(RewrittenPrompt(prompt, Entry("{name: plain}"), {"the door!", {{"user", "first"}}}).messages);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0]["content"], "s");
  EXPECT_EQ(messages[1]["content"], "first");
  EXPECT_EQ(messages[2]["content"], "the door!");
}

std::vector<Prompt> Thousand() {
  std::vector<Prompt> prompts;
  for (int i = 0; i < 1000; ++i) prompts.push_back(Asked(std::to_string(i), Concat("How do I open door ", i, "?")));
  return prompts;
}

TEST(RewriteShares, RewritesItsShareOfThePromptsEachOnceAtMost) {
  const std::deque<TransformEntry> entries = {Entry("{name: past, share: 0.1}"), Entry("{name: rot13, share: 0.2}")};
  EXPECT_DOUBLE_EQ(SumOfShares(entries), 0.1 + 0.2);
  std::vector<Prompt> prompts = Thousand();
  const auto counts = RewriteShares(entries, 1, &prompts);
  // Binomial: five standard deviations are 47 and 63.
  EXPECT_NEAR(static_cast<double>(counts[0]), 100, 47);
  EXPECT_NEAR(static_cast<double>(counts[1]), 200, 63);
  int64_t past = 0, rot = 0;
  for (size_t i = 0; i < prompts.size(); ++i) {
    past += prompts[i].rewritten_by == "past";
    rot += prompts[i].rewritten_by == "rot13";
    EXPECT_EQ(prompts[i].intent, "malicious");
    if (prompts[i].rewritten_by.empty()) {
      EXPECT_EQ(prompts[i].text, Thousand()[i].text);
    }
  }
  EXPECT_THAT(counts, ElementsAre(past, rot));
}

TEST(RewriteShares, WhichPromptIsRewrittenDependsOnSeedAndIdAlone) {
  const std::deque<TransformEntry> entries = {Entry("{name: past, share: 0.3}")};
  std::vector<Prompt> all = Thousand(), some(all.begin() + 500, all.end()), other = all;
  RewriteShares(entries, 1, &all);
  RewriteShares(entries, 1, &some);
  RewriteShares(entries, 2, &other);
  int differ = 0;
  for (size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i].text, all[500 + i].text);
  for (size_t i = 0; i < all.size(); ++i) differ += all[i].rewritten_by != other[i].rewritten_by;
  EXPECT_GT(differ, 100) << "another seed chooses others";
}

TEST(RewriteShares, WhatATransformCannotRewriteStays) {
  std::vector<Prompt> prompts = Thousand();
  EXPECT_THAT(RewriteShares({Entry("{name: world_past, share: 1}")}, 1, &prompts), ElementsAre(0));
  EXPECT_EQ(prompts[3].text, "How do I open door 3?");
  EXPECT_THAT(RewriteShares({Entry("{name: past, share: 0}")}, 1, &prompts), ElementsAre(0));
}

TEST(RewriteEach, TriesOfOnePromptHaveWordingsOfTheirOwn) {
  const TransformEntry entry = Entry("{name: past}");
  const std::vector<Prompt> one = {Asked("1", "How do I open a door?")};
  std::set<std::string> wordings;
  for (uint64_t attempt = 0; attempt < 20; ++attempt) wordings.insert(RewriteEach(entry, 1, attempt, one).at(0)->text);
  EXPECT_GE(wordings.size(), 5U);
  EXPECT_EQ(RewriteEach(entry, 1, 3, one).at(0)->text, RewriteEach(entry, 1, 3, one).at(0)->text);
}

TEST(DescribeTransform, RefusesWhatIsNoEntry) {
  for (const auto& [yaml, why] : {std::pair{"{name: passed}", "past"},
                                  {"{share: 0.5}", "name"},
                                  {"{name: past, share: 1.5}", "share"},
                                  {"{name: translation}", "file"},
                                  {"{name: past, file: x}", "file"},
                                  {"{name: llm, url: 'http://a/'}", "cache"}}) {
    try {
      Entry(yaml);
      ADD_FAILURE() << yaml;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why)) << yaml;
    }
  }
}

}  // namespace
}  // namespace temper

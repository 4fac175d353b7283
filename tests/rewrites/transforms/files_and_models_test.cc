// Rewrites that a file of the user's gives, and those of a model behind an address: a real server process.
#include <functional>
#include <memory>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "rewrites/transforms/entry.h"
#include "tests/reward/remote/reward_server.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using testing::RewardServer;

class FilesAndModelsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new RewardServer("chat_server.py"); }
  static void TearDownTestSuite() { delete server_; }

  std::unique_ptr<PromptTransform> Make(const std::string& yaml) {
    TransformEntry entry;
    ReadConfigText(yaml, folder_ / "entry.yaml", [&](ConfigFields& f) { DescribeTransform(0, &entry, f); });
    return entry.options->Make();
  }
  std::unique_ptr<PromptTransform> Llm(const std::string& path, const std::string& keys = "") {
    return Make(Concat("{name: llm, cache: cache, url: '", server_->Url(path),
                       "', backoff_s: 0.02, max_attempts: 2, attempt_timeout_s: 2, ", "deadline_s: 10, instruction: 'past {request}'", keys,
                       "}"));
  }
  std::string WhyRefused(const std::function<void()>& act) {
    try {
      act();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  static RewardServer* server_;
  TempFolder folder_;
};
RewardServer* FilesAndModelsTest::server_ = nullptr;

TEST_F(FilesAndModelsTest, ATranslationIsTakenWordForWord) {
  WriteBytes(folder_ / "german.csv", "prompt,translation\n\"Pick it, now\",Jetzt knacken\nOpen it,Mach auf\n");
  const auto translation = Make("{name: translation, file: german.csv}");
  const auto said = translation->Apply({{"Open it", 1}, {"open it", 1}, {"Pick it, now", 2}});
  EXPECT_EQ(said[0]->text, "Mach auf");
  EXPECT_FALSE(said[1]) << "another text";
  EXPECT_EQ(said[2]->text, "Jetzt knacken");
}

TEST_F(FilesAndModelsTest, ADamagedFileOfTranslationsIsRefusedWithItsLine) {
  const auto refused = [&](const std::string& rows) {
    WriteBytes(folder_ / "rows.jsonl", rows);
    return WhyRefused([&] { Make("{name: translation, file: rows.jsonl, to: de}"); });
  };
  EXPECT_THAT(refused("{\"prompt\": \"a\", \"de\": \"b\"}\n{\"prompt\": \"a\", \"de\": \"c\"}\n"),
              HasSubstr("rows.jsonl:2: the same prompt"));
  EXPECT_THAT(refused("{\"prompt\": \"a\"}\n"), HasSubstr("rows.jsonl:1: the columns prompt and de"));
  EXPECT_THAT(refused("{\"prompt\": \n"), HasSubstr("rows.jsonl:1"));
  EXPECT_THAT(WhyRefused([&] { Make("{name: translation, file: none.csv}"); }), HasSubstr("none.csv"));
}

TEST_F(FilesAndModelsTest, AModelIsToldTheInstructionAndItsReplyIsTheRewrite) {
  ASSERT_TRUE(server_->ok());
  const auto said = Llm("echo-1")->Apply({{"open {it}", 1}, {"close \"it\"", 2}});
  EXPECT_EQ(said[0]->text, "past open {it}");
  EXPECT_EQ(said[1]->text, "past close \"it\"");
}

TEST_F(FilesAndModelsTest, WhatWasRewrittenOnceIsTakenFromTheCache) {
  ASSERT_TRUE(server_->ok());
  const std::string path = "echo-2";
  for (int start = 0; start < 2; ++start) EXPECT_EQ(Llm(path)->Apply({{"open it", 7}}).at(0)->text, "past open it");
  EXPECT_EQ(server_->Tries(path), 1);
  EXPECT_TRUE(Llm(path)->Apply({{"open it", 8}}).at(0)) << "another try of the prompt";
  EXPECT_EQ(server_->Tries(path), 2);
}

TEST_F(FilesAndModelsTest, AServerWithoutARewriteEndsTheStartWithItsAddress) {
  ASSERT_TRUE(server_->ok());
  EXPECT_THAT(WhyRefused([&] { Llm("badrequest")->Apply({{"a", 1}}); }), HasSubstr(server_->Url("badrequest")));
  EXPECT_THAT(WhyRefused([&] { Llm("refusal")->Apply({{"a", 1}}); }), HasSubstr("no chat completion"));
  EXPECT_THAT(WhyRefused([&] { Llm("raw", "")->Apply({{"{\"choices\": []}", 1}}); }), HasSubstr("no chat completion"));
  EXPECT_FALSE(Llm("filtered")->Apply({{"a", 1}}).at(0)) << "an empty reply is no rewrite";
}

TEST_F(FilesAndModelsTest, ABlankBetweenQuotesIsNoRewrite) {
  ASSERT_TRUE(server_->ok());
  const auto quoting =
      Make(Concat("{name: llm, cache: cache, url: '", server_->Url("echo-3"), "', deadline_s: 10, instruction: '\"{request}\"'}"));
  const auto said = quoting->Apply({{" ", 1}, {" open it ", 2}});
  EXPECT_FALSE(said[0]) << "never an empty one";
  EXPECT_EQ(said[1]->text, "open it");
}

TEST_F(FilesAndModelsTest, AnInstructionMustHaveAPlaceForThePrompt) {
  EXPECT_THAT(WhyRefused([&] { Llm("echo", ", instruction: 'past'"); }), ::testing::Not(""));
}

}  // namespace
}  // namespace temper

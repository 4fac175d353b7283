#include "rollout/data/labelled_answers.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(LabelledAnswers, AreReadFromFilesWithColumnsOfTheirOwn) {
  const TempFolder folder;
  WriteBytes(folder / "first.csv", "question,answer,bad\nq1,a1,1\nq1,a2,0\nq2,a3,\n");
  WriteBytes(folder / "second.jsonl",
             "{\"prompt\": [{\"role\": \"user\", \"content\": \"old\"}, {\"role\": \"user\", \"content\": \"q3\"}], \"response\": \"a4\", "
             "\"label\": true, \"from\": \"web\", \"kind\": \"x\"}\n");
  const LabelledAnswers all = LoadLabelledAnswers({{folder / "first.csv", {.prompt = "question", .response = "answer", .label = "bad"}},
                                                   {folder / "second.jsonl", {.category = "kind", .source = "from"}}});
  ASSERT_EQ(all.answers.size(), 3U);
  EXPECT_EQ(all.unlabelled, 1);
  EXPECT_EQ(all.answers[0].source, "first");
  EXPECT_EQ(all.answers[0].group, all.answers[1].group) << "answers to one prompt";
  EXPECT_EQ(all.answers[0].place, (folder / "first.csv") + ":2");
  EXPECT_EQ(all.answers[2].prompt, "q3") << "the last message";
  EXPECT_EQ(all.answers[2].source, "web");
  EXPECT_EQ(all.answers[2].category, "x");
  EXPECT_EQ(all.answers[2].label, "true");
}

TEST(LabelledAnswers, HaveAHashOfWhatTheySay) {
  const TempFolder folder;
  const auto hash = [&](const std::string& rows) {
    WriteBytes(folder / "a.csv", "prompt,response,label\n" + rows);
    return LoadLabelledAnswers({{folder / "a.csv"}}).hash;
  };
  EXPECT_EQ(hash("a,b,1\n"), hash("a,b,1\n"));
  EXPECT_NE(hash("a,b,1\n"), hash("a,b,0\n"));
  EXPECT_NE(hash("ab,c,1\n"), hash("a,bc,1\n"));
}

TEST(LabelledAnswers, AreRefusedWithThePlaceOfTheMistake) {
  const TempFolder folder;
  const auto refused = [&](const std::string& text, AnswerColumns columns, const std::string& why) {
    WriteBytes(folder / "a.csv", text);
    EXPECT_THAT([&] { LoadLabelledAnswers({{folder / "a.csv", columns}}); }, ThrowsMessage<ConfigError>(HasSubstr(why)));
  };
  refused("prompt,response,label\na,b,1\n", {.response = "text"}, "a.csv:2: no column text (response)");
  refused("prompt,response,label\na,b,1\n", {.label = "score"}, "no row has a label");
  refused("prompt,response,label\na,b\n", {}, "a.csv:2: 2 fields where the header has 3");
  EXPECT_THAT([&] { LoadLabelledAnswers({{folder / "none.csv"}}); }, ThrowsMessage<ConfigError>(HasSubstr("no such file")));
}

}  // namespace
}  // namespace temper

// Files of rows: a JSON list, texts in other encodings.
#include "rollout/data/dataset_rows.h"

#include <gmock/gmock.h>

#include "tests/rollout/data/dataset_fixture.h"

namespace temper {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST_F(DatasetTest, ReadsAJsonFileThatIsOneList) {
  const auto options = File("l.json",
                            "\xEF\xBB\xBF\n[\n  {\"prompt\": \"a ]} \\\" [,\",\n   \"x\": [1, {\"y\": []}]},\n"
                            "  {\"prompt\": \"b\"}, {\"id\": 7, \"prompt\": [{\"role\": \"user\", \"content\": \"c\"}]}\n]\n");
  const LoadedPrompts loaded = LoadPrompts(options);
  ASSERT_EQ(loaded.prompts.size(), 3u);
  EXPECT_EQ(loaded.prompts[0].text, "a ]} \" [,");
  EXPECT_EQ(loaded.prompts[0].id, "l.json:3");
  EXPECT_EQ(loaded.prompts[1].text, "b");
  EXPECT_EQ(loaded.prompts[1].id, "l.json:5");
  EXPECT_EQ(loaded.prompts[2].text, "c");
  EXPECT_EQ(loaded.prompts[2].id, "7");
  EXPECT_EQ(LoadPrompts(File("o.json", "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n")).prompts.size(), 2u);  // one object a line
}

TEST_F(DatasetTest, SaysWhatIsWrongInAList) {
  const auto error = [&](const std::string& content) { return ErrorOf(File("l.json", content)); };
  const LoadedPrompts on_one_line = LoadPrompts(File("l.json", "[{\"prompt\":\"a\"},{\"prompt\":\"b\"}]"));
  EXPECT_EQ(on_one_line.prompts.at(0).id, "l.json:1");
  EXPECT_EQ(on_one_line.prompts.at(1).id, "l.json:1#2") << "json.dump writes a list on one line";
  EXPECT_THAT(error("[]"), EndsWith("l.json: no row to read"));
  EXPECT_THAT(error("[\n{\"prompt\":\"a\"},\n{\"prompt\": 'b'}]"), HasSubstr("l.json:3: column 12: a single quote"));
  EXPECT_THAT(error("[\n{\"prompt\":\"a\"},\n{\n\"prompt\": True}]"), HasSubstr("l.json:3: line 4, column 11: no value of JSON"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"},\n]"), HasSubstr("l.json:2: a row is missing"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"},\n,{\"prompt\":\"a\"}]"), HasSubstr("l.json:2: a row is missing"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}]"),
              HasSubstr("l.json:1: line 2, column 1: something follows the end of the value"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"},\n{\"prompt\":\"b"), HasSubstr("l.json:2: the list is never closed"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"}]\n[{\"prompt\":\"b\"}]"), HasSubstr("l.json:2: something follows the end of the list"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"}, 3]"), HasSubstr("l.json:1: not a JSON object"));
  EXPECT_THAT(error("[{\"prompt\":\"a\"}}]"), HasSubstr("is missing behind this row"));
  auto options = File("l.json", "[{\"prompt\":\"a\"},\n{\"prompt\": b},\n{\"prompt\":\"c\"}]");
  options.bad_row_budget = 1;
  EXPECT_EQ(LoadPrompts(options).prompts.size(), 2u);  // it goes on behind a bad row
}

TEST_F(DatasetTest, NamesOtherEncodings) {
  const auto wide = [](std::string_view text, std::string bytes) {
    for (const char c : text) bytes += std::string(1, c) + '\0';
    return bytes;
  };
  for (const char* name : {"w.jsonl", "w.json", "w.csv"}) {
    const std::string text = name[2] == 'c' ? "id,prompt\n1,a\n" : "{\"prompt\":\"a\"}\n";
    EXPECT_THAT(ErrorOf(File(name, wide(text, "\xFF\xFE"))), EndsWith(":1: the file is UTF-16 text; save it as UTF-8")) << name;
    EXPECT_THAT(ErrorOf(File(name, wide(text, ""))), EndsWith(":1: the file is UTF-16 text; save it as UTF-8")) << name;
  }
  EXPECT_THAT(ErrorOf(File("n.jsonl", std::string("{\"prompt\":\"a\"}\n{\"prompt\":\"\0\"}\n", 30))),
              HasSubstr("n.jsonl:2: column 12: a NUL byte, which no text holds; write the file again from its source"));
  EXPECT_THAT(ErrorOf(File("e.jsonl", "{\n\"prompt\": \"a\"\n}\n")), HasSubstr("e.jsonl:1: "));
  EXPECT_THAT(ErrorOf(File("e.jsonl", "{\n\"prompt\": \"a\"\n}\n")), HasSubstr("a row is one whole object on one line"));
}

}  // namespace
}  // namespace temper

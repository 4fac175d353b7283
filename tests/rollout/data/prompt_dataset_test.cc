// Datasets of prompts and demonstrations: CSV, JSONL, what is refused and in which words, and the order in which they are used.
#include "rollout/data/prompt_dataset.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "rollout/data/csv.h"
#include "rollout/data/data_order.h"
#include "tests/rollout/data/dataset_fixture.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

std::vector<CsvRecord> ReadCsv(std::string_view text) {
  CsvReader reader(text);
  std::vector<CsvRecord> records;
  for (CsvRecord record; reader.Next(&record);) records.push_back(record);
  return records;
}

TEST(CsvReaderTest, ReadsQuotesCommasAndLineBreaks) {
  const auto records = ReadCsv("\xEF\xBB\xBFid,prompt\r\n1,\"a, \"\"b\"\"\"\r\n2,\"two\nlines\r\nthree\"\n\n3,\n,\"\"");
  ASSERT_EQ(records.size(), 5u);
  EXPECT_THAT(records[0].fields, ElementsAre("id", "prompt"));
  EXPECT_THAT(records[1].fields, ElementsAre("1", "a, \"b\""));
  EXPECT_THAT(records[2].fields, ElementsAre("2", "two\nlines\r\nthree"));
  EXPECT_THAT(records[3].fields, ElementsAre("3", ""));
  EXPECT_THAT(records[4].fields, ElementsAre("", ""));
  const std::vector<int64_t> lines = {records[0].line, records[1].line, records[2].line, records[3].line, records[4].line};
  EXPECT_THAT(lines, ElementsAre(1, 2, 3, 7, 8));
}

TEST(CsvReaderTest, ReportsAMalformedRecordAndGoesOn) {
  const auto records = ReadCsv("a\"b,c\n\"x\"y,z\n1\r2,3\nok,fine\n\"never\nclosed");
  ASSERT_EQ(records.size(), 5u);
  EXPECT_THAT(records[0].error, HasSubstr("field 1: a quote inside an unquoted field"));
  EXPECT_THAT(records[1].error, HasSubstr("text after the closing quote"));
  EXPECT_THAT(records[2].error, HasSubstr("carriage return"));
  EXPECT_EQ(records[3].error, "");
  EXPECT_THAT(records[3].fields, ElementsAre("ok", "fine"));
  EXPECT_EQ(records[4].line, 5);
  EXPECT_THAT(records[4].error, HasSubstr("the quote opened on line 5 is never closed"));
}

TEST(CsvReaderTest, EmptyTextHasNoRecords) {
  EXPECT_TRUE(ReadCsv("").empty());
  EXPECT_TRUE(ReadCsv("\xEF\xBB\xBF\r\n\n").empty());
}

TEST_F(DatasetTest, ReadsJsonLinesWithAllColumns) {
  auto options =
      File("p.jsonl",
           "\xEF\xBB\xBF{\"id\":\"a\",\"prompt\":\"one\",\"kind\":\"fire\",\"intent\":\"benign\",\"verdict\":\"refuse\",\"extra\":[1]}\r\n"
           "\n"
           "{\"id\":7,\"prompt\":\"two\\nlines \\u00e9\",\"kind\":\"ink\",\"intent\":\"dual_use\",\"verdict\":\"comply\"}");
  options.columns.category = "kind";
  options.columns.intent = "intent";
  options.columns.label = "verdict";
  const LoadedPrompts loaded = LoadPrompts(options);
  ASSERT_EQ(loaded.prompts.size(), 2u);
  EXPECT_EQ(loaded.bad_rows, 0);
  EXPECT_EQ(loaded.prompts[0].id, "a");
  EXPECT_EQ(loaded.prompts[0].category, "fire");
  EXPECT_EQ(loaded.prompts[0].intent, "benign");
  EXPECT_EQ(loaded.prompts[0].label, "refuse");
  EXPECT_EQ(loaded.prompts[1].id, "7");
  EXPECT_EQ(loaded.prompts[1].text, "two\nlines \xC3\xA9");
}

TEST_F(DatasetTest, RowsWithoutAnIdAreNamedByFileAndLine) {
  const LoadedPrompts loaded = LoadPrompts(File("q.csv", "prompt,x\n\"a\nb\",1\nc,2\n"));
  ASSERT_EQ(loaded.prompts.size(), 2u);
  EXPECT_EQ(loaded.prompts[0].id, "q.csv:2");
  EXPECT_EQ(loaded.prompts[1].id, "q.csv:4");
  EXPECT_EQ(loaded.prompts[0].text, "a\nb");
}

TEST_F(DatasetTest, OneRowGivesAPromptForEachIntent) {
  auto options = File("t.jsonl", R"({"id":"x","domain":"d","pb":"1","pd":"2","pm":"3"})");
  options.columns.category = "domain";
  options.columns.prompts_by_intent = {{"benign", "pb"}, {"dual_use", "pd"}, {"malicious", "pm"}};
  const LoadedPrompts loaded = LoadPrompts(options);
  ASSERT_EQ(loaded.prompts.size(), 3u);
  EXPECT_EQ(loaded.prompts[1].id, "x/dual_use");
  EXPECT_EQ(loaded.prompts[1].text, "2");
  EXPECT_EQ(loaded.prompts[1].intent, "dual_use");
  EXPECT_EQ(loaded.prompts[1].category, "d");
  options.columns.prompts_by_intent = {{"harmful", "pb"}};
  EXPECT_THAT(ErrorOf(options), HasSubstr("unknown intent harmful"));
}

TEST_F(DatasetTest, KeepsOneSplitAndStopsAtTheLimit) {
  auto options = File("s.csv", "id,prompt,split\n1,a,train\n2,b,test\n3,c,train\n4,d,train\n");
  options.columns.split = "split";
  options.columns.keep_split = "train";
  options.limit = 2;
  const LoadedPrompts loaded = LoadPrompts(options);
  ASSERT_EQ(loaded.prompts.size(), 2u);
  EXPECT_EQ(loaded.prompts[1].id, "3");
  options.columns.split = "";
  EXPECT_THAT(ErrorOf(options), HasSubstr("keep_split"));
}

TEST_F(DatasetTest, SaysWhatIsWrongAndWhere) {
  const std::string good = R"({"id":"a","prompt":"x"})"
                           "\n";
  const auto error = [&](const std::string& line) { return ErrorOf(File("bad.jsonl", good + line)); };
  EXPECT_THAT(error("{\"id\":\"b\",\"prompt\":\"tru"), HasSubstr("bad.jsonl:2: "));
  EXPECT_THAT(error("[]"), HasSubstr(":2: not a JSON object but a list; a file that is one list of objects has a name that ends in .json"));
  EXPECT_THAT(error(R"({"id":"b","text":"y"})"),
              HasSubstr(":2: no column prompt with text or a number; the row's columns: id, text; data.columns.prompt names the column"));
  EXPECT_THAT(error(R"({"id":"b","prompt":{"y":1}})"), HasSubstr(":2: no column prompt"));
  EXPECT_THAT(error(R"({"id":"b","prompt":["y"]})"), HasSubstr(":2: column prompt holds a list that is none of messages"));
  EXPECT_THAT(error(R"({"id":"b","prompt":null})"), HasSubstr(":2: no column prompt"));
  EXPECT_THAT(error(R"({"id":"b","prompt":"  "})"), HasSubstr(":2: column prompt is empty"));
  EXPECT_THAT(error(R"({"id":"a","prompt":"y"})"), HasSubstr(":2: id a occurs on line 1 already"));
  EXPECT_THAT(error(R"({"id":"b","prompt":"y","prompt":"z"})"), HasSubstr(":2: "));
  EXPECT_THAT(error("{\"id\":\"b\",\"prompt\":\"\xFF\"}"), HasSubstr(":2: "));
  EXPECT_THAT(error(R"({"id":"b","prompt":"\ud800"})"), HasSubstr(":2: "));
  EXPECT_THAT(error(R"({"id":"b","prompt":"\u0000"})"), HasSubstr("NUL"));
  EXPECT_THAT(error(R"({"id":"b","prompt":"y","n":1e999})"), HasSubstr(":2: "));
  EXPECT_THAT(error(std::string("{\"id\":\"b\",\"prompt\":\"\0\"}", 23)), HasSubstr(":2: "));
  EXPECT_THAT(error("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"), HasSubstr("nested more than 64"));
  EXPECT_THAT(error("{\"prompt\":\"" + std::string((16 << 20) + 1, 'x') + "\"}"), HasSubstr("at most 16777216"));
  EXPECT_THAT(ErrorOf(File("bad.csv", "id,prompt\n1,a\n2,b,c\n")), HasSubstr("bad.csv:3: 3 fields where the header has 2"));
  EXPECT_THAT(ErrorOf(File("bad.csv", "id,id\n1,a\n")), HasSubstr("bad.csv:1: two columns are called id"));
  EXPECT_THAT(ErrorOf(File("bad.csv", "id,prompt\n1,\"\xC3\"\n")), HasSubstr("bad.csv:2: column prompt is not valid UTF-8"));
  EXPECT_THAT(ErrorOf(File("bad.csv", "")), HasSubstr("no header"));
  EXPECT_THAT(ErrorOf(File("bad.txt", "x")), HasSubstr("must end in"));
  EXPECT_THAT(ErrorOf(File("none.jsonl", "\n")), HasSubstr("no row to read"));
  DatasetOptions missing;
  missing.path = "/no/such.jsonl";
  EXPECT_THAT(ErrorOf(missing), HasSubstr("/no/such.jsonl: no such file"));
}

TEST_F(DatasetTest, ChecksIntentsAndLabels) {
  auto options = File("w.csv", "id,prompt,intent\n1,a,evil\n");
  options.columns.intent = "intent";
  EXPECT_THAT(ErrorOf(options), HasSubstr(":2: column intent holds evil; allowed: benign, dual_use, malicious"));
  options.columns.label = "intent";
  options.columns.intent = "";
  EXPECT_THAT(ErrorOf(options), HasSubstr("allowed: comply, refuse"));
}

// The file is seldom wrong from its first row on: the mapping is.
TEST_F(DatasetTest, AWrongMappingIsNotMistakenForBadRows) {
  auto options = File("m.csv", "id,question\n1,a\n");
  EXPECT_THAT(ErrorOf(options), EndsWith("m.csv:2: no column prompt with text or a number; the row's columns: id, question; "
                                         "data.columns.prompt names the column"));
  options.columns.prompt = "question";
  options.columns.category = "kind";
  EXPECT_THAT(ErrorOf(options), EndsWith("data.columns.category names the column, '' stands for none"));
  EXPECT_THAT(ErrorOf(File("j.jsonl", "{\"prompt\":\"a\"}\n{\"text\":\"b\"}\n")),
              EndsWith("data.columns.prompt names the column (data.bad_row_budget would let such rows be skipped)"));
}

TEST_F(DatasetTest, SkipsBadRowsWithinTheBudget) {
  auto options = File("b.jsonl", "{\"prompt\":\"a\"}\nbroken\n{\"prompt\":\"b\"}\n{}\n");
  options.bad_row_budget = 2;
  const LoadedPrompts loaded = LoadPrompts(options);
  EXPECT_EQ(loaded.prompts.size(), 2u);
  EXPECT_EQ(loaded.bad_rows, 2);
  options.bad_row_budget = 1;
  EXPECT_THAT(ErrorOf(options), HasSubstr("b.jsonl:4: "));
  EXPECT_THAT(ErrorOf(options), HasSubstr("bad row 2, and data.bad_row_budget is 1"));
}

TEST_F(DatasetTest, DigestTellsDatasetsApart) {
  const auto digest = [&](const std::string& content) { return LoadPrompts(File("d.csv", "id,prompt\n" + content)).digest; };
  const uint64_t base = digest("1,a\n2,b\n");
  EXPECT_EQ(digest("1,\"a\"\r\n2,b"), base);  // the same rows, spelled otherwise
  EXPECT_NE(digest("2,b\n1,a\n"), base);
  EXPECT_NE(digest("1,a\n2,c\n"), base);
  EXPECT_NE(digest("1,a\n"), base);
  EXPECT_NE(digest("1a,b\n2,b\n"), digest("1,ab\n2,b\n"));
}

TEST_F(DatasetTest, ReadsDemonstrations) {
  auto options = File("d.jsonl", "{\"id\":\"a\",\"prompt\":\"p\",\"response\":\"r\"}\n{\"id\":\"b\",\"prompt\":\"p\",\"response\":\"\"}\n");
  EXPECT_THROW(LoadDemonstrations(options), ConfigError);  // nothing to imitate in the second row
  options.bad_row_budget = 1;
  const LoadedDemonstrations loaded = LoadDemonstrations(options);
  ASSERT_EQ(loaded.demonstrations.size(), 1u);
  EXPECT_EQ(loaded.demonstrations[0].prompt.text, "p");
  EXPECT_EQ(loaded.demonstrations[0].response, "r");
}

TEST_F(DatasetTest, UnsafeAnswersAreReadWhereAColumnIsNamed) {
  const std::string rows =
      "{\"id\":\"a\",\"prompt\":\"p\",\"response\":\"r\",\"bad\":\"u\"}\n{\"id\":\"b\",\"prompt\":\"q\",\"response\":\"s\"}\n";
  auto options = File("d.jsonl", rows);
  const uint64_t without = LoadDemonstrations(options).digest;
  EXPECT_TRUE(LoadDemonstrations(options).unsafe_answers.empty());
  options.columns.harmful_response = "bad";
  const std::map<std::string, std::string> unsafe = {{"a", "u"}};
  EXPECT_EQ(LoadDemonstrations(options).unsafe_answers, unsafe) << "a row may lack it";
  EXPECT_EQ(LoadPrompts(options).unsafe_answers, unsafe);
  EXPECT_NE(LoadDemonstrations(options).digest, without) << "other data to a run that resumes";
}

// "ab" beside no unsafe answer, and "a" beside "b".
TEST_F(DatasetTest, TheDigestTellsTheAnswersOfARowApart) {
  const auto digest = [&](const std::string& response, const std::string& unsafe) {
    auto options = File("d.csv", "id,prompt,response,bad\n1,p," + response + "," + unsafe + "\n");
    options.columns.harmful_response = "bad";
    return LoadDemonstrations(options).digest;
  };
  EXPECT_NE(digest("ab", ""), digest("a", "b"));
}

TEST_F(DatasetTest, DemonstrationsNeedNoColumnThatMeansNothingToThem) {
  auto options = File("d.jsonl", "{\"prompt\":\"p\",\"response\":\"r\"}\n{\"prompt\":\"q\",\"response\":\"s\",\"verdict\":\"good\"}\n");
  options.columns.label = options.columns.intent = "verdict";
  options.columns.category = "kind";
  const LoadedDemonstrations loaded = LoadDemonstrations(options);
  ASSERT_EQ(loaded.demonstrations.size(), 2u);
  EXPECT_EQ(loaded.demonstrations[1].response, "s");
  EXPECT_EQ(loaded.demonstrations[1].prompt.label, "");
}

TEST_F(DatasetTest, ADemonstrationsModeAndCategoryAreReadWhereTheRowsHaveThem) {
  auto options = File(
      "d.jsonl",
      "{\"prompt\":\"p\",\"response\":\"r\",\"how\":\"redirect\",\"kind\":\"x\"}\n{\"prompt\":\"q\",\"response\":\"s\",\"how\":\"\"}\n");
  options.columns.mode = "how";
  options.columns.category = "kind";
  const LoadedDemonstrations loaded = LoadDemonstrations(options);
  ASSERT_EQ(loaded.demonstrations.size(), 2u);
  EXPECT_EQ(loaded.demonstrations[0].mode, "redirect");
  EXPECT_EQ(loaded.demonstrations[0].category, "x");
  EXPECT_EQ(loaded.demonstrations[1].mode, "");
  EXPECT_EQ(loaded.demonstrations[1].category, "");
  options.columns.mode = "missing";
  EXPECT_THROW(LoadDemonstrations(options), ConfigError);
}

// A row may lack it, as docs/METHODS.md says: the graders then say its mode. A column that no row has is misspelled.
TEST_F(DatasetTest, ADemonstrationMayLackAMode) {
  auto options = File("d.jsonl", "{\"prompt\":\"p\",\"response\":\"r\"}\n{\"prompt\":\"q\",\"response\":\"s\",\"how\":\"redirect\"}\n");
  options.columns.mode = "how";
  const LoadedDemonstrations loaded = LoadDemonstrations(options);
  ASSERT_EQ(loaded.demonstrations.size(), 2u);
  EXPECT_EQ(loaded.demonstrations[0].mode, "");
  EXPECT_EQ(loaded.demonstrations[1].mode, "redirect");
  options.columns.mode = "who";
  try {
    LoadDemonstrations(options);
    FAIL() << "read";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("d.jsonl: no row has the column who; data.columns.mode names the column"));
  }
}

// Row 2 stands for two prompts, the second of which is empty: the row is skipped whole, and its id is free for row 3.
TEST_F(DatasetTest, ARowThatStandsForSeveralPromptsIsTakenWholeOrNotAtAll) {
  auto options = File("d.csv", "id,one,two\na,1,2\nb,3,\nb,5,6\n");
  options.bad_row_budget = 1;
  options.expand = [](const DatasetRow& row) {
    std::vector<DatasetRow> rows(2, row);
    for (size_t i = 0; i < 2; ++i) {
      rows[i].columns["prompt"] = row.columns.at(i == 0 ? "one" : "two");
      rows[i].columns["id"] = row.columns.at("id") + (i == 0 ? "/one" : "/two");
    }
    return rows;
  };
  const LoadedPrompts loaded = LoadPrompts(options);
  EXPECT_EQ(loaded.bad_rows, 1);
  std::vector<std::string> texts;
  for (const Prompt& prompt : loaded.prompts) texts.push_back(prompt.id + " " + prompt.text);
  EXPECT_THAT(texts, ElementsAre("a/one 1", "a/two 2", "b/one 5", "b/two 6"));
}

// Random damage to both formats: the outcome is a dataset or a ConfigError that names the file, and texts stay valid UTF-8.
TEST_F(DatasetTest, SurvivesDamagedFiles) {
  const std::string csv =
      "id,prompt,label\r\n1,\"a \"\"quoted\"\" text,\nwith a line break\",comply\r\n2,plain \xE2\x82\xAC,refuse\n3,x,comply\n";
  const std::string jsonl =
      "{\"id\":\"1\",\"prompt\":\"a \\\"quoted\\\" text\",\"label\":\"comply\"}\n{\"id\":\"2\",\"prompt\":\"\\ud83d\\ude00 "
      "\xE2\x82\xAC\",\"label\":"
      "\"refuse\"}\r\n{\"id\":3,\"prompt\":\"x\",\"n\":[1,{\"a\":null}],\"label\":\"comply\"}\n";
  const std::string alphabet = std::string("\",\r\n\\{}[]:\0\xFF\xC3u", 15);
  int loaded = 0;
  for (uint64_t i = 0; i < 1500; ++i) {
    KeyedStream stream(2, "damage", i);
    std::string text = i % 2 == 0 ? csv : jsonl;
    for (uint64_t n = 1 + stream.Below(4); n > 0; --n) {
      const size_t at = stream.Below(text.size());
      const uint64_t kind = stream.Below(4);
      if (kind == 0) text[at] = alphabet[stream.Below(alphabet.size())];
      if (kind == 1) text.erase(at, 1 + stream.Below(10));
      if (kind == 2) text.insert(at, 1, alphabet[stream.Below(alphabet.size())]);
      if (kind == 3) text.insert(at, text.substr(stream.Below(text.size()), 1 + stream.Below(30)));
      if (text.empty()) text = "x";
    }
    auto options = File(i % 2 == 0 ? "f.csv" : "f.jsonl", text);
    options.columns.label = "label";
    options.bad_row_budget = static_cast<int64_t>(stream.Below(4));
    try {
      const LoadedPrompts result = LoadPrompts(options);
      EXPECT_FALSE(result.prompts.empty());
      EXPECT_LE(result.bad_rows, options.bad_row_budget);
      for (const Prompt& prompt : result.prompts) EXPECT_FALSE(prompt.text.empty());
      ++loaded;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(options.path));
    }
  }
  EXPECT_GT(loaded, 375);
  EXPECT_LT(loaded, 1450);
}

TEST(DataOrderTest, EveryEpochIsAPermutationOfItsOwn) {
  DataOrder order(1, "train", 10);
  std::vector<int64_t> first, second;
  for (int i = 0; i < 10; ++i) first.push_back(order.Next());
  for (int i = 0; i < 10; ++i) second.push_back(order.Next());
  EXPECT_NE(first, second);
  for (auto* epoch : {&first, &second}) {
    std::vector<int64_t> sorted = *epoch;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int64_t> expected(10);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(sorted, expected);
  }
  DataOrder other(2, "train", 10), purpose(1, "eval", 10);
  std::vector<int64_t> of_other, of_purpose;
  for (int i = 0; i < 10; ++i) of_other.push_back(other.Next()), of_purpose.push_back(purpose.Next());
  EXPECT_NE(of_other, first);
  EXPECT_NE(of_purpose, first);
}

TEST(DataOrderTest, PositionIsTheWholeState) {
  DataOrder whole(3, "train", 7);
  std::vector<int64_t> drawn;
  for (int i = 0; i < 40; ++i) drawn.push_back(whole.Next());
  EXPECT_EQ(whole.position(), 40);
  for (const int64_t start : {0, 6, 7, 13, 14, 39}) {
    DataOrder resumed(3, "train", 7);
    resumed.Seek(start);
    EXPECT_EQ(resumed.Next(), drawn[static_cast<size_t>(start)]) << start;
  }
  whole.Seek(5);
  EXPECT_EQ(whole.Next(), drawn[5]);
  DataOrder unshuffled(3, "train", 3, /*shuffle=*/false);
  for (const int64_t expected : {0, 1, 2, 0, 1}) EXPECT_EQ(unshuffled.Next(), expected);
  EXPECT_THROW(DataOrder(1, "train", 0), Error);
}

TEST(StratifiedOrderTest, TakesOneOfEachStratumInTurnAndResumes) {
  const std::vector<std::vector<int64_t>> strata = {{0, 1, 2}, {10, 11}, {20, 21, 22, 23}};
  StratifiedOrder order(5, "train", strata);
  std::vector<int64_t> drawn;
  for (int i = 0; i < 36; ++i) drawn.push_back(order.Next());
  for (size_t i = 0; i < drawn.size(); ++i) EXPECT_EQ(drawn[i] / 10, static_cast<int64_t>(i % 3));
  std::map<int64_t, int> counts;
  for (const int64_t item : drawn) ++counts[item];
  EXPECT_EQ(counts[0], 4);   // 12 draws over 3 items
  EXPECT_EQ(counts[11], 6);  // 12 draws over 2 items
  EXPECT_EQ(counts[23], 3);  // 12 draws over 4 items
  for (const int64_t start : {0, 1, 2, 10, 35}) {
    StratifiedOrder resumed(5, "train", strata);
    resumed.Seek(start);
    for (auto i = static_cast<size_t>(start); i < drawn.size(); ++i) EXPECT_EQ(resumed.Next(), drawn[i]) << start << " " << i;
  }
  EXPECT_THROW(StratifiedOrder(5, "train", {{1}, {}}), Error);
}

// Public data sets beside the project; without them the test says so and is skipped.
std::string PublicData(const std::string& name) { return std::string(TEMPER_SOURCE_DIR) + "/../shared/data/" + name; }

TEST(PublicDataTest, OpenSafeIntentGivesThreePromptsARow) {
  DatasetOptions options;
  options.path = PublicData("open_safe_intent/triplets.jsonl");
  if (!std::filesystem::exists(options.path)) GTEST_SKIP() << "needs the OpenSafeIntent triplets at " << options.path;
  options.columns.category = "harm_domain";
  options.columns.prompts_by_intent = {{"benign", "prompt_benign"}, {"dual_use", "prompt_dual_use"}, {"malicious", "prompt_malicious"}};
  const LoadedPrompts loaded = LoadPrompts(options);
  EXPECT_EQ(loaded.prompts.size(), 1200u);
  EXPECT_EQ(loaded.bad_rows, 0);
  std::map<std::string, int> by_intent;
  for (const Prompt& prompt : loaded.prompts) ++by_intent[prompt.intent];
  EXPECT_THAT(by_intent, ElementsAre(testing::Pair("benign", 400), testing::Pair("dual_use", 400), testing::Pair("malicious", 400)));
  EXPECT_THAT(loaded.prompts[0].id, testing::EndsWith("/benign"));
}

TEST(PublicDataTest, XstestCsvFilesReadWhole) {
  DatasetOptions options;
  options.path = PublicData("xstest/xstest_prompts.csv");
  if (!std::filesystem::exists(options.path)) GTEST_SKIP() << "needs the XSTest files at " << options.path;
  options.columns.category = "type";
  options.columns.intent = "";
  EXPECT_EQ(LoadPrompts(options).prompts.size(), 450u);
  options.columns.response = "completion";
  for (const std::string file : {"xstest/completions_gpt4.csv", "xstest/completions_llama2orig.csv"}) {
    options.path = PublicData(file);
    options.bad_row_budget = 450;  // an empty completion is nothing to imitate
    const LoadedDemonstrations loaded = LoadDemonstrations(options);
    EXPECT_EQ(static_cast<int64_t>(loaded.demonstrations.size()) + loaded.bad_rows, 450) << file;
    EXPECT_GE(loaded.demonstrations.size(), 440u) << file;
  }
}

}  // namespace
}  // namespace temper

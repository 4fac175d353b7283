// What is said of a text that is no JSON: sentences with a place, never a parser's own words.
#include "policy/text/strict_json.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string ProblemOf(const std::string& text, int64_t first_line = 1) {
  std::string error = "accepted";
  ParseStrictJson(text, 4, &error, first_line);
  return error;
}

TEST(StrictJson, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ProblemOf("{\"a\": 1}"), "accepted");
  EXPECT_EQ(ProblemOf(" \n"), "there is no text");
  EXPECT_THAT(ProblemOf("{\"a\": 1,}"), StartsWith("column 9: a key in double quotes is missing, or a comma stands before a closing"));
  EXPECT_THAT(ProblemOf("[1,]"), StartsWith("column 4: a value is missing, or a comma"));
  EXPECT_THAT(ProblemOf("{\n \"a\": 1\n \"b\": 2}"), StartsWith("line 3, column 4: a comma or a closing bracket }"));
  EXPECT_THAT(ProblemOf("{\n \"a\": 1\n \"b\": 2}", 10), StartsWith("line 12, column 4: "));
  EXPECT_THAT(ProblemOf("{'a': 1}"), HasSubstr("double quotes"));
  EXPECT_EQ(ProblemOf("['a']"), "column 2: a single quote; texts stand in double quotes");
  EXPECT_THAT(ProblemOf("{\"a\": True}"), HasSubstr("true, false, null"));
  EXPECT_THAT(ProblemOf("{\"a\" 1}"), HasSubstr("a colon is missing behind a key"));
  EXPECT_THAT(ProblemOf("{\"a\": \"b"), HasSubstr("the text ends in the middle"));
  EXPECT_THAT(ProblemOf("{\"a\": "), HasSubstr("the text ends in the middle"));
  EXPECT_THAT(ProblemOf("{\"a\": \"b\nc\"}"), HasSubstr("inside quotes; write it as \\n"));
  EXPECT_THAT(ProblemOf("{\"a\": \"\\q\"}"), HasSubstr("a backslash before a character that takes none"));
  EXPECT_THAT(ProblemOf("{\"a\": \"\\ud800\"}"), HasSubstr("half of a surrogate pair"));
  EXPECT_THAT(ProblemOf("{\"a\": 1} {}"), HasSubstr("column 10: something follows the end of the value"));
  EXPECT_THAT(ProblemOf("[1e999]"), HasSubstr("a number that is too large"));
  EXPECT_THAT(ProblemOf("[-]"), HasSubstr("a malformed number"));
  EXPECT_THAT(ProblemOf("[[[[[1]]]]]"), HasSubstr("nested more than 4 levels deep"));
  EXPECT_EQ(ProblemOf("{\"a\": 1, \"a\": 2}"), "duplicate key a");
}

TEST(StrictJson, KnowsWhatIsNoUtf8Text) {
  EXPECT_THAT(ProblemOf("{\"a\": \"\xFF\"}"), HasSubstr("column 8: bytes that are not UTF-8; save the file as UTF-8"));
  EXPECT_THAT(ProblemOf(std::string("{\"a\": \0}", 8)), HasSubstr("column 7: a NUL byte"));
  EXPECT_THAT(ProblemOf(std::string("{\"a\": \"\0\"}", 10)), HasSubstr("a NUL byte"));
  EXPECT_EQ(ProblemOf(std::string("\xFF\xFE{\0\"\0", 6)), "the text is UTF-16; save the file as UTF-8");
  EXPECT_EQ(ProblemOf(std::string("{\0\"\0a\0\"\0", 8)), "the text is UTF-16; save the file as UTF-8");
}

// Every way to cut or break a text is told in the house's words.
TEST(StrictJson, NeverShowsAParsersWords) {
  const std::string whole = "{\"key\": [1.5, true, null, \"t\\u00e9xt\\n\"], \"o\": {\"x\": -2e3}}";
  const auto check = [](const std::string& text) {
    const std::string problem = ProblemOf(text);
    EXPECT_THAT(problem,
                AllOf(Not(HasSubstr("json.exception")), Not(HasSubstr("last read")), Not(HasSubstr("syntax")), Not(HasSubstr(".cc"))))
        << text;
  };
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_NE(ProblemOf(whole.substr(0, cut)), "accepted");
    check(whole.substr(0, cut));
    for (const char c : {'"', '\\', ',', ':', '}', ']', '{', '[', '\0', '\n', 'x', '\xC3', '-', '\''}) {
      std::string text = whole;
      text[cut] = c;
      check(text);
    }
  }
}

TEST(ReadJsonObject, NamesTheFile) {
  const TempFolder folder;
  const std::string path = folder / "f.json";
  const auto error = [&](const std::string& bytes) -> std::string {
    WriteBytes(path, bytes);
    try {
      ReadJsonObject(path);
    } catch (const ConfigError& problem) {
      return problem.what();
    }
    return "accepted";
  };
  EXPECT_EQ(error("{}"), "accepted");
  EXPECT_EQ(error("[]"), path + ": expected a JSON object");
  EXPECT_THAT(error("{\n\"a\": }"), StartsWith(path + ": line 2, column 6: a value is missing"));
  EXPECT_EQ(error(std::string("\xFE\xFF\0{\0}", 6)), path + ": cannot read: it is UTF-16 text; save it as UTF-8");
  EXPECT_EQ(error(std::string("{}\n\0", 4)),
            path + ": cannot read: a NUL byte on line 2, which no text holds; write the file again from its source");
}

}  // namespace
}  // namespace temper

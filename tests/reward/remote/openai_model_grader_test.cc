// Graders in OpenAI's JSON that ask models: a real server process that replies as a test wants it, and misbehaves. Each reply is a grade or
// a typed outcome that shows it.
#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "tests/reward/remote/own_graders.h"
#include "tests/reward/remote/reward_server.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::AllOf;
using testing::GraderOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RewardServer;
using ::testing::StartsWith;

constexpr char kScore[] = R"({"type": "score_model", "name": "s", "model": "judge-1", "sampling_params": {"temperature": 0},
  "input": [{"role": "user", "content": "{{sample.output_text}}"}]})";
constexpr char kToFive[] = R"({"type": "score_model", "name": "s", "model": "judge-1", "range": [0, 5],
  "input": [{"role": "user", "content": "{{sample.output_text}}"}]})";
constexpr char kLabel[] = R"({"type": "label_model", "name": "l", "model": "judge-1", "labels": ["good", "bad"], "passing_labels": ["good"],
  "input": [{"role": "developer", "content": "Judge {{item.topic}}."}, {"role": "user", "content": "{{sample.output_text}}"}]})";
constexpr char kWord[] =
    R"({"type": "string_check", "name": "w", "operation": "like", "input": "{{sample.output_text}}", "reference": "rose"})";

class OpenAiModelGraderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new RewardServer("chat_server.py"); }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override { ASSERT_TRUE(server_->ok()) << "python3 tests/reward/remote/chat_server.py does not start"; }

  // The grader of a JSON, asking the server's path.
  std::unique_ptr<Grader> GraderAt(const std::string& json, const std::string& path, const std::string& keys = "", double deadline_s = 10) {
    WriteBytes(folder_ / "grader.json", json);
    const char* patience = keys.find("attempt_timeout_s") == std::string::npos ? ", attempt_timeout_s: 1" : "";
    return GraderOf(Concat("{name: judge, type: openai_grader, gives: [helpfulness_direct], path: grader.json, url: '", server_->Url(path),
                           "', backoff_s: 0.02, max_attempts: 3", patience, keys, "}"),
                    folder_.path(), deadline_s);
  }
  static std::vector<Grade> GradesBy(Grader* grader, const std::vector<std::string>& answers) {
    std::vector<GradeRequest> requests;
    for (const std::string& answer : answers) {
      requests.push_back({"a prompt", answer, "", false});
      requests.back().item["topic"] = "roses";
    }
    return GradeAll(grader, std::move(requests), 25);
  }
  Grade GradeAt(const std::string& json, const std::string& path, const std::string& answer, const std::string& keys = "") {
    return GradesBy(GraderAt(json, path, keys).get(), {answer}).at(0);
  }
  static std::string Multi(const std::string& formula) {
    return Concat(R"({"type": "multi", "name": "m", "calculate_output": ")", formula, R"(", "graders": {"score": )", kScore,
                  R"(, "label": )", kLabel, R"(, "word": )", kWord, "}}");
  }

  static RewardServer* server_;
  TempFolder folder_;
};
RewardServer* OpenAiModelGraderTest::server_ = nullptr;

TEST_F(OpenAiModelGraderTest, AModelsScoreIsTheGrade) {
  const auto grader = GraderAt(kScore, "good-score");
  const auto grades = GradesBy(grader.get(), {"good", "bad", "good"});
  ASSERT_EQ(grades.size(), 3U);
  for (size_t i = 0; i < grades.size(); ++i) {
    EXPECT_EQ(grades[i].outcome, GradeOutcome::kOk) << grades[i].error;
    EXPECT_EQ(grades[i].helpfulness, i == 1 ? 0 : 1);
    EXPECT_THAT(grades[i].grader, StartsWith("openai/2:"));
    EXPECT_GT(grades[i].latency_us, 0);
  }
  EXPECT_EQ(server_->Tries("good-score"), 3);
  EXPECT_TRUE(GradesBy(grader.get(), {}).empty());
}

TEST_F(OpenAiModelGraderTest, AsksAsItsJsonAndItsEntrySay) {
  WriteBytes(folder_ / "key", "sk-very-secret\n");
  const auto grader = GraderAt(kLabel, "good-form", ", key_file: key, model: my-judge");
  EXPECT_THAT(grader->id(), Not(HasSubstr("very-secret")));
  const std::string answer = "so \"good\"}], \"model\": \"other\" {{item.topic}}";
  EXPECT_EQ(GradesBy(grader.get(), {answer}).at(0).helpfulness, 1);
  const auto seen = server_->Seen();
  EXPECT_EQ(seen["last"]["model"], "my-judge");
  EXPECT_EQ(seen["last"]["messages"][0], (nlohmann::json{{"role", "system"}, {"content", "Judge roses."}}));
  EXPECT_EQ(seen["last"]["messages"][1], (nlohmann::json{{"role", "user"}, {"content", answer}}));
  EXPECT_THAT(seen["keys"].dump(), HasSubstr("Bearer sk-very-secret"));
  EXPECT_EQ(GradeAt(kLabel, "good-form", "bad").helpfulness, 0);
}

struct Reply {
  std::string content;
  GradeOutcome outcome;
  double helpfulness;
  const char* says;
};

const Reply kReplies[] = {
    {R"({"steps": [], "result": 2.5})", GradeOutcome::kOk, 0.5, ""},
    {" 5\n", GradeOutcome::kOk, 1, ""},
    {"```json\n{\"result\": \"1\"}\n```", GradeOutcome::kOk, 0.2, ""},
    {R"({"result": 5.01})", GradeOutcome::kParseError, 0, "the model's score 5.01 lies outside the range 0 to 5: {\"result\": 5.01}"},
    {"-1", GradeOutcome::kParseError, 0, "the model's score -1 lies outside the range"},
    {"I would say 4", GradeOutcome::kParseError, 0, "the model's reply holds no number: I would say 4"},
    {"", GradeOutcome::kParseError, 0, "holds no number"},
    {"NaN", GradeOutcome::kParseError, 0, "holds no number: NaN"},
    {R"({"result": NaN})", GradeOutcome::kParseError, 0, "holds no number"},
    {R"({"result": -Infinity})", GradeOutcome::kParseError, 0, "holds no number"},
    {R"({"result": 1e999})", GradeOutcome::kParseError, 0, "holds no number"},
    {R"({"result": true})", GradeOutcome::kParseError, 0, "holds no number"},
    {R"({"result": {"result": 4}})", GradeOutcome::kParseError, 0, "holds no number"},
    {R"({"result": 0, "result": 5})", GradeOutcome::kParseError, 0, "holds no number"},
    {R"({"result": 5)", GradeOutcome::kParseError, 0, "holds no number"},
    {std::string(100'000, '4'), GradeOutcome::kParseError, 0, "holds no number: 444"},
    {std::string(100'000, '['), GradeOutcome::kParseError, 0, "holds no number: [[["},
};

TEST_F(OpenAiModelGraderTest, EveryReplyIsAScoreOrIsShown) {
  const auto grader = GraderAt(kToFive, "echo", ", high: 5");
  std::vector<std::string> answers;
  for (const Reply& each : kReplies) answers.push_back(each.content);
  const auto grades = GradesBy(grader.get(), answers);
  ASSERT_EQ(grades.size(), answers.size());
  for (size_t i = 0; i < grades.size(); ++i) {
    const std::string shown = answers[i].substr(0, 100);
    EXPECT_EQ(grades[i].outcome, kReplies[i].outcome) << shown << ": " << grades[i].error;
    EXPECT_THAT(grades[i].error, HasSubstr(kReplies[i].says)) << shown;
    EXPECT_LT(grades[i].error.size(), 800U) << shown;
    EXPECT_DOUBLE_EQ(grades[i].helpfulness, kReplies[i].helpfulness) << shown;
  }
}

TEST_F(OpenAiModelGraderTest, BadRepliesAreScoredAsOpenAiDocumentsWhereTheEntrySaysSo) {
  const std::string keys = ", high: 5, bad_replies: as_openai";
  EXPECT_EQ(GradeAt(kToFive, "echo", "9", keys).helpfulness, 1);
  const Grade grade = GradeAt(kToFive, "echo", "I would say 4", keys);
  EXPECT_EQ(grade.outcome, GradeOutcome::kOk) << grade.error;
  EXPECT_EQ(grade.helpfulness, 0);
}

struct Misbehaviour {
  const char* path;
  const char* body;  // where the path is raw
  GradeOutcome outcome;
  const char* says;
  int64_t tries;
};

const Misbehaviour kMisbehaviours[] = {
    {"raw-1", "<html>proxy error</html>", GradeOutcome::kParseError, "<html>proxy error", 1},
    {"raw-2", "", GradeOutcome::kParseError, "no chat completion", 1},
    {"raw-3", R"({"error": {"message": "no such model", "code": 404}})", GradeOutcome::kParseError, "no such model", 1},
    {"raw-4", R"({"choices": []})", GradeOutcome::kParseError, "no chat completion", 1},
    {"raw-5", R"({"choices": [{"message": {"content": 5}}]})", GradeOutcome::kParseError, "no chat completion", 1},
    {"raw-6", R"({"choices": [{"message": {"content": null, "tool_calls": []}}]})", GradeOutcome::kParseError, "no chat completion", 1},
    {"raw-7", R"({"choices": [{"message": {"content": "1"}}], "choices": [{"message": {"content": "0"}}]})", GradeOutcome::kParseError,
     "duplicate key choices", 1},
    {"raw-8", R"({"choices": [{"message": {"content": "1\ud800"}}]})", GradeOutcome::kParseError, "surrogate", 1},
    {"latin1", "", GradeOutcome::kParseError, "not UTF-8", 1},
    {"deep", "", GradeOutcome::kParseError, "nested more than", 1},
    {"cut", "", GradeOutcome::kParseError, "was cut at its limit (max_completion_tokens): 0.5", 1},
    {"refusal", "", GradeOutcome::kRefusedToGrade, "the model refuses to grade: I'm sorry, but I can't.", 1},
    {"filtered", "", GradeOutcome::kRefusedToGrade, "content filter", 1},
    {"badrequest", "", GradeOutcome::kCrash, "HTTP status 400", 1},
    {"unauthorized", "", GradeOutcome::kCrash, "HTTP status 401 (key_file or key_env must give the key", 1},
    {"missing", "", GradeOutcome::kCrash, "HTTP status 404 (is this the path", 1},
    {"redirect", "", GradeOutcome::kCrash, "HTTP status 307", 1},
    {"huge", "", GradeOutcome::kCrash, "a reply of more than 1048576 bytes (max_reply_kb)", 1},
    {"bomb", "", GradeOutcome::kCrash, "a reply of more than 1048576 bytes (max_reply_kb)", 1},
    {"slow", "", GradeOutcome::kTimeout, "Operation timed out", 3},
    {"half", "", GradeOutcome::kCrash, "after 3 tries: ", 3},
    {"always500", "", GradeOutcome::kCrash, "HTTP status 500", 3},
};

TEST_F(OpenAiModelGraderTest, EveryMisbehaviourIsATypedOutcomeInTime) {
  for (const Misbehaviour& each : kMisbehaviours) {
    const double start = NowSeconds();
    const Grade grade = GradeAt(kScore, each.path, each.body, ", max_reply_kb: 1024");
    EXPECT_LT(NowSeconds() - start, 8) << each.path;
    EXPECT_EQ(grade.outcome, each.outcome) << each.path << ": " << grade.error;
    EXPECT_THAT(grade.error, HasSubstr(each.says)) << each.path;
    EXPECT_LT(grade.error.size(), 800U) << each.path;
    EXPECT_EQ(server_->Tries(each.path), each.tries) << each.path;
  }
  EXPECT_EQ(GradeAt(kScore, "twice500", "good").outcome, GradeOutcome::kOk);
  EXPECT_EQ(GradeAt(kScore, "twice_closed", "good").outcome, GradeOutcome::kOk);
}

TEST_F(OpenAiModelGraderTest, AFormulaHoldsModelsAndChecks) {
  const auto grader = GraderAt(Multi("0.5 * score + 0.25 * label + 0.25 * word"), "good-multi");
  const auto grades = GradesBy(grader.get(), {"a rose", "a bad rose", "good"});
  EXPECT_DOUBLE_EQ(grades[0].helpfulness, 1) << grades[0].error;
  EXPECT_DOUBLE_EQ(grades[1].helpfulness, 0.25) << grades[1].error;
  EXPECT_DOUBLE_EQ(grades[2].helpfulness, 0.75) << grades[2].error;
  EXPECT_EQ(server_->Tries("good-multi"), 6) << "two models for each of three answers";
}

TEST_F(OpenAiModelGraderTest, AFailureNamesTheGraderItCameFrom) {
  const Grade silent = GradeAt(Multi("score + label"), "labelsonly", "good");
  EXPECT_EQ(silent.outcome, GradeOutcome::kParseError);
  EXPECT_THAT(silent.error, StartsWith("score: the model's reply holds no number: I would rather not say."));
  const Grade down = GradeAt(Multi("score + label"), "labelsdown", "good");
  EXPECT_EQ(down.outcome, GradeOutcome::kCrash);
  EXPECT_THAT(down.error, AllOf(StartsWith("label: http://127.0.0.1"), HasSubstr("HTTP status 403")));
}

TEST_F(OpenAiModelGraderTest, ARowThatLacksWhatAMessageReadsIsNotAskedAbout) {
  const auto grader = GraderAt(Multi("score + label"), "good-row");
  const Grade grade = GradeAll(grader.get(), {{"a prompt", "good", "", false}}, 10).at(0);
  EXPECT_EQ(grade.outcome, GradeOutcome::kParseError);
  EXPECT_EQ(grade.error, "label: the row has no column for {{item.topic}}");
  EXPECT_EQ(server_->Tries("good-row"), 0);
}

TEST_F(OpenAiModelGraderTest, AnAnswerThatLacksItIsZeroAndNotAskedAbout) {
  const std::string json = R"({"type": "score_model", "model": "m", "input": [{"role": "user", "content": "{{sample.output_json.x}}"}]})";
  const Grade grade = GradeAt(json, "good-json", "no JSON");
  EXPECT_EQ(grade.outcome, GradeOutcome::kOk) << grade.error;
  EXPECT_EQ(grade.helpfulness, 0);
  EXPECT_EQ(server_->Tries("good-json"), 0);
}

TEST_F(OpenAiModelGraderTest, RequestsOfABatchAreOutTogether) {
  const auto grader = GraderAt(kScore, "pause", ", max_concurrent: 4");
  const double start = NowSeconds();
  const auto grades = GradesBy(grader.get(), std::vector<std::string>(40, "good"));
  EXPECT_LT(NowSeconds() - start, 40 * 0.05) << "one after the other takes longer";
  for (const Grade& grade : grades) EXPECT_EQ(grade.outcome, GradeOutcome::kOk) << grade.error;
  const auto seen = server_->Seen();
  EXPECT_EQ(seen["counts"]["pause"], 40);
  EXPECT_GE(seen["most_at_once"].get<int>(), 3);
  EXPECT_LE(seen["most_at_once"].get<int>(), 4);
}

TEST_F(OpenAiModelGraderTest, ADeadlineEndsWhatIsUnderWay) {
  const double start = NowSeconds();
  const auto grader = GraderAt(kScore, "slow-deadline", ", attempt_timeout_s: 60", 1);
  EXPECT_EQ(GradesBy(grader.get(), {"good"}).at(0).outcome, GradeOutcome::kTimeout);
  EXPECT_LT(NowSeconds() - start, 2.5);
}

TEST_F(OpenAiModelGraderTest, TheCacheAnswersWhatWasAskedBefore) {
  const std::string keys = ", cache: kept";
  GradesBy(GraderAt(kScore, "good-cache", keys).get(), {"good", "bad"});
  EXPECT_EQ(server_->Tries("good-cache"), 2);
  const auto again = GradesBy(GraderAt(kScore, "good-cache", keys).get(), {"good", "bad"});
  EXPECT_EQ(again[0].helpfulness, 1);
  EXPECT_EQ(again[1].helpfulness, 0);
  EXPECT_EQ(server_->Tries("good-cache"), 2);
  GradeAt(Multi("score + word"), "good-cache", "good", keys);  // of its two models the label is new
  EXPECT_EQ(server_->Tries("good-cache"), 3);
  GradeAt(kScore, "good-cache", "good", keys + ", version: '2'");
  GradeAt(kScore, "good-cache", "good", keys + ", model: another");
  EXPECT_EQ(server_->Tries("good-cache"), 5);
}

TEST_F(OpenAiModelGraderTest, ABadReplyIsNotKept) {
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(GradeAt(kScore, "echo-cache", "no number", ", cache: kept").outcome, GradeOutcome::kParseError);
    EXPECT_EQ(server_->Tries("echo-cache"), i);
  }
}

TEST_F(OpenAiModelGraderTest, AnEntryThatCannotBeAskedIsRefused) {
  WriteBytes(folder_ / "asks.json", kScore);
  WriteBytes(folder_ / "checks.json", kWord);
  WriteBytes(folder_ / "key", "sk-1");
  const auto refused = [&](const std::string& keys, const std::string& why) {
    try {
      GraderOf("{name: x, type: openai_grader, gives: [safety], " + keys + "}", folder_.path());
      ADD_FAILURE() << keys;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why)) << keys;
    }
  };
  refused("path: asks.json", "asks.json: a score_model or label_model grader asks a model: the entry's `url` must name a server");
  refused("path: asks.json, url: ''", "such as http://127.0.0.1:8000/v1/chat/completions, and `model` what it is called there");
  refused("path: checks.json, url: 'http://127.0.0.1:8000/'", "no grader in it asks a model");
  refused("path: asks.json, url: 'ftp://a/b'", "is no address of a service");
  refused("path: asks.json, url: 'http://a.example/b', key_file: key", "would send the key in the clear");
  refused("path: asks.json, url: 'https://a.example/b', key_env: NO_SUCH_VARIABLE", "holds no key");
  refused("path: asks.json, url: 'https://a.example/b', reply_format: xml", "reply_format");
}

}  // namespace
}  // namespace temper

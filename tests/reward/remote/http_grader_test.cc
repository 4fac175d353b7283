// Graders that are services: a real server process that misbehaves in every way it knows. Nothing is lost, nothing hangs, and each is a
// typed outcome.
#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "tests/reward/remote/own_graders.h"
#include "tests/reward/remote/reward_server.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::GraderOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RewardServer;

class HttpGraderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new RewardServer("reward_server.py"); }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override { ASSERT_TRUE(server_->ok()) << "python3 tests/reward/remote/reward_server.py does not start"; }

  std::unique_ptr<Grader> GraderAt(const std::string& url, const std::string& keys = "", double deadline_s = 10) {
    const char* patience = keys.find("attempt_timeout_s") == std::string::npos ? ", attempt_timeout_s: 1" : "";
    return GraderOf(
        Concat("{name: service, type: http, gives: [safety], url: '", url, "', backoff_s: 0.02, max_attempts: 3", patience, keys, "}"),
        folder_.path(), deadline_s);
  }
  static std::vector<GradeRequest> Answers(int count, const std::string& text = "good") {
    std::vector<GradeRequest> requests;
    for (int i = 0; i < count; ++i) requests.push_back({"a prompt", i % 2 == 0 ? text : "bad", "", false});
    return requests;
  }
  std::vector<Grade> GradesAt(const std::string& path, int count = 2, const std::string& keys = "", double deadline_s = 10) {
    const auto grader = GraderAt(server_->Url(path), keys, deadline_s);
    return GradeAll(grader.get(), Answers(count), 2 * deadline_s + 5);
  }
  static nlohmann::json Seen() { return server_->Seen(); }
  static int64_t Tries(const std::string& path) { return server_->Tries(path); }

  static RewardServer* server_;
  TempFolder folder_;
};
RewardServer* HttpGraderTest::server_ = nullptr;

TEST_F(HttpGraderTest, ItsNumbersBecomeGrades) {
  const auto grades = GradesAt("good", 40);
  ASSERT_EQ(grades.size(), 40U);
  for (size_t i = 0; i < grades.size(); ++i) {
    EXPECT_EQ(grades[i].outcome, GradeOutcome::kOk) << grades[i].error;
    EXPECT_EQ(grades[i].safety, i % 2 == 0 ? 1 : 0);
    EXPECT_THAT(grades[i].grader, ::testing::StartsWith("http/service:"));
  }
  EXPECT_EQ(Tries("good"), 3) << "40 answers in requests of 16";
  EXPECT_EQ(GradesAt("reversed").at(1).safety, 0);
  EXPECT_EQ(GradesAt("gzip").at(0).outcome, GradeOutcome::kOk);
}

struct Misbehaviour {
  const char* path;
  GradeOutcome outcome;
  const char* says;
  int64_t tries;
};

// The paths are those of reward_server.py.
const Misbehaviour kMisbehaviours[] = {
    {"slow", GradeOutcome::kTimeout, "Operation timed out", 3},
    {"drip", GradeOutcome::kTimeout, "Operation timed out", 3},
    {"half", GradeOutcome::kCrash, "after 3 tries: ", 3},
    {"closed", GradeOutcome::kCrash, "Empty reply from server", 3},
    {"reset", GradeOutcome::kCrash, "after 3 tries: ", 3},
    {"always500", GradeOutcome::kCrash, "HTTP status 500: {\"detail\": \"out of memory\"}", 3},
    {"busyhour", GradeOutcome::kCrash, "it asks for 3600 s of patience", 1},
    {"unauthorized", GradeOutcome::kCrash, "HTTP status 401 (key_file or key_env must give the key", 1},
    {"missing", GradeOutcome::kCrash, "HTTP status 404 (is this the path", 1},
    {"redirect", GradeOutcome::kCrash, "HTTP status 307 (redirects are not followed", 1},
    {"html", GradeOutcome::kParseError, "<html>", 1},
    {"wrongjson", GradeOutcome::kParseError, "the text ends in the middle", 1},
    {"empty", GradeOutcome::kParseError, "there is no text", 1},
    {"nan", GradeOutcome::kParseError, "NaN", 1},
    {"infinite", GradeOutcome::kParseError, "a number that is too large", 1},
    {"outofrange", GradeOutcome::kParseError, "safety must be a number from 0 to 1", 1},
    {"text", GradeOutcome::kParseError, "safety must be a number from 0 to 1", 1},
    {"stranger", GradeOutcome::kParseError, "it answers request 99", 1},
    {"otherfield", GradeOutcome::kParseError, "there is no field saftey", 1},
    {"deep", GradeOutcome::kParseError, "nested more than", 1},
    {"latin1", GradeOutcome::kParseError, "not UTF-8", 1},
    {"huge", GradeOutcome::kCrash, "a reply of more than 4194304 bytes (max_reply_kb)", 1},
    {"bomb", GradeOutcome::kCrash, "a reply of more than 4194304 bytes (max_reply_kb)", 1},
    {"badgzip", GradeOutcome::kCrash, "", 1},
    {"headers", GradeOutcome::kCrash, "more than 65536 bytes of headers", 1},
    {"nohttp", GradeOutcome::kCrash, "", 1},
};

TEST_F(HttpGraderTest, EveryMisbehaviourIsATypedOutcomeInTime) {
  for (const Misbehaviour& each : kMisbehaviours) {
    const double start = NowSeconds();
    const auto grades = GradesAt(each.path);
    EXPECT_LT(NowSeconds() - start, 8) << each.path;
    ASSERT_EQ(grades.size(), 2U) << each.path;
    for (const Grade& grade : grades) {
      EXPECT_EQ(grade.outcome, each.outcome) << each.path << ": " << grade.error;
      EXPECT_THAT(grade.error, HasSubstr(each.says)) << each.path;
      EXPECT_LT(grade.error.size(), 800U) << each.path;
    }
    EXPECT_EQ(Tries(each.path), each.tries) << each.path;
  }
  EXPECT_EQ(Tries("stolen"), 0) << "a redirect was followed";
}

TEST_F(HttpGraderTest, WhatConcernsOneAnswerLeavesTheOthers) {
  const auto fewer = GradesAt("wrongcount", 3);
  EXPECT_EQ(fewer[1].outcome, GradeOutcome::kOk);
  EXPECT_EQ(fewer[2].outcome, GradeOutcome::kParseError);
  EXPECT_THAT(fewer[2].error, HasSubstr("no reply has the id 3"));
  const auto doubled = GradesAt("duplicate", 3);
  EXPECT_EQ(doubled[0].outcome, GradeOutcome::kParseError);
  EXPECT_THAT(doubled[0].error, HasSubstr("two replies have the id 1"));
  EXPECT_EQ(doubled[1].outcome, GradeOutcome::kOk);
}

TEST_F(HttpGraderTest, WhatPassesIsTriedAgain) {
  EXPECT_EQ(GradesAt("twice_closed").at(0).outcome, GradeOutcome::kOk);
  EXPECT_EQ(GradesAt("twice500").at(0).outcome, GradeOutcome::kOk);
  EXPECT_EQ(Tries("twice500"), 3);
  for (const char* path : {"busy", "busydate"}) {
    const double start = NowSeconds();
    EXPECT_EQ(GradesAt(path).at(0).outcome, GradeOutcome::kOk) << path;
    EXPECT_GE(NowSeconds() - start, 0.95) << path << ": Retry-After was not heeded";
    EXPECT_EQ(Tries(path), 2) << path;
  }
}

TEST_F(HttpGraderTest, OneWishForAnHourOfPatienceSilencesNobodyElse) {
  const auto grader = GraderAt(server_->Url("busyonce"), ", batch: 1, max_backoff_s: 0.5, breaker_rest_s: 1");
  const double start = NowSeconds();
  const Grade first = GradeAll(grader.get(), Answers(1), 20).at(0);
  EXPECT_THAT(first.error, HasSubstr("it asks for 3600 s of patience"));
  EXPECT_EQ(GradeAll(grader.get(), Answers(1), 20).at(0).outcome, GradeOutcome::kOk);
  EXPECT_GE(NowSeconds() - start, 0.95) << "Retry-After was not heeded";
}

TEST_F(HttpGraderTest, NobodyThereIsACrashAndTheCircuitBreaks) {
  const auto grader = GraderAt("http://127.0.0.1:1/grade", ", breaker_failures: 4, breaker_rest_s: 60, batch: 1", 5);
  const double start = NowSeconds();
  const auto grades = GradeAll(grader.get(), Answers(20), 20);
  EXPECT_LT(NowSeconds() - start, 4) << "what cannot be sent before its deadline need not wait for it";
  for (const Grade& grade : grades) EXPECT_EQ(grade.outcome, GradeOutcome::kCrash) << grade.error;
  EXPECT_THAT(grades[0].error, HasSubstr("Failed to connect"));
  EXPECT_THAT(grades[19].error, HasSubstr("the service fails and is left alone until the deadline"));
}

TEST_F(HttpGraderTest, ADeadlineEndsWhatIsUnderWay) {
  const double start = NowSeconds();
  const auto grades = GradesAt("slow-deadline", 2, ", attempt_timeout_s: 60", 1);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kTimeout) << grades[0].error;
  EXPECT_LT(NowSeconds() - start, 2.5);
}

TEST_F(HttpGraderTest, AStrangersCertificateIsRefusedAndATrustedOneTaken) {
  const std::string url = server_->Url("good-tls", "https");
  const auto refused = GraderAt(url);
  const Grade grade = GradeAll(refused.get(), Answers(1), 20).at(0);
  EXPECT_EQ(grade.outcome, GradeOutcome::kCrash);
  EXPECT_THAT(grade.error, HasSubstr("certificate"));
  EXPECT_EQ(Tries("good-tls"), 0);
  const auto trusted = GraderAt(url, Concat(", ca_file: '", RewardServer::kHere, "localhost.pem'"));
  const Grade taken = GradeAll(trusted.get(), Answers(1), 20).at(0);
  EXPECT_EQ(taken.outcome, GradeOutcome::kOk) << taken.error;
}

TEST_F(HttpGraderTest, TheKeyIsSentAndToldToNobodyElse) {
  WriteBytes(folder_ / "key", "sk-very-secret\n");
  const std::string keys = ", key_file: key";
  for (const char* path : {"good-key", "unauthorized", "closed"}) {
    const auto grader = GraderAt(server_->Url(path), keys);
    const Grade grade = GradeAll(grader.get(), Answers(1), 20).at(0);
    EXPECT_THAT(grade.error, Not(HasSubstr("very-secret")));
    EXPECT_THAT(grader->id(), Not(HasSubstr("very-secret")));
  }
  EXPECT_THAT(Seen()["keys"].dump(), HasSubstr("Bearer sk-very-secret"));
  setenv("MY_SERVICE_KEY", "sk-of-the-environment", 1);
  const auto grader = GraderAt(server_->Url("good-key"), ", key_env: MY_SERVICE_KEY");
  EXPECT_EQ(GradeAll(grader.get(), Answers(1), 20).at(0).outcome, GradeOutcome::kOk);
  EXPECT_THAT(Seen()["keys"].dump(), HasSubstr("Bearer sk-of-the-environment"));
}

TEST_F(HttpGraderTest, ConnectionsAreKeptAndAtMostSoManyRequestsAreOut) {
  const auto before = Seen();
  const auto grader = GraderAt(server_->Url("pause"), ", batch: 1, max_concurrent: 4");
  for (const Grade& grade : GradeAll(grader.get(), Answers(40), 20)) EXPECT_EQ(grade.outcome, GradeOutcome::kOk) << grade.error;
  const auto after = Seen();
  EXPECT_EQ(after["counts"]["pause"], 40);
  EXPECT_LE(after["most_at_once"].get<int>(), 4);
  EXPECT_LE(after["connections"].get<int>() - before["connections"].get<int>(), 4 + 2);  // and those of Seen
}

TEST_F(HttpGraderTest, ARateIsHeld) {
  const auto grader = GraderAt(server_->Url("good-rate"), ", batch: 1, per_second: 10");
  const double start = NowSeconds();
  GradeAll(grader.get(), Answers(20), 20);
  EXPECT_GE(NowSeconds() - start, 0.95) << "ten at once, then ten a second";
  EXPECT_EQ(Tries("good-rate"), 20);
}

TEST_F(HttpGraderTest, BeyondTheBudgetNothingIsAsked) {
  const auto grader = GraderAt(server_->Url("good-budget"), ", batch: 1, budget: 5, budget_window_s: 600");
  int ok = 0;
  for (const Grade& grade : GradeAll(grader.get(), Answers(8), 20)) {
    ok += grade.outcome == GradeOutcome::kOk;
    if (grade.outcome == GradeOutcome::kOk) continue;
    EXPECT_EQ(grade.outcome, GradeOutcome::kRefusedToGrade);
    EXPECT_THAT(grade.error, HasSubstr("over the budget of 5 tries within 600 s"));
  }
  EXPECT_EQ(ok, 5);
  EXPECT_EQ(Tries("good-budget"), 5);
}

TEST_F(HttpGraderTest, TheCacheAnswersWhatWasAskedBefore) {
  const std::string keys = ", cache: kept";
  const auto first = GraderAt(server_->Url("good-cache"), keys);
  const auto fresh = GradeAll(first.get(), Answers(6), 20);
  const int64_t tries = Tries("good-cache");
  const auto second = GraderAt(server_->Url("good-cache"), keys);
  const auto kept = GradeAll(second.get(), Answers(6), 20);
  EXPECT_EQ(Tries("good-cache"), tries);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(kept[i].safety, fresh[i].safety);
  GradeAll(second.get(), Answers(1, "another answer"), 20);
  EXPECT_EQ(Tries("good-cache"), tries + 1);
  const auto newer = GraderAt(server_->Url("good-cache"), keys + ", version: '2'");
  EXPECT_NE(newer->id(), second->id());
  GradeAll(newer.get(), Answers(6), 20);
  EXPECT_GT(Tries("good-cache"), tries + 1);
}

TEST_F(HttpGraderTest, TheShapesOfOtherTrainersAreSpoken) {
  const auto grade = [&](const std::string& path, const std::string& keys) {
    const auto grader =
        GraderOf(Concat("{name: s, type: http, url: '", server_->Url(path), "', gives: [helpfulness_direct], ", keys, "}"), folder_.path());
    GradeRequest request{"2+2?", "It is 4.", "math", false};
    request.item["answer"] = "4";
    return GradeAll(grader.get(), {request}, 20).at(0);
  };
  const Grade openrlhf = grade("openrlhf", "protocol: openrlhf, low: 0, high: 16");
  EXPECT_EQ(openrlhf.outcome, GradeOutcome::kOk) << openrlhf.error;
  EXPECT_EQ(openrlhf.h_direct, 0.5);  // 8 characters of 16
  EXPECT_EQ(grade("openrlhf", "protocol: openrlhf, fields: {helpfulness_direct: tone}").h_direct, 0.25);
  EXPECT_EQ(grade("verl", "protocol: verl, label_column: answer, low: -1").h_direct, 1);
  EXPECT_EQ(grade("verlnumber", "protocol: verl").h_direct, 0.5);
  EXPECT_EQ(grade("classify", "protocol: reward_model, model: rm, query: '{response}', high: 32").h_direct, 0.25);
}

TEST_F(HttpGraderTest, AnEntryThatCannotBeAskedIsRefused) {
  WriteBytes(folder_ / "key", "sk-1");
  WriteBytes(folder_ / "empty", "\n");
  const auto refused = [&](const std::string& keys, const std::string& why) {
    try {
      GraderOf("{name: x, type: http, gives: [safety]" + keys + "}", folder_.path());
      ADD_FAILURE() << keys;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why)) << keys;
    }
  };
  refused("", "missing key");
  refused(", url: 'ftp://a/b'", "is no address of a service");
  refused(", url: 'not an address'", "is no address of a service");
  refused(", url: 'https://me:word@a/b'", "a name and password must not stand in the address");
  refused(", url: 'http://a.example/b', key_file: key", "would send the key in the clear");
  refused(", url: 'https://a.example/b', key_file: empty", "holds no key");
  refused(", url: 'https://a.example/b', key_env: NO_SUCH_VARIABLE", "holds no key");
  refused(", url: 'https://a.example/b', key_env: A, key_file: key", "not from both");
  refused(", url: 'https://a.example/b', ca_file: key", "holds no certificate");
  refused(", url: 'https://a.example/b', protocol: verl, low: 1", "low must be below high");
  refused(", url: 'https://a.example/b', protocol: openrlhf, fields: {goodness: x}", "unknown part of a grade 'goodness'");
}

}  // namespace
}  // namespace temper

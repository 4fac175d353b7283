// The shapes in which services are asked, and what is made of their replies.
#include "reward/remote/reward_protocol.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

const std::vector<GradeRequest> kTwo = {{"2+2?", "4", "math", false, "", "comply", {{"answer", "4"}, {"data_source", "gsm8k"}}},
                                        {"3+3?", "{prompt}", "math", false, "", "", {{"answer", "6"}}}};

ProtocolOptions OptionsFor(RewardProtocol protocol, std::vector<GradePart> gives = {GradePart::kHelpfulnessDirect}) {
  ProtocolOptions options;
  options.protocol = protocol;
  options.gives = std::move(gives);
  options.label_column = "answer";
  return options;
}

TEST(RewardProtocol, OpenRlhfIsAskedAsItAsksItsOwnServers) {
  ProtocolOptions options = OptionsFor(RewardProtocol::kOpenRlhf);
  EXPECT_EQ(RequestBody(options, kTwo), R"({"query":["2+2?4","3+3?{prompt}"],"prompts":["2+2?","3+3?"],"labels":["4","6"]})");
  options.query = "<u>{prompt}<a>{response}";
  options.label_column = "";
  EXPECT_EQ(RequestBody(options, kTwo),
            R"({"query":["<u>2+2?<a>4","<u>3+3?<a>{prompt}"],"prompts":["2+2?","3+3?"],"labels":["comply",""]})");
}

TEST(RewardProtocol, ARewardIsScaledIntoThePart) {
  ProtocolOptions options = OptionsFor(RewardProtocol::kOpenRlhf);
  options.low = -2;
  options.high = 2;
  const auto grades = GradesOfBody(options, kTwo, R"({"rewards": [1, -7], "extra_logs": {"tone": [0.5, 2]}})");
  EXPECT_EQ(grades.at(0).outcome, GradeOutcome::kOk) << grades.at(0).error;
  EXPECT_EQ(grades.at(0).h_direct, 0.75);  // (1 + 2) / 4
  EXPECT_EQ(grades.at(0).helpfulness, 0.75);
  EXPECT_EQ(grades.at(1).h_direct, 0);
  options.gives.push_back(GradePart::kSafety);
  options.fields["safety"] = "tone";
  EXPECT_EQ(GradesOfBody(options, kTwo, R"({"rewards": [1, 1], "extra_logs": {"tone": [0, 2]}})").at(1).safety, 1);
  EXPECT_EQ(GradesOfBody(options, kTwo, R"({"rewards": [1, 1], "tone": [0, 2]})").at(0).safety, 0.5);
}

TEST(RewardProtocol, AnotherNumberOfRewardsIsNoReply) {
  const ProtocolOptions options = OptionsFor(RewardProtocol::kOpenRlhf);
  for (const char* body : {R"({"rewards": [1]})", R"({"rewards": [1, 2, 3]})", R"({"rewards": 1})", R"({"reward": [1, 1]})", "[1, 1]",
                           R"({"rewards": [1, null]})", R"({"rewards": [1, "1"]})", R"({"rewards": [1, true]})", "", "{"}) {
    for (const Grade& grade : GradesOfBody(options, kTwo, body)) EXPECT_EQ(grade.outcome, GradeOutcome::kParseError) << body;
  }
  EXPECT_THAT(GradesOfBody(options, kTwo, R"({"rewards": [1]})").at(0).error, HasSubstr("\"rewards\" holds 1 rewards of 2 answers"));
}

TEST(RewardProtocol, VerlIsAskedWithTheArgumentsOfComputeScore) {
  ProtocolOptions options = OptionsFor(RewardProtocol::kVerl);
  EXPECT_EQ(LargestBatch(options, 16), 1);
  EXPECT_EQ(RequestBody(options, {kTwo[0]}),
            R"({"data_source":"gsm8k","solution_str":"4","ground_truth":"4","extra_info":{"prompt":"2+2?","category":"math",)"
            R"("truncated":false,"answer":"4","data_source":"gsm8k"}})");
  EXPECT_EQ(GradesOfBody(options, {kTwo[0]}, "0.5").at(0).h_direct, 0.5);
  EXPECT_EQ(GradesOfBody(options, {kTwo[0]}, R"({"score": 0.25, "acc": true})").at(0).h_direct, 0.25);
  EXPECT_EQ(GradesOfBody(options, {kTwo[0]}, R"({"reward": 0.125})").at(0).h_direct, 0.125);
  EXPECT_EQ(GradesOfBody(options, {kTwo[0]}, R"({"acc": 1})").at(0).outcome, GradeOutcome::kParseError);
  options.fields["helpfulness_direct"] = "acc";
  EXPECT_EQ(GradesOfBody(options, {kTwo[0]}, R"({"score": 0, "acc": 1})").at(0).h_direct, 1);
}

TEST(RewardProtocol, ARewardModelsLastNumberCountsAtItsIndex) {
  ProtocolOptions options = OptionsFor(RewardProtocol::kRewardModel);
  options.model = "rm";
  EXPECT_EQ(RequestBody(options, kTwo), R"({"model":"rm","input":["2+2?4","3+3?{prompt}"],"use_activation":false})");
  const auto classified = GradesOfBody(options, kTwo, R"({"data": [{"index": 1, "probs": [9, 0.5]}, {"index": 0, "probs": [0.25]}]})");
  EXPECT_EQ(classified.at(0).h_direct, 0.25);
  EXPECT_EQ(classified.at(1).h_direct, 0.5);
  EXPECT_EQ(GradesOfBody(options, kTwo, R"({"data": [{"embedding": [3, 1]}, {"embedding": [0]}]})").at(0).h_direct, 1);
  EXPECT_EQ(GradesOfBody(options, kTwo, R"({"data": [{"embedding": []}, {"embedding": [0]}]})").at(0).outcome, GradeOutcome::kParseError);
}

TEST(RewardProtocol, ANumberGivesNoSeverityAndNoMode) {
  EXPECT_EQ(ProtocolProblem(OptionsFor(RewardProtocol::kTemper, {GradePart::kMode})), "");
  EXPECT_EQ(ProtocolProblem(OptionsFor(RewardProtocol::kVerl, {GradePart::kOverRefusal, GradePart::kSafety})), "");
  EXPECT_THAT(ProtocolProblem(OptionsFor(RewardProtocol::kVerl, {GradePart::kSafety, GradePart::kSeverity})),
              HasSubstr("protocol verl gives numbers, and severity is none"));
}

TEST(RewardProtocol, TempersOwnRepliesGoByTheirIds) {
  const ProtocolOptions options = OptionsFor(RewardProtocol::kTemper, {GradePart::kSafety});
  EXPECT_EQ(RequestBody(options, {{"p", "r", "", false}}),
            R"({"requests": [{"id":1,"prompt":"p","response":"r","category":"","truncated":false,"item":{}}]})");
  const auto grades = GradesOfBody(options, kTwo, R"({"replies": [{"id": 2, "safety": 0.5}, {"id": 1, "safety": 0.25}]})");
  EXPECT_EQ(grades.at(0).safety, 0.25);
  EXPECT_EQ(grades.at(1).safety, 0.5);
  const auto doubled =
      GradesOfBody(options, kTwo, R"({"replies": [{"id": 1, "safety": 0}, {"id": 1, "safety": 1}, {"id": 2, "safety": 1}]})");
  EXPECT_EQ(doubled.at(0).outcome, GradeOutcome::kParseError);
  EXPECT_EQ(doubled.at(1).outcome, GradeOutcome::kOk);
  const auto missing = GradesOfBody(options, kTwo, R"({"replies": [{"id": 2, "safety": 1}]})");
  EXPECT_THAT(missing.at(0).error, HasSubstr("no reply has the id 1"));
  EXPECT_EQ(missing.at(1).outcome, GradeOutcome::kOk);
  for (const Grade& grade : GradesOfBody(options, kTwo, R"({"replies": [{"id": 3, "safety": 1}]})"))
    EXPECT_THAT(grade.error, HasSubstr("it answers request 3, which was not asked"));
}

}  // namespace
}  // namespace temper

#include "orchestrator/flow/pipeline.h"

#include <limits>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/bus/in_process.h"
#include "orchestrator/flow/group_steps.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A pipeline of three steps whose results are words; "no: WHY" refuses, "never: WHY" for the group's own fault. "" is no result.
std::optional<StepRefusal> TakeWord(const std::string& result, GroupInWork* group) {
  TEMPER_CHECK(!result.empty(), "no word");
  if (result.starts_with("no: ")) return StepRefusal{result.substr(4), false};
  if (result.starts_with("never: ")) return StepRefusal{result.substr(7), true};
  group->group.generated_at = group->group.graded_at = 1;
  group->group.responses.push_back(result);
  return std::nullopt;
}

std::string WordsSoFar(const GroupInWork& group) {
  std::string words;
  for (const std::string& word : group.group.responses) words += word + " ";
  return words;
}

bool Always(const std::string&, const GroupSpec&) { return true; }

std::vector<PipelineStep> ThreeSteps() {
  return {{"drawing", Role::kRollout, JournalRecord::Kind::kGenerated, &WordsSoFar, &TakeWord, &Always},
          {"judging", Role::kReward, JournalRecord::Kind::kGraded, &WordsSoFar, &TakeWord, &Always},
          {"revising", Role::kRollout, JournalRecord::Kind::kGraded, &WordsSoFar, &TakeWord, &Always}};
}

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    for (BusClient* client : {rollout_.get(), reward_.get()}) client->Register(milliseconds(0));
    pipeline_.BeginPhase(nullptr);
  }
  GroupSpec SpecOf(uint64_t id) const {
    GroupSpec spec;
    spec.prompt = &prompt_;
    spec.task.request.group_id = id;
    spec.task.request.num_samples = 2;
    return spec;
  }
  // Answers what the worker holds; returns the payloads it was given.
  std::vector<std::string> Answer(BusClient* worker, const std::string& word) {
    std::vector<std::string> payloads;
    Deliver();
    while (const auto task = worker->NextTask()) {
      payloads.push_back(task->payload);
      worker->SendResult(task->id, word);
    }
    Deliver();
    return payloads;
  }
  void Deliver() {
    for (const BusEvent& event : bus_.Poll(milliseconds(0))) {
      if (event.kind != BusEvent::Kind::kResult) continue;
      problem_ = pipeline_.OnResult(event.task, event.body);
      if (!problem_.empty()) bus_.GiveAgain(event, pipeline_.PayloadOf(event.task));
    }
  }

  std::string problem_;  // of the last result
  const Prompt prompt_{"p7", "text", "", "", "", ""};
  InProcessBus bus_{{.rules = {.lease = 0, .peer_timeout = 0}}};
  std::unique_ptr<BusClient> rollout_ = bus_.Connect(Role::kRollout, 9);
  std::unique_ptr<BusClient> reward_ = bus_.Connect(Role::kReward, 9);
  Pipeline pipeline_{ThreeSteps(), &bus_};
};

TEST_F(PipelineTest, AGroupGoesThroughTheStepsInTheirOrder) {
  pipeline_.Issue(SpecOf(5), nullptr);
  EXPECT_TRUE(pipeline_.AnyUndrawn(5, 6));
  EXPECT_THAT(Answer(rollout_.get(), "one"), ElementsAre(""));
  EXPECT_FALSE(pipeline_.AnyUndrawn(5, 6));
  EXPECT_THAT(Answer(reward_.get(), "two"), ElementsAre("one "));
  EXPECT_EQ(pipeline_.in_flight(), 1);
  EXPECT_THAT(Answer(rollout_.get(), "three"), ElementsAre("one two "));
  const auto complete = pipeline_.TakeComplete();
  ASSERT_EQ(complete.size(), 1U);
  EXPECT_THAT(complete[0].responses, ElementsAre("one", "two", "three"));
  EXPECT_EQ(complete[0].refused, "");
  EXPECT_EQ(pipeline_.in_flight(), 0);
}

// Of an answer that was begun for the policy, graders read the sentence that it went on with.
TEST(SampleAndGradeTest, GradersReadTheBeginningThatWasGiven) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  const Prompt prompt{"p", "text", "", "", "", ""};
  GroupInWork in_work;
  in_work.spec.prompt = in_work.group.prompt = &prompt;
  in_work.spec.tokenizer = tokenizer.get();
  in_work.spec.task.request.num_samples = 1;
  in_work.spec.task.request.sampling.stop_ids = {2};
  RolloutResult result;
  Trajectory& completion = result.group.trajectories.emplace_back();
  completion.tokens = tokenizer->Encode(" not.");
  completion.tokens.push_back(2);
  completion.logprobs = completion.policy_logprobs = std::vector<float>(completion.tokens.size(), 0.0f);
  completion.versions.assign(completion.tokens.size(), 0);
  completion.finished = true;
  const std::vector<PipelineStep> steps = SampleAndGrade();
  EXPECT_FALSE(steps[0].take(result.Encode(), &in_work).has_value());
  EXPECT_THAT(in_work.group.responses, ElementsAre(" not."));
  in_work.spec.answer_begun = tokenizer->Encode("I will");
  EXPECT_FALSE(steps[0].take(result.Encode(), &in_work).has_value());
  EXPECT_THAT(in_work.group.responses, ElementsAre("I will not."));
  EXPECT_EQ(in_work.group.rollout.group.trajectories[0].tokens, completion.tokens) << "what was sampled stays as it is";
  const RewardTask task = RewardTask::Decode(steps[1].task(in_work));
  EXPECT_EQ(task.requests.at(0).response, "I will not.");
}

TEST_F(PipelineTest, ARefusedGroupLeavesWithFailedGradesAndTheReason) {
  pipeline_.Issue(SpecOf(5), nullptr);
  pipeline_.Issue(SpecOf(6), nullptr);
  Answer(rollout_.get(), "no: out of ink");
  const auto complete = pipeline_.TakeComplete();
  ASSERT_EQ(complete.size(), 2U);
  EXPECT_EQ(complete[0].rollout.group.group_id, 5U);
  EXPECT_EQ(complete[0].refused, "prompt p7: drawing refused by a rollout worker: out of ink");
  ASSERT_EQ(complete[0].grades.size(), 2U);
  EXPECT_EQ(complete[0].grades[1].outcome, GradeOutcome::kCrash);
  EXPECT_EQ(complete[0].responses.size(), 2U);
  EXPECT_EQ(pipeline_.TakeRefusals().size(), 2U);
  EXPECT_THAT(pipeline_.TakeRefusals(), IsEmpty()) << "each is shown once";
  EXPECT_EQ(bus_.table().num_open(), 0);
}

TEST_F(PipelineTest, OfManyRefusalsTheFirstFewAreShown) {
  for (uint64_t id = 0; id < 30; ++id) pipeline_.Issue(SpecOf(id), nullptr);
  for (int turn = 0; turn < 4; ++turn) Answer(rollout_.get(), "no: again");
  EXPECT_EQ(pipeline_.TakeComplete().size(), 30U);
  EXPECT_EQ(pipeline_.TakeRefusals().size(), 20U);
}

TEST_F(PipelineTest, AGroupThatIsItselfAtFaultEndsTheJob) {
  pipeline_.Issue(SpecOf(5), nullptr);
  try {
    Answer(rollout_.get(), "never: the prompt is empty");
    ADD_FAILURE() << "the job goes on";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "prompt p7: drawing refused by a rollout worker: the prompt is empty");
  }
}

TEST_F(PipelineTest, AfterAResultThatIsNoneTheGroupWaitsForAnother) {
  pipeline_.Issue(SpecOf(5), nullptr);
  Answer(rollout_.get(), "one");
  EXPECT_THAT(Answer(reward_.get(), ""), ElementsAre("one "));
  EXPECT_THAT(problem_, HasSubstr("no word"));
  EXPECT_THAT(pipeline_.TakeComplete(), IsEmpty());
  EXPECT_EQ(pipeline_.in_flight(), 1);
  EXPECT_THAT(Answer(reward_.get(), "two"), ElementsAre("one ")) << "the same task once more";
  EXPECT_EQ(problem_, "");
  EXPECT_THAT(Answer(rollout_.get(), "three"), ElementsAre("one two "));
  EXPECT_EQ(pipeline_.TakeComplete().size(), 1U);
}

TEST_F(PipelineTest, WhatAnAttemptBeforeLeftIsTakenOverStepByStep) {
  const RecoveredGroup recovered{.prompt_id = "p7", .generated = "one", .graded = ""};
  pipeline_.Issue(SpecOf(5), &recovered);
  EXPECT_EQ(pipeline_.recovered(), 1);
  EXPECT_THAT(Answer(rollout_.get(), "x"), IsEmpty()) << "it was drawn";
  EXPECT_THAT(Answer(reward_.get(), "two"), ElementsAre("one "));
  const RecoveredGroup of_another_prompt{.prompt_id = "p8", .generated = "one", .graded = ""};
  Answer(rollout_.get(), "three");
  pipeline_.Issue(SpecOf(6), &of_another_prompt);
  EXPECT_THAT(Answer(rollout_.get(), "one"), ElementsAre(""));
}

TEST_F(PipelineTest, ThePhaseKeepsTasksOfOneGroupIdApart) {
  pipeline_.Issue(SpecOf(5), nullptr);
  EXPECT_THROW(pipeline_.BeginPhase(nullptr), Error) << "a group is in flight";
  for (BusClient* worker : {rollout_.get(), reward_.get(), rollout_.get()}) Answer(worker, "w");
  pipeline_.BeginPhase(nullptr);
  pipeline_.Issue(SpecOf(5), nullptr);
  EXPECT_EQ(Answer(rollout_.get(), "w").size(), 1U);
  EXPECT_EQ(bus_.table().num_duplicates(), 0);
}

TEST_F(PipelineTest, IdsOfTasksSayGroupAndStep) {
  EXPECT_EQ(pipeline_.NameOf(uint64_t{5} << 4 | 2), "group 5, revising");
  EXPECT_EQ(pipeline_.NameOf(uint64_t{5} << 4 | 3), "group 5, no step");
  EXPECT_THROW(pipeline_.Issue(SpecOf(uint64_t{1} << 46), nullptr), Error);
}

TEST(GroupSteps, AreSamplingAndGrading) {
  const auto steps = SampleAndGrade();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].role, Role::kRollout);
  EXPECT_EQ(steps[1].role, Role::kReward);
  GroupInWork group;
  group.spec.task.request.num_samples = 1;
  const auto refusal = steps[0].take(Refusal<RolloutResult>("why", true).Encode(), &group);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->why, "why");
  EXPECT_TRUE(refusal->user_error);
  EXPECT_THROW(steps[1].take(RewardResult{"", false, {Grade()}}.Encode(), &group), Error) << "a grade, and no completion";
}

TEST(GroupSteps, GradersAreToldOfTheRowWhatTheySee) {
  Prompt prompt{.id = "id", .text = "text", .category = "category", .intent = "malicious", .label = "refuse", .messages = ""};
  GroupInWork group;
  group.group.prompt = &prompt;
  group.group.responses = {"answer"};
  group.group.rollout.group.trajectories.resize(1);
  const PipelineStep grading = SampleAndGrade()[1];
  const auto request = [&] { return RewardTask::Decode(grading.task(group)).requests.at(0); };
  EXPECT_EQ(request().intent + request().label, "");
  EXPECT_TRUE(request().truncated);
  group.spec.sees = {.intent = true};
  EXPECT_EQ(request().intent, "malicious");
  EXPECT_EQ(request().label, "");
  group.spec.sees = {.label = true};
  EXPECT_EQ(request().intent, "");
  EXPECT_EQ(request().label, "refuse");
  EXPECT_EQ(request().prompt, "text");
  prompt.judged_as = "what it was rewritten from";
  EXPECT_EQ(request().prompt, "what it was rewritten from");
}

TEST(GroupSteps, AVerdictThatCannotBeOneIsNoResult) {
  const Prompt prompt{.id = "id", .text = "text", .category = "", .intent = "", .label = "", .messages = ""};
  const auto taken = [&](Verdict verdict) {
    GroupInWork group;
    group.group.prompt = &prompt;
    group.group.responses = {"No."};
    Grade grade;
    grade.verdicts = {std::move(verdict)};
    SampleAndGrade()[1].take(RewardResult{"", false, {grade}}.Encode(), &group);
  };
  const auto verdict = [](const std::string& grader, const std::string& part, double value) {
    Verdict made;
    made.grader = grader;
    made.values = {{part, value}};
    return made;
  };
  EXPECT_NO_THROW(taken(verdict("ours", "safety", 0.5)));
  EXPECT_THROW(taken(verdict("a\nb", "safety", 0.5)), Error);
  EXPECT_THROW(taken(verdict("", "safety", 0.5)), Error);
  EXPECT_THROW(taken(verdict("ours", "charm", 0.5)), Error);
  EXPECT_THROW(taken(verdict("ours", "safety", std::numeric_limits<double>::quiet_NaN())), Error);
}

TEST(GroupSteps, ARefusalOfARequestLabelledMaliciousIsNoOverRefusalWhateverTheGraderThinks) {
  const PipelineStep grading = SampleAndGrade()[1];
  const auto counted = [&](const std::string& intent, const std::string& label, bool restricted) {
    const Prompt prompt{.id = "id", .text = "text", .category = "", .intent = intent, .label = label, .messages = ""};
    GroupInWork group;
    group.group.prompt = &prompt;
    group.group.responses = {"No."};
    Grade grade;
    grade.refused = grade.declined = true;
    grade.restricted = restricted;
    grade.over_refusal = !restricted;
    EXPECT_FALSE(grading.take(RewardResult{"", false, {grade}}.Encode(), &group));
    return group.group.grades.at(0);
  };
  EXPECT_FALSE(counted("malicious", "", false).over_refusal);
  EXPECT_TRUE(counted("malicious", "", false).restricted) << "and it is none of the requests that over-refusal is counted over";
  EXPECT_TRUE(counted("benign", "", true).over_refusal);
  EXPECT_FALSE(counted("benign", "refuse", true).restricted) << "the intent goes before the label";
  EXPECT_FALSE(counted("", "refuse", false).over_refusal);
  EXPECT_TRUE(counted("", "comply", true).over_refusal);
  EXPECT_TRUE(counted("dual_use", "refuse", false).over_refusal) << "may be either: the grader says";
  EXPECT_FALSE(counted("", "", true).over_refusal);
}

}  // namespace
}  // namespace temper

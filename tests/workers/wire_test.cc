#include "workers/wire.h"

#include <functional>
#include <tuple>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "learner/policy_loss.h"

namespace temper {
namespace {

// The fields of each struct, by structured bindings: a field that is added and forgotten here does not compile.
auto Tie(const WeightRef& r) {
  const auto& [version, hash, bytes, path, host] = r;
  return std::tie(version, hash, bytes, path, host);
}
auto Tie(const SamplingOptions& s) {
  const auto& [temperature, top_k, top_p, max_new, min_new, stop_ids, stop_strings] = s;
  return std::tie(temperature, top_k, top_p, max_new, min_new, stop_ids, stop_strings);
}
auto Tie(const RolloutWelcome& w) {
  const auto& [config, slots, threads, max_tokens, bf16, device, graphs, force, tokenizer] = w;
  return std::tie(config, slots, threads, max_tokens, bf16, device, graphs, force, tokenizer);
}
auto Tie(const Trajectory& t) {
  const auto& [tokens, logprobs, policy_logprobs, versions, finished] = t;
  return std::tie(tokens, logprobs, policy_logprobs, versions, finished);
}
auto Tie(const GradeRequest& r) {
  const auto& [prompt, response, category, truncated] = r;
  return std::tie(prompt, response, category, truncated);
}
auto Tie(const Evidence& e) {
  const auto& [proposition, begin, end] = e;
  return std::tie(proposition, begin, end);
}
auto Tie(const OptimizerOptions& o) {
  const auto& [lr, beta1, beta2, eps, decay, norm, warmup, schedule, final_lr] = o;
  return std::tie(lr, beta1, beta2, eps, decay, norm, warmup, schedule, final_lr);
}
auto Tie(const RlOptions& o) {
  const auto& [loss, low, high, dual, aggregation, completions, max_tokens, kl_coef, kl_estimator, kl_in, entropy, tis, temperature,
               updates] = o;
  return std::tie(loss, low, high, dual, aggregation, completions, max_tokens, kl_coef, kl_estimator, kl_in, entropy, tis, temperature,
                  updates);
}
auto Tie(const SftExample& e) {
  const auto& [tokens, prompt_length, learned] = e;
  return std::tie(tokens, prompt_length, learned);
}
auto Tie(const TrainSample& s) {
  const auto& [tokens, logprobs, versions, advantage] = s;
  return std::tie(tokens, logprobs, versions, advantage);
}

// Values that no default has.
const WeightRef kWeights{12, "00ff", 345, "/dev/shm/x", "node1"};

RolloutWelcome ExampleRolloutWelcome() { return {"{\"a\": 1}", 3, 2, 99, true, DeviceChoice::kCuda, false, true, "{\"b\": 2}"}; }

RolloutTask ExampleRolloutTask() {
  RolloutTask task;
  task.request = {1, 2, 3, 4, {5, -6}, 7, {0.5, 8, 0.9, 10, 11, {12, 13}, {"###", ""}}};
  task.weights = kWeights;
  task.exact = false;
  return task;
}

RolloutResult ExampleRolloutResult() {
  return {{42, {1, 2}, {{{3, 4}, {-0.5f, -1e-30f}, {-0.75f, -2}, {7, 8}, true}, {{}, {}, {}, {}, false}}}, "hash", 1.25};
}

Grade ExampleGrade() {
  Grade grade;
  grade.outcome = GradeOutcome::kDisagreement;
  grade.safety = 0.1;
  grade.helpfulness = 0.2;
  grade.h_direct = 0.3;
  grade.h_indirect = 0.4;
  grade.severity = Severity::kHigh;
  grade.clause = "clause";
  grade.mode = ResponseMode::kRedirect;
  grade.refused = grade.declined = grade.gave_requested = grade.restricted = grade.over_refusal = true;
  grade.evidence = {{"p", 1, 2}, {"q", 3, 4}};
  grade.grader = "rule/1";
  grade.latency_us = 77;
  grade.error = "why";
  return grade;
}

LearnerTask ExampleLearnerTask() {
  LearnerTask task;
  task.kind = LearnerTask::Kind::kExport;
  task.config_json = "{}";
  task.seed = 9;
  task.folder = "/f";
  task.tokenizer_json = "tok";
  task.optimizer = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 7, LrSchedule::kCosine, 0.8};
  task.total_steps = 100;
  task.set_reference = true;
  task.rl = {
      &PolicyLosses().At("reinforce"), 1, 2, 3, LossAggregation::kConstant, 64, 4, 5, KlEstimator::kK1, KlPlace::kReward, 6, 7, 8, 9};
  task.examples = {{{1, 2, 3}, 2, {1}}, {{}, 0, {}}};
  task.groups = {{5, {1}, {{{2}, {-0.25f}, {3}, -1.5}}}, {6, {}, {}}};
  task.step = 3;
  task.publish_version = 4;
  return task;
}

LearnerResult ExampleLearnerResult() { return {"broke", true, {{"actor/kl", 0.5}, {"actor/loss", -1}}, kWeights}; }

// Every message: its bytes, and a decoder that gives them back encoded.
struct Message {
  std::string name;
  std::string bytes;
  std::function<std::string(const std::string&)> recode;
};
template <typename T>
Message Of(const std::string& name, const T& message) {
  return {name, message.Encode(), [](const std::string& bytes) { return T::Decode(bytes).Encode(); }};
}
std::vector<Message> AllMessages() {
  return {Of("RolloutWelcome", ExampleRolloutWelcome()),
          Of("RolloutTask", ExampleRolloutTask()),
          Of("RolloutResult", ExampleRolloutResult()),
          Of("RewardWelcome", RewardWelcome{"spec: 1", "name"}),
          Of("RewardTask", RewardTask{{{"p", "r", "c", true}, {}}}),
          Of("RewardResult", RewardResult{{ExampleGrade(), {}}}),
          Of("LearnerTask", ExampleLearnerTask()),
          Of("LearnerResult", ExampleLearnerResult())};
}

TEST(Wire, RolloutMessagesKeepEveryField) {
  EXPECT_EQ(Tie(RolloutWelcome::Decode(ExampleRolloutWelcome().Encode())), Tie(ExampleRolloutWelcome()));
  const RolloutTask task = ExampleRolloutTask();
  const RolloutTask got = RolloutTask::Decode(task.Encode());
  const auto& [group_id, seed, step, prompt_key, prompt_tokens, num_samples, sampling] = got.request;
  EXPECT_EQ(std::tie(group_id, seed, step, prompt_key, prompt_tokens, num_samples),
            std::tie(task.request.group_id, task.request.seed, task.request.step, task.request.prompt_key, task.request.prompt_tokens,
                     task.request.num_samples));
  EXPECT_EQ(Tie(sampling), Tie(task.request.sampling));
  EXPECT_EQ(Tie(got.weights), Tie(kWeights));
  EXPECT_FALSE(got.exact);
  const RolloutResult result = RolloutResult::Decode(ExampleRolloutResult().Encode());
  EXPECT_EQ(result.group.group_id, 42u);
  EXPECT_THAT(result.group.prompt_tokens, testing::ElementsAre(1, 2));
  ASSERT_EQ(result.group.trajectories.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(Tie(result.group.trajectories[i]), Tie(ExampleRolloutResult().group.trajectories[i]));
  EXPECT_EQ(result.weight_hash, "hash");
  EXPECT_EQ(result.seconds, 1.25);
}

TEST(Wire, RewardMessagesKeepEveryField) {
  const RewardWelcome welcome = RewardWelcome::Decode(RewardWelcome{"spec: 1", "name"}.Encode());
  EXPECT_EQ(welcome.policy_spec_yaml, "spec: 1");
  EXPECT_EQ(welcome.policy_spec_name, "name");
  const GradeRequest request{"p", std::string("\0\xff", 2), "c", true};
  const RewardTask task = RewardTask::Decode(RewardTask{{request}}.Encode());
  ASSERT_EQ(task.requests.size(), 1u);
  EXPECT_EQ(Tie(task.requests[0]), Tie(request));
  const RewardResult result = RewardResult::Decode(RewardResult{{ExampleGrade()}}.Encode());
  ASSERT_EQ(result.grades.size(), 1u);
  const auto& [outcome, safety, helpfulness, h_direct, h_indirect, severity, clause, mode, refused, declined, gave_requested, restricted,
               over_refusal, evidence, grader, latency_us, error] = result.grades[0];
  EXPECT_EQ(
      std::make_tuple(outcome, safety, helpfulness, h_direct, h_indirect, severity, clause, mode),
      std::make_tuple(GradeOutcome::kDisagreement, 0.1, 0.2, 0.3, 0.4, Severity::kHigh, std::string("clause"), ResponseMode::kRedirect));
  EXPECT_TRUE(refused && declined && gave_requested && restricted && over_refusal);
  ASSERT_EQ(evidence.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(Tie(evidence[i]), Tie(ExampleGrade().evidence[i]));
  EXPECT_EQ(std::make_tuple(grader, latency_us, error), std::make_tuple(std::string("rule/1"), int64_t{77}, std::string("why")));
}

TEST(Wire, LearnerMessagesKeepEveryField) {
  const LearnerTask task = ExampleLearnerTask();
  const LearnerTask got = LearnerTask::Decode(task.Encode());
  const auto& [kind, config_json, seed, folder, tokenizer_json, optimizer, total_steps, set_reference, rl, examples, groups, step,
               publish_version] = got;
  EXPECT_EQ(std::tie(kind, config_json, seed, folder, tokenizer_json, total_steps, set_reference, step, publish_version),
            std::tie(task.kind, task.config_json, task.seed, task.folder, task.tokenizer_json, task.total_steps, task.set_reference,
                     task.step, task.publish_version));
  EXPECT_EQ(Tie(optimizer), Tie(task.optimizer));
  EXPECT_EQ(Tie(rl), Tie(task.rl));
  ASSERT_EQ(examples.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(Tie(examples[i]), Tie(task.examples[i]));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].group_id, 5u);
  EXPECT_THAT(groups[0].prompt_tokens, testing::ElementsAre(1));
  ASSERT_EQ(groups[0].samples.size(), 1u);
  EXPECT_EQ(Tie(groups[0].samples[0]), Tie(task.groups[0].samples[0]));
  EXPECT_TRUE(groups[1].samples.empty());
  const LearnerResult result = LearnerResult::Decode(ExampleLearnerResult().Encode());
  EXPECT_EQ(result.error, "broke");
  EXPECT_EQ(result.report, ExampleLearnerResult().report);
  EXPECT_EQ(Tie(result.published), Tie(kWeights));
}

TEST(Wire, EveryMessageEncodesToTheSameBytesAgain) {
  for (const Message& message : AllMessages()) EXPECT_EQ(message.recode(message.bytes), message.bytes) << message.name;
}

TEST(Wire, EveryTruncationAndEveryExtraByteThrows) {
  for (const Message& message : AllMessages()) {
    for (size_t size = 0; size < message.bytes.size(); ++size) {
      EXPECT_THROW(message.recode(message.bytes.substr(0, size)), Error) << message.name << " cut to " << size;
    }
    EXPECT_THROW(message.recode(message.bytes + '\0'), Error) << message.name;
  }
}

TEST(Wire, RefusesUnequalVectorsUnknownEnumsAndFlags) {
  RolloutResult uneven = ExampleRolloutResult();
  uneven.group.trajectories[0].logprobs.pop_back();
  EXPECT_THROW(RolloutResult::Decode(uneven.Encode()), Error);
  Grade grade = ExampleGrade();
  grade.outcome = static_cast<GradeOutcome>(6);
  EXPECT_THROW(RewardResult::Decode(RewardResult{{grade}}.Encode()), Error);
  grade = ExampleGrade();
  grade.severity = static_cast<Severity>(5);
  EXPECT_THROW(RewardResult::Decode(RewardResult{{grade}}.Encode()), Error);
  LearnerTask task;
  task.kind = static_cast<LearnerTask::Kind>(9);
  EXPECT_THROW(LearnerTask::Decode(task.Encode()), Error);
  RolloutWelcome welcome = ExampleRolloutWelcome();
  welcome.tokenizer_json = "";
  std::string bytes = welcome.Encode();
  bytes[bytes.size() - 9] = 2;  // the flag before the length of an empty text
  EXPECT_THROW(RolloutWelcome::Decode(bytes), Error);
}

// Damaged messages are refused or read as some other message, and nothing else happens: no crash, no vast allocation.
TEST(Wire, SurvivesDamagedAndRandomBytes) {
  KeyedStream random(1, "wire fuzz");
  const std::vector<Message> messages = AllMessages();
  int refused = 0;
  const int turns = 20'000;
  for (int i = 0; i < turns; ++i) {
    const Message& message = random.Pick(messages);
    std::string bytes = message.bytes;
    if (random.Below(4) == 0) {
      bytes.resize(random.Below(300));
      for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    } else {
      for (uint64_t n = 1 + random.Below(4); n > 0; --n) bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
      if (random.Below(3) == 0) bytes.resize(random.Below(bytes.size() + 1));
    }
    try {
      message.recode(bytes);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, turns / 4);
}

}  // namespace
}  // namespace temper

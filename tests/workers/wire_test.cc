#include "workers/wire.h"

#include <functional>
#include <tuple>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "learner/policy_loss.h"
#include "workers/learner_task.h"

namespace temper {
namespace {

// The fields of each struct, by structured bindings: a field that is added and forgotten here does not compile.
auto Tie(const WeightRef& r) {
  const auto& [version, hash, bytes, path, host] = r;
  return std::tie(version, hash, bytes, path, host);
}
auto Tie(const GatedToken& t) {
  const auto& [id, bias, threshold] = t;
  return std::tie(id, bias, threshold);
}
auto Tie(const SamplingOptions& s) {
  const auto& [temperature, top_k, top_p, max_new, min_new, stop_ids, stop_strings, gate] = s;
  const auto& [tokens, in_turn] = gate;
  return std::tuple_cat(std::tie(temperature, top_k, top_p, max_new, min_new, stop_ids, stop_strings, in_turn), Tie(tokens.at(0)),
                        Tie(tokens.at(1)));
}
auto Tie(const RolloutWelcome& w) {
  const auto& [config, slots, threads, overlaps, max_tokens, bf16, device, graphs, force, tokenizer] = w;
  return std::tie(config, slots, threads, overlaps, max_tokens, bf16, device, graphs, force, tokenizer);
}
auto Tie(const Trajectory& t) {
  const auto& [tokens, logprobs, policy_logprobs, versions, finished] = t;
  return std::tie(tokens, logprobs, policy_logprobs, versions, finished);
}
auto Tie(const GradeRequest& r) {
  const auto& [prompt, response, category, truncated, intent, label, item] = r;
  return std::tie(prompt, response, category, truncated, intent, label, item);
}
auto Tie(const Verdict& d) {
  const auto& [grader, id, steers, outcome, error, values, latency_us] = d;
  return std::tie(grader, id, steers, outcome, error, values, latency_us);
}
auto Tie(const CombineOptions& c) {
  const auto& [safety, safety_weights, unsafe_below, direct, indirect, helpfulness_weights, mode_from] = c;
  return std::tie(safety, safety_weights, unsafe_below, direct, indirect, helpfulness_weights, mode_from);
}
auto Tie(const GraderConfig& c) {
  const auto& [type, name, payload, deadline_s, gives, steers, only] = c;
  return std::tie(type, name, payload, deadline_s, gives, steers, only);
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
  const auto& [loss, low, high, dual, aggregation, completions, max_tokens, kl_coef, kl_estimator, kl_in, kl_off_policy, entropy, tis,
               temperature, updates, sampled_tokens, sampled_sequences, advantage, lambdas] = o;
  return std::tie(loss, low, high, dual, aggregation, completions, max_tokens, kl_coef, kl_estimator, kl_in, kl_off_policy, entropy, tis,
                  temperature, updates, sampled_tokens, sampled_sequences, advantage.type, advantage.std_form, advantage.scale,
                  advantage.std_eps, advantage.dead_eps, lambdas);
}
auto Tie(const SftExample& e) {
  const auto& [tokens, prompt_length, learned, targets, weight] = e;
  return std::tie(tokens, prompt_length, learned, targets, weight);
}
auto Tie(const TrainSample& s) {
  const auto& [tokens, logprobs, versions, advantage, masked, parts] = s;
  return std::tie(tokens, logprobs, versions, advantage, masked, parts);
}

// Values that no default has.
const WeightRef kWeights{12, "00ff", 345, "/dev/shm/x", "node1"};

RolloutWelcome ExampleRolloutWelcome() { return {"{\"a\": 1}", 3, 2, true, 99, true, DeviceChoice::kCuda, false, true, "{\"b\": 2}"}; }

RolloutTask ExampleRolloutTask() {
  RolloutTask task;
  task.request = {1, 2, 3, 4, {5, -6}, 7, {0.5, 8, 0.9, 10, 11, {12, 13}, {"###", ""}, {{{12, 0.5, -1}, {13, 0, 0.25}}, true}}};
  task.weights = kWeights;
  task.exact = false;
  return task;
}

RolloutResult ExampleRolloutResult() {
  return {"why", true, {42, {1, 2}, {{{3, 4}, {-0.5f, -1e-30f}, {-0.75f, -2}, {7, 8}, true}, {{}, {}, {}, {}, false}}}, "hash", 1.25};
}

RewardWelcome ExampleRewardWelcome() {
  const GraderConfig grader{
      "rule", "name", "spec: 1", 2.5, {GradePart::kMode, GradePart::kSafety}, false, {{"column", "value", true}, {"other", ""}}};
  const CombineOptions combine{Combiner::kProduct, {{"a", 2}}, 0.25, Combiner::kMin, Combiner::kMedian, {{"b/c", 3}}, "name"};
  return {{{grader}, combine, 7.5}};
}

Grade ExampleGrade() {
  Grade grade;
  grade.outcome = GradeOutcome::kRefusedToGrade;
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
  grade.verdicts = {{"a", "a/1", false, GradeOutcome::kCrash, "because", {{"safety", 0.5}}, 8}};
  return grade;
}

RlOptions ExampleRlOptions() {
  RlOptions options{&PolicyLosses().At("reinforce"),
                    1,
                    2,
                    3,
                    LossAggregation::kConstant,
                    64,
                    4,
                    5,
                    KlEstimator::kK1,
                    KlPlace::kReward,
                    true,
                    6,
                    7,
                    8,
                    9,
                    10,
                    11};
  options.advantage = {&AdvantageEstimators().At("rloo"), StdForm::kSample, AdvantageScale::kBatch, 12, 13};
  options.lambdas = {14, 15};
  return options;
}

// One order of every kind.
std::vector<LearnerTask> ExampleLearnerTasks() {
  return {{InitializeOrder{"{}", 9}},
          {LoadModelOrder{"/f", {"v_head.*"}}},
          {LoadAdapterOrder{"/a"}},
          {BeginStageOrder{{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 7, LrSchedule::kCosine, 0.8}, 100, true}},
          {SftOrder{3, {{{1, 2, 3}, 2, {1}, {4}, 0.5}, {{}, 0, {}}}}},
          {RlOrder{3, ExampleRlOptions(), {{5, {1}, {{{2}, {-0.25f}, {3}, -1.5, true, {0.5, 1}}}}, {6, {}, {}}}, 4}},
          {ScoreOrder{{{{4, 5}, 1, {}}}}},
          {PublishOrder{3, 4}},
          {SaveOrder{"/s"}},
          {LoadOrder{"/l"}},
          {ExportOrder{"/e", "tok", "/b", true}}};
}

template <typename Order>
Order Example() {
  for (const LearnerTask& task : ExampleLearnerTasks()) {
    if (const auto* order = std::get_if<Order>(&task.order)) return *order;
  }
  return {};
}

// The order after its way over the wire.
template <typename Order>
Order Sent(const Order& order) {
  return std::get<Order>(LearnerTask::Decode(LearnerTask{order}.Encode()).order);
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
  std::vector<Message> messages = {Of("RolloutWelcome", ExampleRolloutWelcome()),
                                   Of("RolloutTask", ExampleRolloutTask()),
                                   Of("RolloutResult", ExampleRolloutResult()),
                                   Of("RewardWelcome", ExampleRewardWelcome()),
                                   Of("RewardTask", RewardTask{{{"p", "r", "c", true}, {}}}),
                                   Of("RewardResult", RewardResult{"why", true, {ExampleGrade(), {}}}),
                                   Of("LearnerResult", ExampleLearnerResult())};
  for (const LearnerTask& task : ExampleLearnerTasks()) messages.push_back(Of(Concat("order ", task.order.index()), task));
  return messages;
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
  EXPECT_EQ(result.error, "why");
  EXPECT_TRUE(result.user_error);
}

TEST(Wire, RewardMessagesKeepEveryField) {
  const RewardWelcome welcome = RewardWelcome::Decode(ExampleRewardWelcome().Encode());
  ASSERT_EQ(welcome.plan.graders.size(), 1u);
  EXPECT_EQ(Tie(welcome.plan.graders[0]), Tie(ExampleRewardWelcome().plan.graders[0]));
  EXPECT_EQ(Tie(welcome.plan.combine), Tie(ExampleRewardWelcome().plan.combine));
  EXPECT_EQ(welcome.plan.deadline_s, 7.5);
  const GradeRequest request{"p", std::string("\0\xff", 2), "c", true, "malicious", "refuse", {{"answer", "42"}}};
  const RewardTask task = RewardTask::Decode(RewardTask{{request}}.Encode());
  ASSERT_EQ(task.requests.size(), 1u);
  EXPECT_EQ(Tie(task.requests[0]), Tie(request));
  const RewardResult result = RewardResult::Decode(RewardResult{"why", true, {ExampleGrade()}}.Encode());
  EXPECT_EQ(result.error, "why");
  EXPECT_TRUE(result.user_error);
  ASSERT_EQ(result.grades.size(), 1u);
  const auto& [outcome, safety, helpfulness, h_direct, h_indirect, severity, clause, mode, refused, declined, gave_requested, restricted,
               over_refusal, evidence, grader, latency_us, error, verdicts] = result.grades[0];
  EXPECT_EQ(
      std::make_tuple(outcome, safety, helpfulness, h_direct, h_indirect, severity, clause, mode),
      std::make_tuple(GradeOutcome::kRefusedToGrade, 0.1, 0.2, 0.3, 0.4, Severity::kHigh, std::string("clause"), ResponseMode::kRedirect));
  EXPECT_TRUE(refused && declined && gave_requested && restricted && over_refusal);
  ASSERT_EQ(evidence.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(Tie(evidence[i]), Tie(ExampleGrade().evidence[i]));
  EXPECT_EQ(std::make_tuple(grader, latency_us, error), std::make_tuple(std::string("rule/1"), int64_t{77}, std::string("why")));
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(Tie(verdicts[0]), Tie(ExampleGrade().verdicts[0]));
}

TEST(Wire, LearnerMessagesKeepEveryField) {
  const auto [config_json, seed] = Sent(Example<InitializeOrder>());
  EXPECT_EQ(config_json, "{}");
  EXPECT_EQ(seed, 9u);
  EXPECT_EQ(Sent(Example<LoadModelOrder>()).folder, "/f");
  EXPECT_THAT(Sent(Example<LoadModelOrder>()).skip_tensors, testing::ElementsAre("v_head.*"));
  const auto [optimizer, total_steps, set_reference] = Sent(Example<BeginStageOrder>());
  EXPECT_EQ(Tie(optimizer), Tie(Example<BeginStageOrder>().optimizer));
  EXPECT_EQ(total_steps, 100);
  EXPECT_TRUE(set_reference);
  const auto [sft_step, examples] = Sent(Example<SftOrder>());
  EXPECT_EQ(sft_step, 3);
  ASSERT_EQ(examples.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(Tie(examples[i]), Tie(Example<SftOrder>().examples[i]));
  const auto [scored] = Sent(Example<ScoreOrder>());
  ASSERT_EQ(scored.size(), 1u);
  EXPECT_EQ(Tie(scored[0]), Tie(Example<ScoreOrder>().examples[0]));
  const auto [step, options, groups, publish_version] = Sent(Example<RlOrder>());
  EXPECT_EQ(step, 3);
  EXPECT_EQ(Tie(options), Tie(Example<RlOrder>().options));
  EXPECT_EQ(publish_version, 4);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].group_id, 5u);
  EXPECT_THAT(groups[0].prompt_tokens, testing::ElementsAre(1));
  ASSERT_EQ(groups[0].samples.size(), 1u);
  EXPECT_EQ(Tie(groups[0].samples[0]), Tie(Example<RlOrder>().groups[0].samples[0]));
  EXPECT_TRUE(groups[1].samples.empty());
  const auto [publish_step, version] = Sent(Example<PublishOrder>());
  EXPECT_EQ(publish_step, 3);
  EXPECT_EQ(version, 4);
  EXPECT_EQ(Sent(Example<SaveOrder>()).folder, "/s");
  EXPECT_EQ(Sent(Example<LoadOrder>()).folder, "/l");
  EXPECT_EQ(Sent(Example<ExportOrder>()).folder, "/e");
  EXPECT_EQ(Sent(Example<ExportOrder>()).tokenizer_json, "tok");
}

TEST(Wire, OrdersTellTheirPhaseStepAndPublication) {
  const LearnerTask rl{Example<RlOrder>()}, publish{Example<PublishOrder>()}, save{Example<SaveOrder>()};
  EXPECT_EQ(PhaseOf(rl), std::string("update"));
  EXPECT_EQ(PhaseOf(publish), std::string("publish"));
  EXPECT_EQ(PhaseOf(save), std::string("checkpoint"));
  EXPECT_TRUE(IsUpdate(rl) && !IsUpdate(publish) && !IsUpdate(save));
  EXPECT_EQ(std::make_tuple(StepOf(rl), StepOf(publish), StepOf(save)), std::make_tuple(3, 3, -1));
  EXPECT_EQ(std::make_tuple(PublishedBy(rl), PublishedBy(publish), PublishedBy(save)), std::make_tuple(4, 4, -1));
}

TEST(Wire, LearnerResultsKeepEveryField) {
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
  EXPECT_THROW(RewardResult::Decode(RewardResult{"", false, {grade}}.Encode()), Error);
  grade = ExampleGrade();
  grade.severity = static_cast<Severity>(5);
  EXPECT_THROW(RewardResult::Decode(RewardResult{"", false, {grade}}.Encode()), Error);
  std::string order = LearnerTask{SaveOrder{"/s"}}.Encode();
  order[0] = 11;  // there are eleven kinds, from 0
  EXPECT_THROW(LearnerTask::Decode(order), Error);
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

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/weights/weight_store.h"
#include "learner/train_batch.h"
#include "policy/kernels/device_choice.h"
#include "reward/grade/grade.h"
#include "reward/graders/panel.h"
#include "rollout/engine/generation_request.h"
#include "rollout/engine/trajectory.h"

namespace temper {

// The payloads of bus tasks and their results; what learners are told is in learner_task.h. Encode gives bytes, Decode checks every length
// and throws Error on anything malformed.

// What a rollout worker needs to know before its first task; it reads no file.
struct RolloutWelcome {
  std::string config_json;  // of the model
  int64_t slots = 64;
  int64_t threads = 1;       // 0 = the worker's share of the cores
  bool overlaps = false;     // learners of the same host compute at the same time
  int64_t max_tokens = 512;  // prompt + completion
  bool bf16 = false;         // inference type
  DeviceChoice device = DeviceChoice::kAuto;
  bool cuda_graphs = true;
  bool force_remote_weights = false;
  std::string tokenizer_json;  // reads the text for stop strings; "" = no task has any
  std::string Encode() const;
  static RolloutWelcome Decode(const std::string& bytes);
};

// Sample a group. The worker loads `weights` first when it holds another version; with `exact` it also finishes what it is sampling
// before, so that every token carries this version.
struct RolloutTask {
  GenerationRequest request;
  WeightRef weights;
  bool exact = true;
  std::string Encode() const;
  static RolloutTask Decode(const std::string& bytes);
};

struct RolloutResult {
  std::string error;        // "" = done; else why the worker refused the task, and nothing below holds
  bool user_error = false;  // the request itself is at fault: every worker would refuse it
  TrajectoryGroup group;
  std::string weight_hash;  // of what the worker had loaded when the group was complete
  double seconds = 0;       // from receiving the task to the last token
  std::string Encode() const;
  static RolloutResult Decode(const std::string& bytes);
};

struct RewardWelcome {
  GraderPlan plan;
  std::string Encode() const;
  static RewardWelcome Decode(const std::string& bytes);
};

struct RewardTask {
  std::vector<GradeRequest> requests;
  std::string Encode() const;
  static RewardTask Decode(const std::string& bytes);
};

struct RewardResult {
  std::string error;        // "" = graded; else why the worker refused the task, and there are no grades
  bool user_error = false;  // the task itself is at fault: every worker would refuse it
  std::vector<Grade> grades;
  std::string Encode() const;
  static RewardResult Decode(const std::string& bytes);
};

struct LearnerResult {
  std::string error;        // "" = done
  bool user_error = false;  // the error is the user's (a damaged model folder): trying again is no use
  UpdateReport report;
  WeightRef published;  // of learner 0, when asked for
  std::string Encode() const;
  static LearnerResult Decode(const std::string& bytes);
};

// The result of a task that a worker did not do.
template <typename Result>
Result Refusal(const std::string& why, bool user_error) {
  Result result;
  result.error = why;
  result.user_error = user_error;
  return result;
}

}  // namespace temper

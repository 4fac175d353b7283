#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster/weights/weight_store.h"
#include "learner/learner.h"
#include "learner/options.h"
#include "policy/kernels/device_choice.h"
#include "policy/model/transformer_config.h"
#include "reward/grade/grade.h"
#include "rollout/engine/generation_engine.h"
#include "rollout/engine/trajectory.h"

namespace temper {

// The payloads of bus tasks and their results. Encode gives bytes, Decode checks every length and throws Error on anything malformed.

// What a rollout worker needs to know before its first task; it reads no file.
struct RolloutWelcome {
  std::string config_json;  // of the model
  int64_t slots = 64;
  int64_t threads = 1;
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
  TrajectoryGroup group;
  std::string weight_hash;  // of what the worker had loaded when the group was complete
  double seconds = 0;       // from receiving the task to the last token
  std::string Encode() const;
  static RolloutResult Decode(const std::string& bytes);
};

struct RewardWelcome {
  std::string policy_spec_yaml;
  std::string policy_spec_name;
  std::string Encode() const;
  static RewardWelcome Decode(const std::string& bytes);
};

struct RewardTask {
  std::vector<GradeRequest> requests;
  std::string Encode() const;
  static RewardTask Decode(const std::string& bytes);
};

struct RewardResult {
  std::vector<Grade> grades;
  std::string Encode() const;
  static RewardResult Decode(const std::string& bytes);
};

// One order to a learner; all learners get the same sequence of them, each with its own share of the data.
struct LearnerTask {
  enum class Kind : uint8_t {
    kInitialize,  // a model of the shape `config_json`, parameters from `seed`
    kLoadModel,   // from the Hugging Face folder `folder`
    kBeginStage,  // `optimizer`, `total_steps`; with `set_reference` freezes the parameters as the KL reference
    kSft,         // `examples`
    kRl,          // `groups` under `rl`
    kPublish,     // nothing but the publication below
    kSave,        // resume state into `folder`
    kLoad,        // resume state from `folder`
    kExport,      // Hugging Face folder with `tokenizer_json`; of a model with adapters those too, in its folder adapter/
  };
  Kind kind = Kind::kInitialize;
  std::string config_json;
  uint64_t seed = 0;
  std::string folder;
  std::string tokenizer_json;
  OptimizerOptions optimizer;
  int64_t total_steps = 0;
  bool set_reference = false;
  RlOptions rl;
  std::vector<SftExample> examples;
  std::vector<TrainGroup> groups;
  int64_t step = -1;             // of kSft and kRl, for telemetry
  int64_t publish_version = -1;  // >= 0: learner 0 publishes the parameters as this version afterwards
  std::string Encode() const;
  static LearnerTask Decode(const std::string& bytes);
};

struct LearnerResult {
  std::string error;        // "" = done
  bool user_error = false;  // the error is the user's (a damaged model folder): trying again is no use
  UpdateReport report;
  WeightRef published;  // of learner 0, when asked for
  std::string Encode() const;
  static LearnerResult Decode(const std::string& bytes);
};

}  // namespace temper

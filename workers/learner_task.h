#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "learner/options.h"
#include "learner/train_batch.h"

namespace temper {

// Orders to a learner. All learners get the same sequence of them, each with its own share of the data.

// Makes a model of the shape `config_json`, with parameters from `seed`.
struct InitializeOrder {
  std::string config_json;
  uint64_t seed = 0;
};

// Reads the model of a Hugging Face folder.
struct LoadModelOrder {
  std::string folder;
  std::vector<std::string> skip_tensors;  // patterns of tensors that are left aside
};

// Makes a fresh optimizer; with `set_reference` freezes the parameters as the KL reference.
struct BeginStageOrder {
  OptimizerOptions optimizer;
  int64_t total_steps = 0;
  bool set_reference = false;
};

struct SftOrder {
  int64_t step = -1;
  std::vector<SftExample> examples;
};

// Updates on the groups; learner 0 then publishes the parameters as `publish_version`.
struct RlOrder {
  int64_t step = -1;
  RlOptions options;
  std::vector<TrainGroup> groups;
  int64_t publish_version = 0;
};

// Scores answers, without an update (Learner::ScoreAnswers).
struct ScoreOrder {
  std::vector<SftExample> examples;
};

// Learner 0 publishes the parameters as they are.
struct PublishOrder {
  int64_t step = -1;  // that it ends; -1 = of no step
  int64_t version = 0;
};

// Writes the resume state into `folder`.
struct SaveOrder {
  std::string folder;
};

// Reads the resume state from `folder`.
struct LoadOrder {
  std::string folder;
};

// Takes the adapters of a folder that an ExportOrder wrote.
struct LoadAdapterOrder {
  std::string folder;
};

// Writes a Hugging Face folder with `tokenizer_json`. Of a model with adapters: those alone, or, `merged`, in its folder adapter/.
struct ExportOrder {
  std::string folder;
  std::string tokenizer_json;
  std::string base;     // folder of the model that the adapters are on; "" = it has none
  bool merged = false;  // whether the model is written beside the adapters
};

// The payload of a learner's bus task. Decode checks every length and throws Error on anything malformed.
struct LearnerTask {
  std::variant<InitializeOrder, LoadModelOrder, LoadAdapterOrder, BeginStageOrder, SftOrder, RlOrder, ScoreOrder, PublishOrder, SaveOrder,
               LoadOrder, ExportOrder>
      order;
  std::string Encode() const;
  static LearnerTask Decode(const std::string& bytes);
};

const char* PhaseOf(const LearnerTask& task);  // that a learner is in while it carries the order out
bool IsUpdate(const LearnerTask& task);        // whether it changes the parameters by a step
int64_t StepOf(const LearnerTask& task);       // for telemetry; -1 = of no step
int64_t PublishedBy(const LearnerTask& task);  // the version that it publishes; -1 = none

}  // namespace temper

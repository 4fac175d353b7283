#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace temper {

struct SftExample {
  std::vector<int32_t> tokens;        // prompt then answer, ending with eos
  int64_t prompt_length = 0;          // the loss is on tokens[prompt_length..]
  std::vector<uint8_t> learned = {};  // of those: 1 = has a loss, 0 = has none (another's turn of a conversation); empty = all have one
  std::vector<int32_t> targets = {};  // what is to be said in the place of each of them; empty = they themselves
  double weight = 1;                  // of its losses
};

struct TrainSample {
  std::vector<int32_t> tokens;  // completion
  std::vector<float> logprobs;  // behaviour log-probs, as in Trajectory
  std::vector<int64_t> versions;
  double advantage = 0;
  bool masked = false;             // no loss and not counted: in the batch for its group's baseline alone
  std::vector<double> parts = {};  // of kl_in = reward: the reward and the costs, from which the learner estimates the advantage
};
struct TrainGroup {
  uint64_t group_id = 0;
  std::vector<int32_t> prompt_tokens;
  std::vector<TrainSample> samples;
};

// Metric name ("actor/pg_loss") -> value over the global batch, the same on every learner; names are those of the metric table
// (docs/METRICS.md).
using UpdateReport = std::map<std::string, double>;

}  // namespace temper

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/grade/grade.h"

namespace temper {

// The shapes in which reward services are asked.
//   temper        {"requests": [..]} -> {"replies": [..]}, each as in reward/remote/schema.h
//   openrlhf      {"query": [..], "prompts": [..], "labels": [..]} -> {"rewards": [..]}, as OpenRLHF asks its --remote_rm_url
//                 (openrlhf/utils/remote_rm_utils.py; openrlhf/utils/agent.py, SingleTurnAgentExecutor)
//   verl          {"data_source": "..", "solution_str": "..", "ground_truth": "..", "extra_info": {..}} -> a number, or an object with one:
//   the
//                 arguments and the result of verl's compute_score (verl/utils/reward_score; a result's "score" is the reward)
//   reward_model  {"model": "..", "input": [..], "use_activation": false} -> {"data": [{"probs": [..]} or {"embedding": [..]}]}: as verl
//   asks a
//                 reward model on vLLM (/classify) or SGLang (/v1/embeddings); the last number counts (verl/experimental/reward_loop)
enum class RewardProtocol : uint8_t { kTemper, kOpenRlhf, kVerl, kRewardModel };
template <>
struct EnumNames<RewardProtocol> {
  static constexpr std::string_view kWhat = "protocol";
  static constexpr EnumTable<RewardProtocol, 4> kTable{{{RewardProtocol::kTemper, "temper"},
                                                        {RewardProtocol::kOpenRlhf, "openrlhf"},
                                                        {RewardProtocol::kVerl, "verl"},
                                                        {RewardProtocol::kRewardModel, "reward_model"}}};
};

struct ProtocolOptions {
  RewardProtocol protocol = RewardProtocol::kTemper;
  std::vector<GradePart> gives;  // what a reply must give

  // Of the others than temper, which know one number an answer:
  std::string model;                         // reward_model: its name at the server
  std::string query = "{prompt}{response}";  // openrlhf, reward_model: prompt and answer as one text
  std::string label_column;                  // openrlhf's labels, verl's ground_truth: a column of the row; "" = its label
  double low = 0, high = 1;                  // a part is (reward - low) / (high - low), cut to [0, 1]; over_refusal holds from 0.5 on
  std::map<std::string, std::string>
      fields;  // part of a grade -> the field of the reply that tells it; others are told by the reward itself
};

// Why a grader of these options cannot give what it is to give, "" = it can: severity and mode are no numbers.
std::string ProtocolProblem(const ProtocolOptions& options);

// How many answers one request may hold: verl's shape has one.
int64_t LargestBatch(const ProtocolOptions& options, int64_t batch);

std::string RequestBody(const ProtocolOptions& options, const std::vector<GradeRequest>& requests);

// The grades of these requests, as the reply says; without grader and latency. Never throws. A
// reply that is not of the shape, holds another number of rewards, or one that is not finite, gives
// kParseError. It does so for all answers, or for those that it concerns.
std::vector<Grade> GradesOfBody(const ProtocolOptions& options, const std::vector<GradeRequest>& requests, std::string_view body);

}  // namespace temper

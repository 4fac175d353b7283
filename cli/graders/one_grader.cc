#include "cli/graders/one_grader.h"

#include <filesystem>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/host/installation.h"
#include "orchestrator/config/experiment_config.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr size_t kBatch = 256;  // requests that the grader has at once: its deadline is for so many

// CONFIG:NAME, unless there is a file of the whole name.
std::pair<std::string, std::string> ConfigAndName(const std::string& argument) {
  const size_t colon = argument.rfind(':');
  const bool whole =
      colon == std::string::npos || argument.find('/', colon) != std::string::npos || std::filesystem::exists(FindShipped(argument));
  if (whole) return {FindShipped(argument), ""};
  return {FindShipped(argument.substr(0, colon)), argument.substr(colon + 1)};
}

template <typename Entries>
size_t IndexOf(const Entries& graders, const std::string& name, const std::string& config) {
  if (name.empty() && graders.size() == 1) return 0;
  std::string known;
  for (size_t i = 0; i < graders.size(); ++i) {
    if (graders[i].name == name) return i;
    known += Concat(known.empty() ? "" : ", ", graders[i].name);
  }
  if (name.empty()) throw ConfigError(Concat(config, ": several graders: ", known, "; name one, as in CONFIG:", graders[0].name));
  throw ConfigError(Concat(config, ": reward.graders has no ", Quoted(name), "; it has ", known));
}

}  // namespace

OneGrader::OneGrader(const std::string& argument, const std::vector<std::string>& overrides) {
  const auto [path, name] = ConfigAndName(argument);
  const RewardConfig reward = LoadExperiment(path, overrides).base.reward;
  const auto graders = GradersOf(reward);
  const size_t index = IndexOf(graders, name, path);
  const GraderEntry& entry = graders[index];
  config_ = ConfigOf(entry, reward.grader_timeout_s);
  config_.steers = true;  // a monitor is tried as what it says
  if (!reward.graders.empty()) key_ = Concat("reward.graders.", index);
  record_ = entry.record;
  attacks_ = entry.attacks;
  trained_on_ = entry.options->TrainedOn();
  combine_ = reward.combine;
  combine_.mode_from = "";
  spec_ = PolicySpecOf(reward.policy_spec);
  grader_ = MakeGrader(config_);
}

std::vector<Grade> OneGrader::GradeAnswers(std::vector<GradeRequest> requests) {
  std::vector<Grade> grades;
  for (size_t begin = 0; begin < requests.size(); begin += kBatch) {
    std::vector<GradeRequest> batch;
    std::vector<std::string> categories;
    for (size_t i = begin; i < std::min(begin + kBatch, requests.size()); ++i) {
      GradeRequest& request = requests[i];
      if (!CategoryProblem(spec_, request.category).empty()) request.category.clear();
      categories.push_back(request.category);
      batch.push_back(std::move(request));
    }
    std::vector<Grade> said = GradeAll(grader_.get(), std::move(batch), config_.deadline_s);
    for (size_t i = 0; i < said.size(); ++i) grades.push_back(Combine(combine_, categories[i], {Said{&config_, std::move(said[i])}}));
  }
  return grades;
}

}  // namespace temper

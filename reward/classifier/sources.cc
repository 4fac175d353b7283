#include "reward/classifier/sources.h"

#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

namespace temper {
namespace {

// False where the model, or one of its members, does not say.
bool AddSources(const ClassifierModel& model, std::set<std::string>* sources) {
  const auto options = nlohmann::json::parse(model.record.options, nullptr, false);
  if (!options.is_object() || !options.contains("sources") || !options["sources"].is_array()) return false;
  for (const nlohmann::json& source : options["sources"]) {
    if (!source.is_string()) return false;
    sources->insert(source.get<std::string>());
  }
  for (const MemberModel& member : model.members)
    if (!AddSources(*member.model, sources)) return false;
  return true;
}

}  // namespace

std::vector<std::string> SourcesOf(const std::vector<LabelledRow>& rows) {
  std::set<std::string> sources;
  for (const LabelledRow& row : rows) {
    const std::string file = row.place.substr(0, row.place.rfind(':'));
    sources.insert(row.source.empty() ? std::filesystem::path(file).stem().string() : row.source);
  }
  return {sources.begin(), sources.end()};
}

std::vector<std::string> TrainingSourcesOf(const ClassifierModel& model) {
  std::set<std::string> sources;
  if (!AddSources(model, &sources)) return {};
  return {sources.begin(), sources.end()};
}

}  // namespace temper

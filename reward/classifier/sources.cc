#include "reward/classifier/sources.h"

#include <filesystem>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace temper {
namespace {

void AddSources(const ClassifierModel& model, std::set<std::string>* sources) {
  const auto options = nlohmann::json::parse(model.record.options, nullptr, false);
  if (!options.is_object() || !options.contains("sources") || !options["sources"].is_array()) return;
  for (const nlohmann::json& source : options["sources"])
    if (source.is_string()) sources->insert(source.get<std::string>());
}

// False where the model, or one of its members, has no hashes.
bool AddRows(const ClassifierModel& model, std::set<std::string>* sources, std::vector<uint64_t>* hashes) {
  AddSources(model, sources);
  const std::vector<uint64_t>& own = model.trained_on.hashes();
  hashes->insert(hashes->end(), own.begin(), own.end());
  bool all = !own.empty();
  for (const MemberModel& member : model.members) all = AddRows(*member.model, sources, hashes) && all;
  return all;
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

RowHashes HashesOf(const std::vector<LabelledRow>& rows) {
  std::vector<uint64_t> hashes;
  for (const LabelledRow& row : rows) RowHashes::Append(row.prompt, row.answer, &hashes);
  return RowHashes(std::move(hashes));
}

TrainingRows TrainingRowsOf(const ClassifierModel& model) {
  std::set<std::string> sources;
  std::vector<uint64_t> hashes;
  if (!AddRows(model, &sources, &hashes)) hashes.clear();
  return {{sources.begin(), sources.end()}, RowHashes(std::move(hashes))};
}

std::vector<bool> KnownToMembers(const std::vector<MemberModel>& members, const std::vector<LabelledRow>& rows) {
  std::vector<bool> known(rows.size());
  for (const MemberModel& member : members) {
    const RowHashes hashes = TrainingRowsOf(*member.model).rows;
    for (size_t i = 0; i < rows.size(); ++i)
      if (hashes.empty() || hashes.Match(rows[i].prompt, rows[i].answer) != RowMatch::kNone) known[i] = true;
  }
  return known;
}

}  // namespace temper

#include "record/origin.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/file.h"
#include "cluster/base/json_fields.h"

namespace temper {
namespace {

using nlohmann::json;
using Files = std::vector<std::pair<std::string, std::string>>;

Files FilesOf(const json& list) {
  Files files;
  for (const json& file : list) {
    const std::string path = TextField(file, "path");
    if (!path.empty()) files.emplace_back(std::filesystem::path(path).filename().string(), TextField(file, "xxh128"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, std::string> FactsOf(const json& attempt) {
  std::map<std::string, std::string> facts;
  if (!attempt.is_object()) return facts;
  if (const auto versions = attempt.find("versions"); versions != attempt.end() && versions->is_object()) {
    for (const auto& [name, version] : versions->items()) {
      if (version.is_string()) facts[name] = version.get<std::string>();
    }
  }
  if (const std::string host = TextField(attempt, "host"); !host.empty()) facts["host"] = host;
  const auto source = attempt.find("source");
  if (source != attempt.end() && source->is_object()) {
    const auto dirty = source->find("dirty");
    const bool changed = dirty != source->end() && dirty->is_boolean() && dirty->get<bool>();
    facts["source"] = TextField(*source, "revision").substr(0, 12) + (changed ? " with changes not committed" : "");
  }
  return facts;
}

}  // namespace

RunOrigin ReadOrigin(const std::string& run_folder) {
  RunOrigin origin;
  std::string reason;
  const auto text = TryReadFile(run_folder + "/provenance.json", kMaxDocumentBytes, &reason);
  const json parsed = json::parse(text.value_or(""), nullptr, false);
  if (!parsed.is_object()) return origin;
  origin.started = TextField(parsed, "started");
  origin.ended = TextField(parsed, "ended");
  if (const auto attempts = parsed.find("attempts"); attempts != parsed.end() && attempts->is_array() && !attempts->empty())
    origin.facts = FactsOf(attempts->back());
  if (const std::string hash = TextField(parsed, "tokenizer_xxh128"); !hash.empty()) origin.facts["tokenizer"] = hash.substr(0, 16);
  if (const auto inputs = parsed.find("inputs"); inputs != parsed.end() && inputs->is_object()) {
    for (const auto& [name, list] : inputs->items()) {
      if (list.is_array()) origin.inputs[name] = FilesOf(list);
    }
  }
  return origin;
}

}  // namespace temper

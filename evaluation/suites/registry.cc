// The list of the suites, from the lines of suites.inc.
#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/config/nearest_name.h"
#include "evaluation/suites/suite.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const Suite name;
#include "evaluation/suites/suites.inc"
#undef TEMPER_ENTRY

namespace {

#define TEMPER_ENTRY(name) &(name),
constexpr std::array kSuites = {
#include "evaluation/suites/suites.inc"
};
#undef TEMPER_ENTRY

std::string StemOf(const std::string& path) {
  std::string stem = std::filesystem::path(path).stem().string();
  for (char& c : stem) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return stem;
}

}  // namespace

std::span<const Suite* const> AllSuites() { return kSuites; }

const Suite& FindSuite(const std::string& name) {
  std::vector<std::string> names;
  for (const Suite* suite : kSuites) {
    if (suite->name == name) return *suite;
    names.emplace_back(suite->name);
  }
  std::string known;
  for (const std::string& each : names) known += (known.empty() ? "" : ", ") + each;
  const std::string nearest = NearestName(name, names);
  throw ConfigError(Concat("there is no suite ", name, nearest.empty() ? "" : Concat("; the nearest is ", nearest), "; known: ", known));
}

LoadedPrompts LoadSuite(const Suite& suite, const DatasetOptions& limits) {
  DatasetOptions options = limits;
  const std::string stem = StemOf(options.path);
  options.columns = suite.columns;
  if (suite.adapt != nullptr) options.adapt = [&suite, stem](DatasetRow* row) { suite.adapt(row, stem); };
  if (suite.expand != nullptr) options.expand = [&suite, stem](const DatasetRow& row) { return suite.expand(row, stem); };
  return LoadPrompts(options);
}

std::vector<Prompt> ReadSuite(const Suite& suite, const std::vector<std::string>& paths) {
  std::vector<Prompt> prompts;
  std::map<std::string, std::string> path_of;
  for (const std::string& path : paths) {
    for (Prompt& prompt : LoadSuite(suite, {.path = path, .keep_columns = suite.fields}).prompts) {
      const auto [first, is_new] = path_of.emplace(prompt.id, path);
      if (!is_new) throw ConfigError(Concat(path, ": its row ", prompt.id, " is in ", first->second, " already; give each file once"));
      prompts.push_back(std::move(prompt));
    }
  }
  return prompts;
}

}  // namespace temper

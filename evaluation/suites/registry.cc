// The list of the suites, from the lines of suites.inc.
#include <algorithm>
#include <array>
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
  options.columns = suite.columns;
  options.adapt = suite.adapt;
  return LoadPrompts(options);
}

}  // namespace temper

#include "views/compare/comparability.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kMaxNamed = 4;  // files that a sentence names

// Contents without names: a file that was moved is the same.
std::vector<std::string> HashesOf(const Files& files) {
  std::vector<std::string> hashes;
  for (const auto& [name, hash] : files) hashes.push_back(hash);
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

// "7 files, 0123456789abcdef": the same for the same contents.
std::string Fingerprint(const Files& files) {
  std::string text;
  for (const std::string& hash : HashesOf(files)) text += hash + "\n";
  return files.size() == 1 ? files[0].second.substr(0, 16) : Concat(files.size(), " files, ", Hex(KeyOf(text)));
}

std::map<std::string, std::string> AllFacts(const RunOrigin& origin) {
  std::map<std::string, std::string> facts = origin.facts;
  for (const auto& [name, files] : origin.inputs) facts[name] = Fingerprint(files);
  return facts;
}

const Files* InputOf(const RunRecord& record, const std::string& name) {
  const auto found = record.origin.inputs.find(name);
  return found == record.origin.inputs.end() ? nullptr : &found->second;
}

// Names of the files whose content the other does not have, with "and n more".
std::string DifferingFiles(const Files& a, const Files& b) {
  std::set<std::string> names;
  const auto add_missing = [&](const Files& from, const std::vector<std::string>& others) {
    for (const auto& [name, hash] : from) {
      if (!std::binary_search(others.begin(), others.end(), hash)) names.insert(name);
    }
  };
  add_missing(a, HashesOf(b));
  add_missing(b, HashesOf(a));
  std::string text;
  size_t named = 0;
  for (const std::string& name : names) {
    if (named++ < kMaxNamed) text += (text.empty() ? "" : ", ") + name;
  }
  return text + (named > kMaxNamed ? Concat(" and ", named - kMaxNamed, " more") : "");
}

// The first two runs whose input of that name differs, among those for which `comparable` says that it should not.
template <typename Comparable>
std::optional<std::pair<size_t, size_t>> FirstDifference(const std::vector<RunRecord>& records, const std::string& input,
                                                         Comparable comparable) {
  for (size_t b = 1; b < records.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      const Files *left = InputOf(records[a], input), *right = InputOf(records[b], input);
      if (left == nullptr || right == nullptr || !comparable(records[a], records[b])) continue;
      if (HashesOf(*left) != HashesOf(*right)) return std::pair(a, b);
    }
  }
  return std::nullopt;
}

std::string Names(const RunRecord& a, const RunRecord& b) {
  return a.name == b.name ? "two runs named " + a.name : a.name + " and " + b.name;
}

}  // namespace

std::vector<DifferingOrigin> DifferingOrigins(const std::vector<RunRecord>& records) {
  std::vector<std::map<std::string, std::string>> facts;
  std::set<std::string> names;
  for (const RunRecord& record : records) {
    facts.push_back(AllFacts(record.origin));
    for (const auto& [name, value] : facts.back()) names.insert(name);
  }
  std::vector<DifferingOrigin> differing;
  for (const std::string& name : names) {
    DifferingOrigin origin{name, {}};
    for (size_t run = 0; run < records.size(); ++run) {
      const auto fact = facts[run].find(name);
      const std::string value = fact == facts[run].end() ? "" : fact->second;
      const auto same = std::find_if(origin.values.begin(), origin.values.end(), [&](const auto& known) { return known.first == value; });
      if (same != origin.values.end()) {
        same->second.push_back(run);
      } else {
        origin.values.push_back({value, {run}});
      }
    }
    if (origin.values.size() > 1) differing.push_back(std::move(origin));
  }
  return differing;
}

std::vector<std::string> ComparabilityWarnings(const std::vector<RunRecord>& records) {
  std::vector<std::string> warnings;
  const auto any = [](const RunRecord&, const RunRecord&) { return true; };
  if (const auto pair = FirstDifference(records, "policy_spec", any)) {
    warnings.push_back(
        Concat("Graded by different policy specs (", Names(records[pair->first], records[pair->second]),
               "): a figure of the one and of the other do not mean the same, and their difference is none of the policies."));
  }
  const auto same_data = [](const RunRecord& a, const RunRecord& b) { return !a.built_in_world || !b.built_in_world || a.seed == b.seed; };
  if (const auto pair = FirstDifference(records, "data", same_data)) {
    const RunRecord &a = records[pair->first], &b = records[pair->second];
    warnings.push_back(Concat("Trained or evaluated on different data (", Names(a, b), " differ in ",
                              DifferingFiles(*InputOf(a, "data"), *InputOf(b, "data")),
                              "): a difference in their figures may be one of the prompts."));
  }
  return warnings;
}

}  // namespace temper

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/base/enum_names.h"
#include "cluster/base/registry.h"

namespace temper {

struct IntRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct RealRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

// A key and the values it takes in turn, each as YAML text; source: where it stands, quickstart.yaml:12.
struct OverrideAxis {
  std::string key;  // dotted
  std::vector<std::string> values;
  std::string source;
};
// Overrides that belong together: dotted key -> value as YAML text, in file order.
struct OverrideSet {
  std::vector<std::pair<std::string, std::string>> values;
  std::string source;
};

// What a section of a YAML file may hold, bound to the struct it fills. A struct's describe function calls these once per field; the
// same calls serve reading, the reference document and printing the resolved config. The value a target holds beforehand is the default.
class ConfigFields {
 public:
  virtual ~ConfigFields() = default;

  virtual void Bool(std::string_view name, bool* target, std::string_view help) = 0;
  virtual void Int(std::string_view name, int64_t* target, IntRange range, std::string_view help) = 0;
  virtual void Real(std::string_view name, double* target, RealRange range, std::string_view help) = 0;  // finite only
  virtual void String(std::string_view name, std::string* target, std::string_view help) = 0;
  // A path: relative ones are taken from the folder of the file the value stands in (overrides and defaults: from the
  // working directory). Absolute after reading; empty stays empty.
  virtual void Path(std::string_view name, std::string* target, std::string_view help) = 0;
  // One of the given words.
  virtual void Enum(std::string_view name, std::string* target, const std::vector<std::string>& allowed, std::string_view help) = 0;
  // One of the names of an enum (cluster/base/enum_names.h), in the order of its table.
  template <typename E>
  void Enum(std::string_view name, E* target, std::string_view help);
  // One of the types of a registry. What each is for is added to the help.
  template <typename Type>
  void Choice(std::string_view name, const Type** target, const Registry<Type>& registry, std::string_view help);
  virtual void StringList(std::string_view name, std::vector<std::string>* target, std::string_view help) = 0;
  virtual void IntList(std::string_view name, std::vector<int64_t>* target, IntRange range, std::string_view help) = 0;
  virtual void RealMap(std::string_view name, std::map<std::string, double>* target, RealRange range, std::string_view help) = 0;
  virtual void StringMap(std::string_view name, std::map<std::string, std::string>* target, std::string_view help) = 0;
  // Names with a path each, as of Path.
  virtual void PathMap(std::string_view name, std::map<std::string, std::string>* target, std::string_view help) = 0;
  // Free-form maps of dotted key -> scalar text, e.g. the overrides of an arm; keys may be nested or dotted.
  virtual void OverrideMaps(std::string_view name, std::vector<std::pair<std::string, std::map<std::string, std::string>>>* target,
                            std::string_view help) = 0;
  // Keys, nested or dotted, each with the list of values it takes; a list of maps of overrides. Neither an empty list of values nor a value
  // twice is allowed.
  virtual void OverrideGrid(std::string_view name, std::vector<OverrideAxis>* target, std::string_view help) = 0;
  virtual void OverrideList(std::string_view name, std::vector<OverrideSet>* target, std::string_view help) = 0;

  virtual void Section(std::string_view name, std::string_view help, const std::function<void(ConfigFields&)>& describe) = 0;
  // Fields of the same section that count for something only where `used`, which fields described before may decide. Elsewhere they are
  // read and checked as ever, but the resolved configuration has `otherwise` in their place, as a comment.
  virtual void UsedWhere(bool used, std::string_view otherwise, const std::function<void(ConfigFields&)>& describe);
  // A map with free keys, or a list, whose entries are sections; `add` is called once per entry, in file order, and must make the
  // struct and describe it. While the reference document is written it is called once with an example key, for a list with each of
  // `examples` indices.
  virtual void MapOf(std::string_view name, std::string_view help,
                     const std::function<void(const std::string& key, ConfigFields&)>& add) = 0;
  virtual void ListOf(std::string_view name, std::string_view help, const std::function<void(size_t index, ConfigFields&)>& add,
                      size_t examples = 1) = 0;

  // Makes the field or section named absent an error in the file being read ("missing key").
  virtual void Require(std::string_view name) = 0;
  // A rule over several fields, checked once the whole file was read; `message` names the keys.
  virtual void Rule(std::function<bool()> holds, std::string message) = 0;
};

inline void ConfigFields::UsedWhere(bool, std::string_view, const std::function<void(ConfigFields&)>& describe) { describe(*this); }

template <typename E>
void ConfigFields::Enum(std::string_view name, E* target, std::string_view help) {
  std::vector<std::string> names;
  for (const auto& [value, word] : EnumNames<E>::kTable) names.emplace_back(word);
  std::string word(NameOf(*target));
  Enum(name, &word, names, help);
  *target = ValueOf<E>(word).value_or(*target);
}

template <typename Type>
void ConfigFields::Choice(std::string_view name, const Type** target, const Registry<Type>& registry, std::string_view help) {
  std::string word = *target == nullptr ? "" : (*target)->name;
  Enum(name, &word, registry.Names(), Concat(help, ": ", registry.Help()));
  const Type* chosen = registry.Find(word);
  if (chosen != nullptr) *target = chosen;
}

}  // namespace temper

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/base/error.h"

namespace temper {

// The types of one kind that a setting chooses among by name: composers, policy losses, graders.
// Each type is a constant of a file of its own. `Type` has at least the members `name` and `help`
// (const char*, the latter a few words for the reference of the settings). A setting holds a
// pointer to its type, so nothing compares names once it is read.
template <typename Type>
class Registry {
 public:
  // what: the kind, as messages say it. types: in the order in which people read the names.
  Registry(std::string_view what, std::vector<const Type*> types) : what_(what), types_(std::move(types)) {}

  const std::vector<const Type*>& types() const { return types_; }

  // The type of that name, null where there is none.
  const Type* Find(std::string_view name) const {
    for (const Type* type : types_) {
      if (name == type->name) return type;
    }
    return nullptr;
  }

  // The type of that name. Throws ConfigError "unknown policy loss 'x'; one of ppo_clip, reinforce".
  const Type& At(std::string_view name) const {
    const Type* type = Find(name);
    if (type != nullptr) return *type;
    std::string names;
    for (const std::string& each : Names()) names += (names.empty() ? "" : ", ") + each;
    throw ConfigError(Concat("unknown ", what_, " '", name, "'; one of ", names));
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const Type* type : types_) names.emplace_back(type->name);
    return names;
  }

  // "ppo_clip = the clipped ratio; reinforce = the log-prob".
  std::string Help() const {
    std::string help;
    for (const Type* type : types_) help += Concat(help.empty() ? "" : "; ", type->name, " = ", type->help);
    return help;
  }

 private:
  std::string what_;
  std::vector<const Type*> types_;
};

}  // namespace temper

// The registry of grader types, from the lines of graders.inc.
#include "reward/graders/registry.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const GraderType name;
#include "reward/graders/graders.inc"
#undef TEMPER_ENTRY

const Registry<GraderType>& GraderTypes() {
#define TEMPER_ENTRY(name) &(name),
  static const Registry<GraderType> kTypes("grader type", {
#include "reward/graders/graders.inc"
                                                          });
#undef TEMPER_ENTRY
  return kTypes;
}

bool GraderConfig::Gives(GradePart part) const { return std::find(gives.begin(), gives.end(), part) != gives.end(); }

std::string GivesOf(const GraderConfig& config) {
  if (config.gives.empty()) return "";
  std::string names;
  bool all = true;
  for (const GradePart part : GraderTypes().At(config.type).gives) {
    all = all && config.Gives(part);
    if (config.Gives(part)) names += Concat(names.empty() ? ":" : "+", NameOf(part));
  }
  return all ? "" : names;
}

std::unique_ptr<Grader> MakeGrader(const GraderConfig& config) { return GraderTypes().At(config.type).make(config); }

}  // namespace temper

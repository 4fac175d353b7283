#include "orchestrator/stages/grade_noise.h"

#include "cluster/base/keyed_random.h"
#include "cluster/base/step_number.h"
#include "orchestrator/config/group_id.h"

namespace temper {

void AddNoise(const NoiseConfig& noise, uint64_t seed, uint64_t group_id, std::vector<Grade>* grades) {
  if (!noise.any() || StepNumber(StepOfGroup(group_id)) < noise.from_step) return;
  KeyedStream random(seed, "grader noise", group_id);
  for (Grade& grade : *grades) {
    const bool safe = grade.severity == Severity::kNone;
    const bool flips = random.Uniform() < (safe ? noise.flip_safe : noise.flip_unsafe);
    if (!flips || grade.outcome != GradeOutcome::kOk) continue;
    grade.safety = safe ? 0 : 1;
    grade.severity = safe ? Severity::kHigh : Severity::kNone;
    grade.clause.clear();
  }
}

}  // namespace temper

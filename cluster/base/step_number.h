#pragma once

#include <cstdint>

namespace temper {

// Steps of a stage have an index, from 0, in ids, random keys, orders and the journal. In all that
// people read they have a number, from 1: the updates done when the step ends. So the row of step N
// is of the update that makes weights/step_N. -1, of no step, stays what it is.
constexpr int64_t StepNumber(int64_t index) { return index < 0 ? index : index + 1; }

}  // namespace temper

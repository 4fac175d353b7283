#pragma once

#include <cstdint>
#include <string>

namespace temper {

// Cores that this process can keep busy: those of its CPU affinity, and no more than its control groups (v2) give it time for, rounded up.
// At least 1.
int UsableCores();

// Cores' worth of time in a control group's cpu.max, "QUOTA PERIOD" in microseconds. 0 where it sets no limit or has another form.
double CoresOfQuota(const std::string& cpu_max);

// Threads for one of `sharing` processes of a host that compute at the same time with `cores`
// between them. With `beside_others` they leave half of the cores to processes of another kind.
// From 1 to kMostShared: more threads cost memory and bring little.
inline constexpr int64_t kMostShared = 8;
int64_t ShareOfCores(int cores, int64_t sharing, bool beside_others);

}  // namespace temper

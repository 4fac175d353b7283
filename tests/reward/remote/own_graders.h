#pragma once

#include <memory>
#include <string>

#include "cluster/config/reader.h"
#include "reward/graders/entry.h"

namespace temper::testing {

// The grader of an entry of reward.graders, as a reward worker makes it. Paths in it are relative to `folder`.
inline std::unique_ptr<Grader> GraderOf(const std::string& yaml, const std::string& folder, double deadline_s = 20) {
  GraderEntry entry;
  ReadConfigText(yaml, folder + "/entry.yaml", [&](ConfigFields& f) { DescribeEntry(0, &entry, f); });
  return MakeGrader(ConfigOf(entry, deadline_s));
}

}  // namespace temper::testing

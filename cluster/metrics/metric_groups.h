#pragma once

#include <span>

#include "cluster/metrics/metric_spec.h"

namespace temper {

// The parts of MetricTable(), a file for each kind of question.
std::span<const MetricGroup> SampleMetrics();    // metric_table_samples.cc: what was sampled and what it was worth
std::span<const MetricGroup> LearningMetrics();  // metric_table_learning.cc: how the policy changed
std::span<const MetricGroup> MachineMetrics();   // metric_table_machine.cc: time, speed, queues, processes

}  // namespace temper

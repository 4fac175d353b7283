#pragma once

#include <chrono>
#include <string>

#include "cluster/bus/contact.h"
#include "cluster/collectives/backend_choice.h"
#include "cluster/collectives/process.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "learner/options.h"
#include "policy/kernels/compute_device.h"
#include "policy/kernels/device_choice.h"

namespace temper {

// Orders that a learner holds at most: the one that it carries out, and those behind it.
inline constexpr int64_t kLearnerCapacity = 4;

// The options as a learner on this device has them: a GPU is given work by one thread.
LearnerOptions OnDevice(LearnerOptions options, c10::Device device);

// The life of a learner between the start and the end of its job, as its rank knows it.
struct LearnerProcessOptions {
  int index = 0;            // among the learners
  BusContact contact = {};  // of the orchestrator
  std::chrono::milliseconds heartbeat{1000};
  std::chrono::milliseconds register_deadline{60'000};
  EndpointOptions endpoint = {};  // Prometheus
  bool telemetry = true;          // tells the orchestrator what it does

  DeviceChoice device = DeviceChoice::kAuto;
  int64_t learners_here = 1;  // on this host: they have GPUs of their own where there are that many
  bool one_host = true;       // all learners are on this host
  BackendChoice backend = BackendChoice::kAuto;
  std::chrono::milliseconds collective_deadline{600'000};

  LearnerOptions learner = {};  // its threads hold where the device is a CPU
  int64_t asked_threads = 0;    // cluster.learner_threads, for the log: 0 = from the cores
  std::string weight_folder;    // where versions are published (shared memory)
  int64_t keep_versions = 4;
};

// Joins the other learners, which is collective among all ranks of the job (they call
// Process::Split as well). Then it registers with the orchestrator, carries out its orders until it
// asks to leave, and waits for the end of the job. What is thrown must end the job.
void RunLearnerProcess(const LearnerProcessOptions& options, Process* process);

}  // namespace temper

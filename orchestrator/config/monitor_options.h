#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "cluster/config/fields.h"
#include "orchestrator/config/health_options.h"
#include "orchestrator/config/progress_style.h"

namespace temper {

// Resume points. Its Describe gives the meaning of each field.
struct CheckpointConfig {
  int64_t every = 20;
  int64_t keep = 2;
  int64_t sft_every = 200;
};

void Describe(CheckpointConfig& config, ConfigFields& fields);

// What is shown and written. Its Describe gives the meaning of each field.
struct MonitorConfig {
  ProgressStyle progress = ProgressStyle::kAuto;
  int64_t traces_every = 10;
  int64_t traces_per_step = 4;
  double cluster_log_s = 1;
  int64_t cluster_log_mib = 128;
  bool tensorboard = true;
  int64_t prometheus_port = 0;  // 0 = off; rank r serves at this port + r
  std::string prometheus_address = "127.0.0.1";
  std::string command;  // "" = none
  double command_finish_s = 10;
  std::deque<HealthRule> health;
};

void Describe(MonitorConfig& config, ConfigFields& fields);

}  // namespace temper

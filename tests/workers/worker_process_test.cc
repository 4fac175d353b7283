#include "workers/worker_process.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

TEST(WorkerOptions, ComeBackFromTheirText) {
  WorkerOptions options;
  options.connect = "tcp://127.0.0.1:4242";
  options.role = "rollout";
  options.run_id = 0xFEDCBA9876543210;  // above 2^63, and no double holds it
  options.capacity = 12;
  options.local_rank = 3;
  options.workers_here = 2;
  options.rank = 5;
  options.heartbeat_s = 0.1;
  options.telemetry = false;
  options.log = "/runs/a b/\"quoted\"/rank_5_worker.log";
  options.run_name = "quickstart";
  options.metrics_address = "0.0.0.0";
  options.metrics_port = 9105;
  const std::string text = options.Encode();
  EXPECT_EQ(text.find('\n'), std::string::npos) << "it is the value of a variable";
  const WorkerOptions back = WorkerOptions::Decode(text);
  EXPECT_EQ(back.Encode(), text);
  EXPECT_EQ(back.run_id, options.run_id);
  EXPECT_EQ(back.heartbeat_s, options.heartbeat_s);
  EXPECT_EQ(back.log, options.log);
  EXPECT_FALSE(back.telemetry);
}

TEST(WorkerOptions, WhatIsMalformedIsRefused) {
  EXPECT_THROW(WorkerOptions::Decode(""), Error);
  EXPECT_THROW(WorkerOptions::Decode("{}"), Error) << "an option is missing";
  std::string text = WorkerOptions().Encode();
  text.replace(text.find("true"), 4, "\"no\"");
  EXPECT_THROW(WorkerOptions::Decode(text), Error) << text;
}

}  // namespace
}  // namespace temper

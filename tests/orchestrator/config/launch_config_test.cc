#include "orchestrator/config/launch_config.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

LaunchConfig Read(const std::string& yaml) {
  LaunchConfig config;
  ReadConfigText(yaml, "launch.yaml",
                 [&](ConfigFields& fields) { fields.Section("launch", "", [&](ConfigFields& f) { Describe(config, f); }); });
  return config;
}

std::string Refusal(const std::string& yaml) {
  try {
    Read(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(LaunchConfig, ReadsWhatSlurmIsAskedFor) {
  const LaunchConfig config = Read(
      "launch:\n  bind: core\n  cpus_per_rank: 8\n  slurm: {partition: gpu, nodes: 2, directives: [--exclusive], setup: [module load "
      "x]}\n");
  EXPECT_EQ(config.bind, CpuBinding::kCore);
  EXPECT_EQ(config.cpus_per_rank, 8);
  EXPECT_EQ(config.slurm.partition, "gpu");
  EXPECT_EQ(config.slurm.nodes, 2);
  EXPECT_EQ(config.slurm.directives, std::vector<std::string>{"--exclusive"});
  EXPECT_EQ(config.slurm.setup, std::vector<std::string>{"module load x"});
  EXPECT_EQ(config.slurm.max_starts, 10) << "the default";
}

// A value that ends its directive would give Slurm, or the shell, a line of its own.
TEST(LaunchConfig, RefusesWhatWouldLeaveItsDirective) {
  for (const char* key : {"partition", "account", "qos", "time", "cpu_partition"}) {
    EXPECT_THAT(Refusal(std::string("launch: {slurm: {") + key + ": \"a b\"}}\n"), HasSubstr("must be words without blanks or quotes"))
        << key;
  }
  EXPECT_THAT(Refusal("launch: {slurm: {directives: [exclusive]}}\n"), HasSubstr("begin with --"));
  EXPECT_THAT(Refusal("launch: {slurm: {directives: [\"--a\\n--b\"]}}\n"), HasSubstr("one each"));
  EXPECT_THAT(Refusal("launch: {slurm: {setup: [\"a\\nb\"]}}\n"), HasSubstr("one shell line each"));
  EXPECT_THAT(Refusal("launch: {bind: socket}\n"), HasSubstr("launch.yaml:1"));
  EXPECT_THAT(Refusal("launch: {slurm: {warn_s: 9}}\n"), HasSubstr("launch.slurm.warn_s"));
}

}  // namespace
}  // namespace temper

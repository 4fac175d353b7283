#include "orchestrator/job/endpoints.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/file.h"
#include "record/run_paths.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

TEST(Endpoints, EveryRankServesAtThePortPlusItsRankAndNoneWithoutAPort) {
  ExperimentConfig config;
  config.run.name = "r";
  EXPECT_EQ(EndpointOf(config, "learner", 1, "h").port, 0) << "off";
  config.monitor.prometheus_port = 9000;
  const EndpointOptions endpoint = EndpointOf(config, "learner", 1, "h");
  EXPECT_EQ(endpoint.port, 9001);
  EXPECT_EQ(endpoint.labels, (std::map<std::string, std::string>{{"run", "r"}, {"role", "learner"}, {"rank", "1"}, {"host", "h"}}));
}

TEST(Endpoints, TheTargetsFileListsEveryRankAndGoesWithTheJob) {
  const TempFolder folder;
  ExperimentConfig config;
  config.run.dir = folder.path();
  config.run.name = "r";
  config.monitor.prometheus_port = 9000;
  config.monitor.prometheus_address = "0.0.0.0";
  const RoleLayout layout(config.cluster, 4);
  const std::string path = RunsPaths(folder.path()).PrometheusTargets("r");
  {
    const TargetsFile file(config, layout, {"a", "a", "b", "b"});
    const auto targets = nlohmann::json::parse(ReadFile(path));
    ASSERT_EQ(targets.size(), 4U);
    EXPECT_EQ(targets[2].at("targets")[0], "b:9002");
    EXPECT_EQ(targets[2].at("labels").at("role"), "rollout");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace temper

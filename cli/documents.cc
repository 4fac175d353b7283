// temper reference, temper metrics: the documents generated from what the program declares.
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "cluster/metrics/metric_document.h"
#include "orchestrator/config/experiment_config.h"

namespace temper {

void AddReferenceCommand(CLI::App* app, int* exit_code) {
  app->add_subcommand("reference", "prints every config key with its default and meaning")->callback([exit_code] {
    ExperimentConfig config;
    std::cout << ReferenceYaml([&](ConfigFields& fields) { Describe(config, fields); });
    *exit_code = kExitDone;
  });
}

void AddMetricsCommand(CLI::App* app, int* exit_code) {
  app->add_subcommand("metrics", "prints docs/METRICS.md: every metric with its unit, denominator and meaning")->callback([exit_code] {
    std::cout << MetricDocument();
    *exit_code = kExitDone;
  });
}

}  // namespace temper

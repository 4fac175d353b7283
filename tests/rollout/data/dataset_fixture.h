#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "rollout/data/prompt_dataset.h"

namespace temper {

// A file of its own for every test, removed afterwards.
class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    OpenLog({"", LogLevel::kError, LogLevel::kError});  // skipped rows are logged as warnings
    folder_ = std::filesystem::temp_directory_path() / ("temper_dataset_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~DatasetTest() override { std::filesystem::remove_all(folder_); }

  DatasetOptions File(const std::string& name, const std::string& content) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    DatasetOptions options;
    options.path = path.string();
    options.columns.category = options.columns.intent = "";
    return options;
  }

  static std::string ErrorOf(const DatasetOptions& options) {
    try {
      LoadPrompts(options);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path folder_;
};

}  // namespace temper

#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"

namespace temper {

// A configuration with a field of every kind, for the tests of the reader.
struct ExampleConfig {
  struct Grader {
    std::string name;
    std::string kind = "rule";
    double timeout_s = 30;
  };
  struct Dataset {
    std::string path;
    double weight = 1;
  };

  std::string name = "example";
  int64_t seed = 1;
  std::string dir = "runs";
  bool deterministic = false;
  double learning_rate = 1e-3;
  int64_t batch_size = 32;
  int64_t micro_batch = 8;
  std::string loss = "grpo";
  double kl = 0.0;
  std::string notes;
  std::vector<std::string> stages = {"sft", "rl"};
  std::map<std::string, double> weights = {{"help", 1.0}};
  std::map<std::string, std::string> columns;
  std::map<std::string, std::string> sets;
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> arms;
  std::vector<Grader> graders;
  std::vector<Dataset> data;

  bool operator==(const ExampleConfig& other) const {
    const auto graders_of = [](const ExampleConfig& c) {
      std::vector<std::tuple<std::string, std::string, double>> list;
      for (const Grader& g : c.graders) list.emplace_back(g.name, g.kind, g.timeout_s);
      return list;
    };
    const auto data_of = [](const ExampleConfig& c) {
      std::vector<std::pair<std::string, double>> list;
      for (const Dataset& d : c.data) list.emplace_back(d.path, d.weight);
      return list;
    };
    const auto scalars = [](const ExampleConfig& c) {
      return std::tie(c.name, c.seed, c.dir, c.deterministic, c.learning_rate, c.batch_size, c.micro_batch, c.loss, c.kl, c.notes);
    };
    return scalars(*this) == scalars(other) && stages == other.stages && weights == other.weights && columns == other.columns &&
           sets == other.sets && arms == other.arms && graders_of(*this) == graders_of(other) && data_of(*this) == data_of(other);
  }
};

inline void DescribeRl(ExampleConfig* config, ConfigFields& fields) {
  fields.Real("learning_rate", &config->learning_rate, {1e-9, 1}, "Peak step size of the optimizer");
  fields.Int("batch_size", &config->batch_size, {1, 4096}, "Sequences per step");
  fields.Int("micro_batch", &config->micro_batch, {1, 4096}, "Sequences per forward pass");
  fields.Enum("loss", &config->loss, {"grpo", "rloo", "reinforce"}, "Loss of the policy");
  fields.Real("kl", &config->kl, {0}, "Weight of the KL penalty");
  fields.Rule([config] { return config->batch_size % config->micro_batch == 0; }, "batch_size must be a multiple of micro_batch");
}

inline DescribeConfig DescribeExample(ExampleConfig* config) {
  return [config](ConfigFields& fields) {
    fields.Section("run", "The run", [config](ConfigFields& run) {
      run.String("name", &config->name, "Name of the run");
      run.Int("seed", &config->seed, {0}, "Seed of every random number");
      run.Path("dir", &config->dir, "Where runs are written");
      run.Bool("deterministic", &config->deterministic, "Same bits for any number of workers");
      run.String("notes", &config->notes, "Anything worth keeping");
    });
    fields.Section("rl", "Reinforcement learning", [config](ConfigFields& rl) { DescribeRl(config, rl); });
    fields.StringList("stages", &config->stages, "Stages in order");
    fields.RealMap("weights", &config->weights, {0, 10}, "Weight of each reward part");
    fields.StringMap("columns", &config->columns, "Column of each field");
    fields.PathMap("sets", &config->sets, "File of each set");
    fields.OverrideMaps("arms", &config->arms, "Named overrides");
    config->graders.clear();
    fields.MapOf("graders", "Graders by name", [config](const std::string& name, ConfigFields& grader) {
      // The entry is read at once, so growing the list later does no harm to the pointers.
      ExampleConfig::Grader& entry = config->graders.emplace_back();
      entry.name = name;
      grader.Enum("kind", &entry.kind, {"rule", "judge"}, "What grades");
      grader.Real("timeout_s", &entry.timeout_s, {0.001, 3600}, "Seconds a grade may take");
    });
    config->data.clear();
    fields.ListOf("data", "Data sets", [config](size_t, ConfigFields& dataset) {
      ExampleConfig::Dataset& entry = config->data.emplace_back();
      dataset.Path("path", &entry.path, "JSONL file");
      dataset.Real("weight", &entry.weight, {0}, "Share of the samples");
      dataset.Require("path");
    });
  };
}

// The message of the ConfigError that reading ends with, "" where it does not.
inline std::string ErrorOf(const std::function<void()>& read) {
  try {
    read();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

inline ExampleConfig ReadExample(const std::string& text, const std::string& name = "f.yaml") {
  ExampleConfig config;
  ReadConfigText(text, name, DescribeExample(&config));
  return config;
}

inline std::string ExampleError(const std::string& text) {
  return ErrorOf([&text] { ReadExample(text); });
}

// A folder of files that goes when the test ends.
class ConfigFolder {
 public:
  ConfigFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "temper_config_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~ConfigFolder() { std::filesystem::remove_all(path_); }
  ConfigFolder(const ConfigFolder&) = delete;
  ConfigFolder& operator=(const ConfigFolder&) = delete;

  std::string Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace temper

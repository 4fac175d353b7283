#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "reward/probe/hidden_features.h"

namespace temper {

// Features that were computed before, on disk: one file of a folder for each model and choice of features, named for the hash of both. A
// record is the hash of a text, its numbers and their checksum; one that is damaged is passed over. One process at a time may write a
// folder.
class FeatureCache {
 public:
  // folder "" = nothing is kept. model: HashOfHfFolder. width: numbers of a text. Throws Error where the folder cannot be made or read.
  FeatureCache(const std::string& folder, const std::string& model, const FeatureOptions& options, int64_t width);

  // The numbers of a text, or null.
  const std::vector<float>* Find(const ProbeText& text) const;
  // Keeps them, on disk too. A disk that is full costs a warning.
  void Add(const ProbeText& text, std::span<const float> values);

 private:
  std::string KeyOf(const ProbeText& text) const;
  void Load();

  std::string path_;  // "" = nothing is kept
  bool reads_answer_;
  size_t width_;
  std::map<std::string, std::vector<float>> values_;  // by key
};

// The features of texts by one folder's model, kept in a cache.
struct FeatureRun {
  std::string model;        // HashOfHfFolder
  int64_t width = 0;        // numbers of a text
  std::vector<float> rows;  // [texts, width]
  size_t computed = 0;      // texts that the cache did not have
};

// The model is loaded only if a text is missing. progress is called now and then with how many of the missing ones are done, of how many.
FeatureRun ComputeFeatures(const std::string& folder, const FeatureOptions& options, const std::string& cache_folder,
                           std::span<const ProbeText> texts, const std::function<void(size_t done, size_t missing)>& progress);

}  // namespace temper

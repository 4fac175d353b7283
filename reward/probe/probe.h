#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reward/classifier/model.h"
#include "reward/probe/hidden_features.h"

namespace temper {

// A linear head on the hidden states of a frozen model: all that a probe's file holds. The model itself stays in its folder; its hash says
// which one the head was trained on.
struct Probe {
  std::string model_hash;  // HashOfHfFolder
  std::string model_name;  // of the folder, for people
  FeatureOptions features;
  ClassifierModel head;  // no n-grams, no members; `standard` has the hidden features: (value - mean) * scale is what its weights weigh
};
inline constexpr size_t kMaxProbeWidth = size_t{1} << 20;  // features of a text

// The outputs of the head for a text's features, before offsets and calibration; and the calibrated probabilities of the classes.
std::vector<double> OutputsOf(const ClassifierModel& head, std::span<const float> features);
std::vector<double> ProbabilitiesOf(const ClassifierModel& head, std::span<const float> features);

// A probe as bytes, little-endian: magic "TMPRPROB", version (u32), the hash of the body (XXH3, u64), the body. What Parse reads, Write
// writes again bit for bit.
std::string WriteProbe(const Probe& probe);
// Throws ConfigError that begins with `name` where the bytes are damaged, of another version, or say what no probe can be.
Probe ParseProbe(std::string_view bytes, const std::string& name);
// Of a file that the user names. Throws ConfigError.
std::string ReadProbeFile(const std::string& path);

}  // namespace temper

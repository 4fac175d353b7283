#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// A prompt and an answer to it, as they are and normalised. Either may be empty.
struct TextPair {
  std::string_view prompt, answer;
  std::string_view normal_prompt, normal_answer;
};

// Numbers of a prompt and its answer that no single n-gram tells: lengths, overlap, repetition, how much is refused, warned of and
// instructed, form. Each in the order of magnitude of 1. The names are part of the format of a classifier's file: a new one goes to the
// end, and none changes its meaning.
struct DenseFeature {
  const char* name;
  const char* meaning;
};
std::span<const DenseFeature> DenseFeatures();

// The values of all of them.
std::vector<double> DenseValues(const TextPair& texts);

}  // namespace temper

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/base/enum_names.h"

namespace temper {

// The sum of the states of a class of prompts, behind every layer. Sums of parts of the prompts, by several workers, add up to that of all:
// in double, so that the order moves the last bits alone.
struct ClassSums {
  int64_t rows = 0;
  int64_t layers = 0;        // num_layers + 1: the embeddings count
  int64_t width = 0;         // hidden_size
  std::vector<double> sums;  // [layers, width]

  ClassSums() = default;
  ClassSums(int64_t all_layers, int64_t hidden_size)
      : layers(all_layers), width(hidden_size), sums(static_cast<size_t>(all_layers * hidden_size), 0.0) {}
  void Add(std::span<const float> states);        // [layers, width] of one prompt
  void Merge(const ClassSums& other);             // of the same shape
  std::vector<double> Mean(int64_t layer) const;  // [width]; zeros without rows
};

// At which token of a prompt a direction is read (policy/directions/prompt_ends.h).
enum class PromptPlace : uint8_t { kInst, kPost };
template <>
struct EnumNames<PromptPlace> {
  static constexpr std::string_view kWhat = "place in a prompt";
  static constexpr EnumTable<PromptPlace, 2> kTable{{{PromptPlace::kInst, "t_inst"}, {PromptPlace::kPost, "t_post"}}};
};

// A difference of class means by layer, v_l = mean_l(with) - mean_l(without) (arXiv 2507.11878, section 3; 2406.11717).
struct Direction {
  std::string name;  // "harm": harmful against harmless; "refusal": refused against accepted
  PromptPlace place = PromptPlace::kInst;
  ClassSums with, without;
  int64_t best_layer = 0;  // which tells the classes apart best on held-out prompts; where nothing else is asked for, it is steered there

  std::vector<double> Vector(int64_t layer) const;  // [width]
};

double Cosine(std::span<const double> a, std::span<const double> b);  // 0 where one of them has no length
double Length(std::span<const double> v);

// The directions of a model, as a file: one JSON object with the class sums, so that files of parts can be added.
struct DirectionSet {
  std::string model_hash;  // HashOfHfFolder of the model
  std::string model_name;  // of its folder, for people
  std::vector<Direction> directions;

  // Null where there is none of that name.
  const Direction* Find(std::string_view name) const;
  // Adds the sums of `other`. ConfigError where it is of another model, or has other directions.
  void Merge(const DirectionSet& other, const std::string& other_path);
};

// `more` is written beside the sums and not read again (figures, for people).
std::string DirectionsAsJson(const DirectionSet& set, const nlohmann::ordered_json& more);
// Throws ConfigError with the path where the file cannot be read or is none.
DirectionSet ReadDirections(const std::string& path);

}  // namespace temper

#include "cli/learned/classifier_numbers.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "cluster/base/error.h"
#include "reward/classifier/file.h"
#include "reward/text/dense.h"

namespace temper {
namespace {

// NAME or NAME:WEIGHT.
struct Weighted {
  std::string name;
  std::optional<double> weight;
};

Weighted WeightedOf(const std::string& text) {
  const size_t colon = text.rfind(':');
  const std::optional<double> weight = colon == std::string::npos ? std::nullopt : NumberOf(text.substr(colon + 1));
  return weight ? Weighted{text.substr(0, colon), weight} : Weighted{text, std::nullopt};
}

// The dense features by their numbers, rising, with the weights that are chosen for them.
std::map<uint32_t, std::optional<double>> DenseOf(const std::vector<std::string>& words) {
  std::map<uint32_t, std::optional<double>> out;
  const auto features = DenseFeatures();
  for (const std::string& word : words) {
    const auto [name, weight] = WeightedOf(word);
    const auto found =
        std::find_if(features.begin(), features.end(), [&, &of = name](const DenseFeature& each) { return of == each.name; });
    if (name != "all" && found == features.end()) {
      std::string known;
      for (const DenseFeature& each : features) known += Concat(known.empty() ? "" : ", ", each.name);
      throw ConfigError(Concat("--dense: there is no number '", name, "'; known: all, ", known));
    }
    for (uint32_t i = 0; i < features.size(); ++i)
      if (name == "all" || name == features[i].name) out[i] = weight;
  }
  return out;
}

// The place of a member by its name.
uint32_t MemberOf(const std::string& name, const std::string& product, const std::vector<MemberModel>& members) {
  const auto found = std::find_if(members.begin(), members.end(), [&](const MemberModel& each) { return each.name == name; });
  if (found == members.end()) throw ConfigError(Concat("--product ", product, ": there is no --member '", name, "'"));
  if (found->model->kind == LinearKind::kMultinomial)
    throw ConfigError(Concat("--product ", product, ": '", name, "' has classes without an order, so it has no value to multiply"));
  return static_cast<uint32_t>(found - members.begin());
}

MemberProduct ProductOf(const std::string& names, const std::vector<MemberModel>& members) {
  const size_t star = names.find('*');
  if (star == std::string::npos) throw ConfigError(Concat("--product ", names, ": expected A*B, two members by the names of their files"));
  return {MemberOf(names.substr(0, star), names, members), MemberOf(names.substr(star + 1), names, members)};
}

}  // namespace

// The dense features and the members, and the blend where weights are chosen for them.
void SetNumbers(const ClassifierTrainArguments& arguments, ClassifierOptions* options) {
  Blend blend{arguments.ngrams_weight.value_or(1), {}};
  bool chosen = arguments.ngrams_weight.has_value(), learned = false;
  const auto add = [&](const std::optional<double>& weight, size_t times) {
    (weight ? chosen : learned) = true;
    for (size_t i = 0; i < times; ++i) blend.numbers.push_back(weight.value_or(0));
  };
  for (const auto& [feature, weight] : DenseOf(arguments.dense)) {
    options->dense.push_back(feature);
    add(weight, 1);
  }
  for (const std::string& word : arguments.members) {
    const auto [path, weight] = WeightedOf(word);
    options->members.push_back({std::filesystem::path(path).stem().string(), LoadClassifier(path)});
    add(weight, options->members.back().model->outputs());
  }
  for (const std::string& word : arguments.products) {
    const auto [names, weight] = WeightedOf(word);
    options->products.push_back(ProductOf(names, options->members));
    add(weight, 1);
  }
  if (chosen && learned)
    throw ConfigError(
        "give a weight (NAME:WEIGHT) to every number, member and product, or to none of them: --dense, --member, --product, "
        "--ngrams-weight");
  if (chosen && options->kind == LinearKind::kMultinomial)
    throw ConfigError("weights can be chosen only for classifiers of two classes or of levels");
  if (chosen) options->blend = blend;
}

}  // namespace temper

#include "reward/classifier/strongest.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "cluster/base/error.h"
#include "reward/classifier/classifier.h"

namespace temper {
namespace {

// A feature before it has a name: the place in a space, or of a number.
struct Place {
  double weight = 0;
  size_t space = 0;  // model.spaces.size() = a number
  size_t index = 0;
};

std::vector<Place> PlacesOf(const ClassifierModel& model, size_t output) {
  const size_t outputs = model.outputs();
  std::vector<Place> places;
  for (size_t s = 0; s < model.spaces.size(); ++s) {
    const SpaceModel& space = model.spaces[s];
    for (size_t i = 0; i < space.vocabulary.slots.size(); ++i)
      places.push_back({space.options.scale * double{space.vocabulary.idf[i]} * double{space.weights[i * outputs + output]}, s, i});
  }
  for (size_t i = 0; i < model.standard.size(); ++i)
    places.push_back({model.standard.weights[i * outputs + output], model.spaces.size(), i});
  return places;
}

// The largest of one sign.
void TakeLargest(std::vector<Place> places, double sign, std::vector<Place>* taken) {
  std::erase_if(places, [&](const Place& each) { return !(sign * each.weight > 0); });
  const auto end = places.begin() + static_cast<std::ptrdiff_t>(std::min(kStrongestOfEach, places.size()));
  std::partial_sort(places.begin(), end, places.end(), [](const Place& a, const Place& b) {
    return std::pair(std::abs(a.weight), std::pair(b.space, b.index)) > std::pair(std::abs(b.weight), std::pair(a.space, a.index));
  });
  taken->insert(taken->end(), places.begin(), end);
}

// By slot the n-gram that fell into it first; slots that nobody waits for are no keys.
using Names = std::map<uint32_t, std::string>;

void NameSlots(const SpaceModel& space, const Normalization& normalization, const std::vector<LabelledRow>& rows, Names* names) {
  NgramReader reader(space.options.ngrams);
  size_t missing = names->size();
  for (size_t row = 0; row < rows.size() && missing > 0; ++row) {
    const std::string prompt = NormalizeText(rows[row].prompt, normalization), answer = NormalizeText(rows[row].answer, normalization);
    const TextOf of = space.options.of;
    const std::string text = of == TextOf::kAnswer ? answer : of == TextOf::kPrompt ? prompt : prompt + answer.substr(1);
    reader.Read(text, [&](uint32_t slot, size_t begin, size_t end) {
      const auto name = names->find(slot);
      if (name == names->end() || !name->second.empty()) return;
      name->second = text.substr(begin, end - begin);
      --missing;
    });
  }
}

}  // namespace

std::vector<StrongFeature> StrongestOf(const ClassifierModel& model, const std::vector<LabelledRow>& rows) {
  std::vector<std::pair<uint32_t, Place>> strongest;
  std::vector<Names> names(model.spaces.size());
  for (uint32_t output = 0; output < model.outputs(); ++output) {
    const std::vector<Place> places = PlacesOf(model, output);
    std::vector<Place> taken;
    TakeLargest(places, 1, &taken);
    if (model.kind != LinearKind::kMultinomial) TakeLargest(places, -1, &taken);
    for (const Place& each : taken) {
      strongest.emplace_back(output, each);
      if (each.space < names.size()) names[each.space][model.spaces[each.space].vocabulary.slots[each.index]];
    }
  }
  for (size_t s = 0; s < names.size(); ++s) NameSlots(model.spaces[s], model.normalization, rows, &names[s]);
  std::vector<StrongFeature> out;
  for (const auto& [output, place] : strongest) {
    if (place.space == names.size()) {
      out.push_back({StandardName(model, place.index), output, place.weight});
      continue;
    }
    const SpaceOptions& space = model.spaces[place.space].options;
    const std::string& name = names[place.space].at(model.spaces[place.space].vocabulary.slots[place.index]);
    const std::string named = name.empty() ? "of copies under tricks alone" : Concat("\"", name, "\"");
    out.push_back({Concat(NameOf(space.of), " ", NameOf(space.ngrams.unit), " ", named), output, place.weight});
  }
  return out;
}

}  // namespace temper

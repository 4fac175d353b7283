#include "reward/classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "cluster/base/error.h"

namespace temper {

std::vector<double> ClassifierModel::Levels() const {
  std::vector<double> levels;
  for (const std::string& name : classes) {
    char* end = nullptr;
    const bool number = !name.empty() && name.find_first_not_of("0123456789.-") == std::string::npos &&
                        name.find_first_of("0123456789") != std::string::npos;
    const double level = number ? std::strtod(name.c_str(), &end) : 0;
    if (!number || end != name.c_str() + name.size()) break;
    levels.push_back(level);
  }
  const bool rising = std::adjacent_find(levels.begin(), levels.end(), std::greater_equal<>()) == levels.end();
  if (levels.size() == classes.size() && rising) return levels;
  levels.clear();
  for (size_t k = 0; k < classes.size(); ++k) levels.push_back(static_cast<double>(k) / static_cast<double>(classes.size() - 1));
  return levels;
}

size_t Classification::Best() const {
  return static_cast<size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

// The places in a vocabulary of the n-grams of words that were met before. Most words of a text are among them.
class WordCache {
 public:
  // fill(std::vector<uint32_t>*) appends the places of a word that is new.
  template <typename Fill>
  std::span<const uint32_t> Of(std::string_view word, Fill fill) {
    if (const auto known = ranges_.find(word); known != ranges_.end())
      return std::span(places_).subspan(known->second.first, known->second.second);
    if (places_.size() > kMaxPlaces) {
      ranges_.clear();
      places_.clear();
    }
    const size_t first = places_.size();
    fill(&places_);
    if (word.size() <= kMaxWordBytes) ranges_.emplace(word, std::pair(first, places_.size() - first));
    return std::span(places_).subspan(first);
  }

 private:
  static constexpr size_t kMaxPlaces = size_t{1} << 18;
  static constexpr size_t kMaxWordBytes = 64;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };
  std::unordered_map<std::string, std::pair<size_t, size_t>, Hash, std::equal_to<>> ranges_;  // word -> first place and how many
  std::vector<uint32_t> places_;
};

// A space made ready to be asked.
struct Classifier::Space {
  Space(const SpaceModel& space_model, size_t num_outputs)
      : model(&space_model),
        reader(space_model.options.ngrams),
        index(space_model.vocabulary.slots, space_model.options.ngrams.slot_bits),
        counts(space_model.vocabulary.slots.size()) {
    for (size_t place = 0; place < counts.size(); ++place) {
      factors.push_back(space_model.vocabulary.idf[place]);
      for (size_t k = 0; k < num_outputs; ++k) factors.push_back(space_model.weights[place * num_outputs + k]);
    }
  }

  const SpaceModel* model;
  NgramReader reader;
  SlotIndex index;
  WordCache words;
  std::vector<float> factors;    // by place: idf, then the weight of each output
  std::vector<uint16_t> counts;  // by place in the vocabulary; all 0 between texts
  std::vector<uint32_t> touched;

  void Add(uint32_t place) {
    uint16_t& count = counts[place];
    if (count == 0) touched.push_back(place);
    if (count < kMaxCount) ++count;
  }
  void Count(std::string_view text) {
    touched.clear();
    if (model->options.ngrams.unit == NgramUnit::kWord) {
      reader.Read(text, [this](uint32_t slot, size_t, size_t) {
        if (const int32_t place = index.Find(slot); place >= 0) Add(static_cast<uint32_t>(place));
      });
      return;
    }
    reader.ForEachWord(text, [&](size_t begin, size_t end) {
      const auto fill = [&](std::vector<uint32_t>* places) {
        reader.ReadWord(text, begin, end, [&](uint32_t slot, size_t, size_t) {
          if (const int32_t place = index.Find(slot); place >= 0) places->push_back(static_cast<uint32_t>(place));
        });
      };
      for (const uint32_t place : words.Of(text.substr(begin, end - begin), fill)) Add(place);
    });
  }
};

struct Classifier::Texts {
  TextPair pair;
  std::string normal_prompt, normal_answer, normal_both;

  Texts(std::string_view prompt, std::string_view answer, const ClassifierModel& model)
      : normal_prompt(NormalizeText(prompt, model.normalization)), normal_answer(NormalizeText(answer, model.normalization)) {
    const auto reads_both = [](const SpaceModel& space) { return space.options.of == TextOf::kBoth; };
    if (std::any_of(model.spaces.begin(), model.spaces.end(), reads_both)) normal_both = normal_prompt + normal_answer.substr(1);
    pair = {prompt, answer, normal_prompt, normal_answer};
  }
  std::string_view Of(TextOf of) const {
    return of == TextOf::kAnswer ? normal_answer : of == TextOf::kPrompt ? normal_prompt : normal_both;
  }
};

Classifier::Classifier(std::shared_ptr<const ClassifierModel> model) : model_(std::move(model)), levels_(model_->Levels()) {
  spaces_.reserve(model_->spaces.size());
  for (const SpaceModel& space : model_->spaces) spaces_.emplace_back(space, model_->outputs());
  for (const MemberModel& member : model_->members) members_.emplace_back(member.model);
}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;

void Classifier::AddSpace(Space* space, const Texts& texts, std::vector<double>* outputs) {
  space->Count(texts.Of(space->model->options.of));
  const size_t num_outputs = outputs->size();
  double squares = 0;
  std::vector<double> sums(num_outputs);
  for (const uint32_t place : space->touched) {
    const float* factors = space->factors.data() + place * (1 + num_outputs);
    const double value = SublinearCount(space->counts[place]) * factors[0];
    space->counts[place] = 0;
    squares += value * value;
    for (size_t k = 0; k < num_outputs; ++k) sums[k] += value * factors[1 + k];
  }
  if (squares == 0) return;
  const double scale = space->model->options.scale / std::sqrt(squares);
  for (size_t k = 0; k < num_outputs; ++k) (*outputs)[k] += scale * sums[k];
}

std::vector<double> Classifier::StandardValues(const Texts& texts) {
  std::vector<double> values;
  if (!model_->dense.empty()) {
    const std::vector<double> all = DenseValues(texts.pair);
    for (const uint32_t feature : model_->dense) values.push_back(all[feature]);
  }
  AppendMembers(members_, model_->products, texts.pair.prompt, texts.pair.answer, &values);
  const StandardModel& standard = model_->standard;
  for (size_t i = 0; i < values.size(); ++i) values[i] = (values[i] - standard.means[i]) * standard.scales[i];
  return values;
}

Classification Classifier::Classify(std::string_view prompt, std::string_view answer) {
  const Texts texts(prompt, answer, *model_);
  Classification out;
  out.outputs.resize(model_->outputs());
  for (Space& space : spaces_) AddSpace(&space, texts, &out.outputs);
  const std::vector<double> values = StandardValues(texts);
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t k = 0; k < out.outputs.size(); ++k) out.outputs[k] += values[i] * model_->standard.weights[i * out.outputs.size() + k];
  out.probabilities = Calibrated(model_->calibration, model_->kind, out.outputs, model_->offsets);
  return out;
}

double Classifier::Value(const Classification& of) const {
  TEMPER_CHECK(model_->kind != LinearKind::kMultinomial, "a multinomial classifier has classes and no value");
  if (model_->kind == LinearKind::kBinary) return of.probabilities[1];
  double value = 0;
  for (size_t k = 0; k < levels_.size(); ++k) value += of.probabilities[k] * levels_[k];
  return value;
}

void AppendMembers(std::span<Classifier> members, std::span<const MemberProduct> products, std::string_view prompt, std::string_view answer,
                   std::vector<double>* numbers) {
  std::vector<Classification> said;
  for (Classifier& member : members) {
    said.push_back(member.Classify(prompt, answer));
    numbers->insert(numbers->end(), said.back().outputs.begin(), said.back().outputs.end());
  }
  for (const auto& [first, second] : products)
    numbers->push_back(members[first].Value(said[first]) * members[second].Value(said[second]));
}

void Classifier::ExplainSpace(Space* space, const Texts& texts, std::vector<Contribution>* contributions) {
  constexpr size_t kMaxNames = 3;
  const std::string_view text = texts.Of(space->model->options.of);
  const size_t num_outputs = model_->outputs();
  std::map<int32_t, std::set<std::string>> names;
  space->reader.Read(text, [&](uint32_t slot, size_t begin, size_t end) {
    const int32_t place = space->index.Find(slot);
    if (place < 0) return;
    auto& known = names[place];
    if (known.size() < kMaxNames) known.emplace(text.substr(begin, end - begin));
  });
  space->Count(text);
  double squares = 0;
  for (const uint32_t place : space->touched) {
    const double value = SublinearCount(space->counts[place]) * space->model->vocabulary.idf[place];
    squares += value * value;
  }
  for (const uint32_t place : space->touched) {
    Contribution each;
    each.value =
        SublinearCount(space->counts[place]) * space->model->vocabulary.idf[place] * space->model->options.scale / std::sqrt(squares);
    space->counts[place] = 0;
    for (const std::string& name : names[static_cast<int32_t>(place)])
      each.feature += Concat(each.feature.empty() ? "" : " = ", "\"", name, "\"");
    each.feature = Concat(NameOf(space->model->options.of), " ", NameOf(space->model->options.ngrams.unit), " ", each.feature);
    for (size_t k = 0; k < num_outputs; ++k) each.added.push_back(each.value * space->model->weights[place * num_outputs + k]);
    contributions->push_back(std::move(each));
  }
}

std::string Classifier::StandardName(size_t index) const {
  if (index < model_->dense.size()) return DenseFeatures()[model_->dense[index]].name;
  index -= model_->dense.size();
  for (const MemberModel& member : model_->members) {
    if (index < member.model->outputs())
      return Concat("classifier ", member.name, member.model->outputs() == 1 ? "" : Concat(": ", member.model->classes[index]));
    index -= member.model->outputs();
  }
  TEMPER_CHECK(index < model_->products.size(), "a classifier has no number ", index, " behind its last product");
  const MemberProduct& product = model_->products[index];
  return Concat("product of ", model_->members[product.first].name, " and ", model_->members[product.second].name);
}

std::vector<Contribution> Classifier::Explain(std::string_view prompt, std::string_view answer) {
  const Texts texts(prompt, answer, *model_);
  std::vector<Contribution> contributions;
  for (Space& space : spaces_) ExplainSpace(&space, texts, &contributions);
  const std::vector<double> values = StandardValues(texts);
  for (size_t i = 0; i < values.size(); ++i) {
    Contribution each{StandardName(i), values[i], {}};
    for (size_t k = 0; k < model_->outputs(); ++k) each.added.push_back(values[i] * model_->standard.weights[i * model_->outputs() + k]);
    contributions.push_back(std::move(each));
  }
  return contributions;
}

}  // namespace temper

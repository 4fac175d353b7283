#include "reward/classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
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

struct Classifier::Texts {
  TextPair pair;
  std::string normal_answer, normal_both;

  std::string_view Of(TextOf of) const {
    return of == TextOf::kAnswer ? normal_answer : of == TextOf::kPrompt ? pair.normal_prompt : normal_both;
  }
};

Classifier::Classifier(std::shared_ptr<const ClassifierModel> model)
    : model_(std::move(model)), levels_(model_->Levels()), last_normal_prompt_(NormalizeText("", model_->normalization)) {
  spaces_.reserve(model_->spaces.size());
  for (const SpaceModel& space : model_->spaces) {
    spaces_.emplace_back(space, model_->outputs());
    reads_both_ = reads_both_ || space.options.of == TextOf::kBoth;
  }
  for (const MemberModel& member : model_->members) members_.emplace_back(member.model);
}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;

Classifier::Texts Classifier::TextsOf(std::string_view prompt, std::string_view answer) {
  if (prompt != last_prompt_) {
    last_normal_prompt_ = NormalizeText(prompt, model_->normalization);
    last_prompt_ = prompt;
  }
  Texts texts;
  texts.normal_answer = NormalizeText(answer, model_->normalization);
  if (reads_both_) texts.normal_both = last_normal_prompt_ + texts.normal_answer.substr(1);
  texts.pair = {prompt, answer, last_normal_prompt_, {}};
  return texts;
}

std::vector<double> Classifier::StandardValues(const Texts& texts) {
  std::vector<double> values;
  if (!model_->dense.empty()) {
    TextPair pair = texts.pair;
    pair.normal_answer = texts.normal_answer;
    const std::vector<double> all = DenseValues(pair);
    for (const uint32_t feature : model_->dense) values.push_back(all[feature]);
  }
  AppendMembers(members_, model_->products, texts.pair.prompt, texts.pair.answer, &values);
  const StandardModel& standard = model_->standard;
  for (size_t i = 0; i < values.size(); ++i) values[i] = (values[i] - standard.means[i]) * standard.scales[i];
  return values;
}

Classification Classifier::Classify(std::string_view prompt, std::string_view answer) {
  const Texts texts = TextsOf(prompt, answer);
  Classification out;
  out.outputs.resize(model_->outputs());
  for (AskedSpace& space : spaces_) space.AddTo(texts.Of(space.model().options.of), out.outputs);
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
  for (const auto& [first, second] : products) numbers->push_back(members[first].Value(said[first]) * members[second].Value(said[second]));
}

void Classifier::ExplainSpace(AskedSpace* space, const Texts& texts, std::vector<Contribution>* contributions) {
  constexpr size_t kMaxNames = 3;
  const SpaceModel& model = space->model();
  const std::string_view text = texts.Of(model.options.of);
  const size_t num_outputs = model_->outputs();
  std::map<int32_t, std::set<std::string>> names;
  space->ReadNgrams(text, [&](uint32_t slot, size_t begin, size_t end) {
    const int32_t place = space->PlaceOf(slot);
    if (place < 0) return;
    auto& known = names[place];
    if (known.size() < kMaxNames) known.emplace(text.substr(begin, end - begin));
  });
  for (const auto& [place, value] : space->FeaturesOf(text)) {
    Contribution each;
    each.value = value;
    for (const std::string& name : names[static_cast<int32_t>(place)])
      each.feature += Concat(each.feature.empty() ? "" : " = ", "\"", name, "\"");
    each.feature = Concat(NameOf(model.options.of), " ", NameOf(model.options.ngrams.unit), " ", each.feature);
    for (size_t k = 0; k < num_outputs; ++k) each.added.push_back(value * model.weights[place * num_outputs + k]);
    contributions->push_back(std::move(each));
  }
}

std::string StandardName(const ClassifierModel& model, size_t index) {
  if (index < model.dense.size()) return DenseFeatures()[model.dense[index]].name;
  index -= model.dense.size();
  for (const MemberModel& member : model.members) {
    if (index < member.model->outputs())
      return Concat("classifier ", member.name, member.model->outputs() == 1 ? "" : Concat(": ", member.model->classes[index]));
    index -= member.model->outputs();
  }
  TEMPER_CHECK(index < model.products.size(), "a classifier has no number ", index, " behind its last product");
  const MemberProduct& product = model.products[index];
  return Concat("product of ", model.members[product.first].name, " and ", model.members[product.second].name);
}

std::vector<Contribution> Classifier::Explain(std::string_view prompt, std::string_view answer) {
  const Texts texts = TextsOf(prompt, answer);
  std::vector<Contribution> contributions;
  for (AskedSpace& space : spaces_) ExplainSpace(&space, texts, &contributions);
  const std::vector<double> values = StandardValues(texts);
  for (size_t i = 0; i < values.size(); ++i) {
    Contribution each{StandardName(*model_, i), values[i], {}};
    for (size_t k = 0; k < model_->outputs(); ++k) each.added.push_back(values[i] * model_->standard.weights[i * model_->outputs() + k]);
    contributions.push_back(std::move(each));
  }
  return contributions;
}

}  // namespace temper

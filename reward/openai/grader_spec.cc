#include "reward/openai/grader_spec.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxBytes = 1 << 20, kMaxGraders = 100, kMaxMessages = 100, kMaxLabels = 1000;
constexpr int kMaxSpecDepth = 32;

// An object of the JSON and where it stands: graders.json: grader.graders.name.
class Place {
 public:
  Place(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  [[noreturn]] void Fail(const std::string& what) const { throw ConfigError(Concat(where_, ": ", what)); }
  const std::string& where() const { return where_; }
  const Json& json() const { return json_; }

  const Json* Find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json& At(const char* key) const {
    const Json* found = Find(key);
    if (found == nullptr) Fail(Concat("the key ", key, " is missing"));
    return *found;
  }
  std::string Text(const char* key) const {
    const Json& value = At(key);
    if (!value.is_string()) Fail(Concat(key, " must be a text, not ", Quoted(value.dump())));
    return value.get<std::string>();
  }
  std::vector<std::string> Texts(const char* key) const {
    const Json& value = At(key);
    const bool texts = value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& each) { return each.is_string(); });
    if (!texts || value.empty() || value.size() > kMaxLabels) Fail(Concat(key, " must be a list of 1 to ", kMaxLabels, " texts"));
    return value.get<std::vector<std::string>>();
  }
  GraderTemplate Template(const char* key) const {
    try {
      return GraderTemplate(Text(key));
    } catch (const ConfigError& error) {
      Fail(Concat(key, ": ", error.what()));
    }
  }
  template <typename E>
  E Word(const char* key) const {
    const std::string word = Text(key);
    if (const std::optional<E> value = ValueOf<E>(word)) return *value;
    std::string known;
    for (const auto& [value, name] : EnumNames<E>::kTable) known += Concat(known.empty() ? "" : ", ", name);
    Fail(Concat(key, " is ", Quoted(word), "; there are ", known));
  }

 private:
  const Json& json_;
  const std::string where_;
};

SimilarityMetric MetricOf(const Place& place) {
  const std::string metric = place.Text("evaluation_metric");
  if (metric == "cosine")
    place.Fail(
        "evaluation_metric cosine compares embeddings of OpenAI's text-embedding-3-large, which Temper does not have; OpenAI offers it "
        "for evals only. Choose another metric, or a grader of type command or http with an embedding model of yours");
  if (metric == "meteor")
    place.Fail(
        "evaluation_metric meteor needs WordNet's synonyms, which Temper does not ship; choose rouge_l or bleu, or a grader of type "
        "command with nltk's meteor_score");
  return place.Word<SimilarityMetric>("evaluation_metric");
}

// Texts alone; a list of texts is joined.
std::string ContentOf(const Place& message) {
  const Json& content = message.At("content");
  const auto text_of = [&](const Json& part) -> std::string {
    if (part.is_string()) return part.get<std::string>();
    const bool is_text = part.is_object() && part.contains("text") && part["text"].is_string();
    if (!is_text) message.Fail("content holds a part that is no text; images and audio are not supported");
    return part["text"].get<std::string>();
  };
  if (!content.is_array()) return text_of(content);
  std::string all;
  for (const Json& part : content) all += (all.empty() ? "" : "\n") + text_of(part);
  return all;
}

void ReadMessages(const Place& place, OpenAiGrader* grader) {
  const Json& input = place.At("input");
  if (!input.is_array() || input.empty() || input.size() > kMaxMessages)
    place.Fail(Concat("input must be a list of 1 to ", kMaxMessages, " messages {role, content}"));
  for (size_t i = 0; i < input.size(); ++i) {
    const Place message(input[i], Concat(place.where(), ".input[", i, "]"));
    if (!input[i].is_object()) message.Fail("a message must be an object {role, content}");
    const std::string role = message.Text("role");
    if (role != "system" && role != "developer" && role != "user" && role != "assistant")
      message.Fail(Concat("role is ", Quoted(role), "; expected system, developer, user or assistant"));
    try {
      grader->messages.push_back({role, GraderTemplate(ContentOf(message))});
    } catch (const ConfigError& error) {
      message.Fail(error.what());
    }
  }
}

// The keys of a chat request, by the names of chat completions.
std::string SamplingOf(const Place& place) {
  const Json* given = place.Find("sampling_params");
  Json sampling = Json::object();
  if (given == nullptr) return sampling.dump();
  if (!given->is_object()) place.Fail("sampling_params must be an object");
  for (const auto& [key, value] : given->items()) {
    if (value.is_null()) continue;
    const bool tokens = key == "max_completions_tokens" || key == "max_completion_tokens" || key == "max_tokens";
    if (!tokens && key != "seed" && key != "top_p" && key != "temperature" && key != "reasoning_effort")
      place.Fail(Concat("sampling_params has an unknown key ", Quoted(key),
                        "; there are seed, top_p, temperature, max_completions_tokens, reasoning_effort"));
    const bool fits = key == "reasoning_effort" ? value.is_string()
                      : key == "seed" || tokens ? value.is_number_integer()
                                                : value.is_number();
    if (!fits) place.Fail(Concat("sampling_params.", key, " is ", Quoted(value.dump())));
    sampling[tokens ? "max_completion_tokens" : key] = value;
  }
  return sampling.dump();
}

void ReadModel(const Place& place, OpenAiGrader* grader) {
  ReadMessages(place, grader);
  grader->model = place.Text("model");
  grader->sampling = SamplingOf(place);
  if (grader->kind == OpenAiGraderKind::kLabelModel) {
    grader->labels = place.Texts("labels");
    grader->passing_labels = place.Texts("passing_labels");
    for (const std::string& label : grader->passing_labels)
      if (std::find(grader->labels.begin(), grader->labels.end(), label) == grader->labels.end())
        place.Fail(Concat("passing_labels has ", Quoted(label), ", which labels does not have"));
    return;
  }
  const Json* range = place.Find("range");
  if (range == nullptr) return;
  const bool two = range->is_array() && range->size() == 2 && (*range)[0].is_number() && (*range)[1].is_number();
  if (two) grader->low = (*range)[0], grader->high = (*range)[1];
  if (!two || !(grader->low < grader->high)) place.Fail("range must be two numbers, the smaller one first");
}

class Reader {
 public:
  OpenAiGrader Read(const Place& place, bool nested) {
    if (++num_graders_ > kMaxGraders) place.Fail(Concat("more than ", kMaxGraders, " graders"));
    if (!place.json().is_object()) place.Fail("a grader must be an object");
    if (place.Text("type") == "python")
      place.Fail(
          "a python grader runs code that came with a file, which Temper does not do by itself: put its `source` into a script and name "
          "that in a grader of type command (docs/graders.md)");
    OpenAiGrader grader;
    grader.kind = place.Word<OpenAiGraderKind>("type");
    if (place.Find("name") != nullptr) grader.name = place.Text("name");
    switch (grader.kind) {
      case OpenAiGraderKind::kStringCheck:
        grader.operation = place.Word<StringOperation>("operation");
        break;
      case OpenAiGraderKind::kTextSimilarity:
        grader.metric = MetricOf(place);
        break;
      case OpenAiGraderKind::kScoreModel:
      case OpenAiGraderKind::kLabelModel:
        ReadModel(place, &grader);
        return grader;
      case OpenAiGraderKind::kMulti:
        if (nested) place.Fail("a multi grader cannot hold another one");
        ReadMulti(place, &grader);
        return grader;
    }
    grader.input = place.Template("input");
    grader.reference = place.Template("reference");
    return grader;
  }

 private:
  void ReadMulti(const Place& place, OpenAiGrader* grader) {
    const Json& graders = place.At("graders");
    if (!graders.is_object() || graders.empty()) place.Fail("graders must be an object with a grader for each name");
    std::vector<std::string> names;
    for (const auto& [key, json] : graders.items()) {
      if (key.empty()) place.Fail("graders holds one without a name");
      names.push_back(key);
      grader->graders.emplace(key, Read(Place(json, Concat(place.where(), ".graders.", Quoted(key))), true));
    }
    try {
      grader->formula = Formula(place.Text("calculate_output"), names);
    } catch (const ConfigError& error) {
      place.Fail(Concat("calculate_output: ", error.what()));
    }
  }

  size_t num_graders_ = 0;
};

}  // namespace

bool OpenAiGrader::IsModel() const { return kind == OpenAiGraderKind::kScoreModel || kind == OpenAiGraderKind::kLabelModel; }

bool OpenAiGrader::AsksModel() const {
  return IsModel() || std::any_of(graders.begin(), graders.end(), [](const auto& each) { return each.second.AsksModel(); });
}

std::vector<std::string> OpenAiGrader::Models() const {
  std::set<std::string> models;
  if (IsModel()) models.insert(model);
  for (const auto& [key, grader] : graders)
    for (const std::string& each : grader.Models()) models.insert(each);
  return {models.begin(), models.end()};
}

std::vector<std::string> OpenAiGrader::Columns() const {
  std::set<std::string> columns;
  const auto add = [&](const std::vector<std::string>& names) { columns.insert(names.begin(), names.end()); };
  add(input.Columns());
  add(reference.Columns());
  for (const GraderMessage& message : messages) add(message.content.Columns());
  for (const auto& [key, grader] : graders) add(grader.Columns());
  return {columns.begin(), columns.end()};
}

nlohmann::json OpenAiGraderJson(std::string_view text, const std::string& source) {
  if (text.size() > kMaxBytes) throw ConfigError(Concat(source, ": ", text.size(), " bytes; at most ", kMaxBytes));
  std::string error;
  const std::optional<Json> json = ParseStrictJson(text, kMaxSpecDepth, &error);
  if (!json) throw ConfigError(Concat(source, ": not JSON: ", error));
  const Json::json_pointer in_job("/method/reinforcement/grader");
  if (json->is_object() && json->contains("method")) {
    if (!json->contains(in_job)) throw ConfigError(Concat(source, ": the job has no method.reinforcement.grader"));
    return json->at(in_job);
  }
  return *json;
}

OpenAiGrader ParseOpenAiGrader(std::string_view text, const std::string& source) {
  const Json json = OpenAiGraderJson(text, source);
  return Reader().Read(Place(json, Concat(source, ": grader")), false);
}

}  // namespace temper

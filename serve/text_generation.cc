#include "serve/text_generation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/printable.h"
#include "cluster/base/utf8.h"
#include "policy/formats/end_tokens.h"
#include "policy/formats/folder_hash.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/model/token_options.h"
#include "policy/text/strict_json.h"
#include "rollout/engine/sampler.h"
#include "rollout/engine/stop_strings.h"

namespace temper {
namespace {

constexpr int kMaxDepth = 32;
constexpr int64_t kSlots = 64;

// generation_config.json: what transformers' generate would do.
class GenerationDefaults {
 public:
  explicit GenerationDefaults(const std::string& folder) : path_((std::filesystem::path(folder) / "generation_config.json").string()) {
    if (!std::filesystem::exists(path_)) return;
    std::string error;
    auto parsed = ParseStrictJson(ReadUserFile(path_), kMaxDepth, &error);
    if (!parsed) throw ConfigError(Concat(path_, ": ", error));
    if (!parsed->is_object()) throw ConfigError(Concat(path_, ": expected a JSON object"));
    root_ = *std::move(parsed);
  }

  template <typename T>
  T Number(const char* key, T otherwise) const {
    const auto found = root_.find(key);
    if (found == root_.end() || found->is_null()) return otherwise;
    const bool fits = std::is_integral_v<T> ? found->is_number_integer() : found->is_number();
    if (!fits) throw ConfigError(Concat(path_, ": ", key, ": expected a number, found ", Quoted(found->dump())));
    return found->get<T>();
  }

  bool greedy() const {
    const auto found = root_.find("do_sample");
    if (found == root_.end() || found->is_null()) return false;
    if (!found->is_boolean()) throw ConfigError(Concat(path_, ": do_sample: expected true or false, found ", Quoted(found->dump())));
    return !found->get<bool>();
  }

  // Settings that would change what is sampled and that the engine does not have.
  void SayWhatIsLeftOut() const {
    for (const auto& [key, neutral] : {std::pair{"repetition_penalty", 1.0},
                                       {"min_p", 0.0},
                                       {"typical_p", 1.0},
                                       {"no_repeat_ngram_size", 0.0},
                                       {"epsilon_cutoff", 0.0},
                                       {"eta_cutoff", 0.0}}) {
      if (const double value = Number<double>(key, neutral); value != neutral)
        std::fprintf(stderr, "temper: %s: %s %g is not applied\n", path_.c_str(), key, value);
    }
  }

 private:
  std::string path_;
  nlohmann::json root_ = nlohmann::json::object();
};

// The place of the name in "NAME=NUMBER" among `names`, and the number. `option`: for errors.
std::pair<size_t, double> ParseRule(const std::string& option, const std::string& text, const std::vector<std::string>& names) {
  const size_t equals = text.rfind('=');
  const auto name = std::find(names.begin(), names.end(), text.substr(0, equals));
  const char* end = text.data() + text.size();
  double number = 0;
  const auto [at, error] = equals == std::string::npos ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                                                       : std::from_chars(text.data() + equals + 1, end, number);
  if (error != std::errc() || at != end || !std::isfinite(number))
    throw ConfigError(Concat(option, " ", Quoted(text), ": expected NAME=NUMBER, such as redirect=0.3"));
  if (name == names.end()) throw ConfigError(Concat(option, " ", Quoted(text), ": the name is none of --mode-tokens"));
  return {static_cast<size_t>(name - names.begin()), number};
}

FirstTokenGate GateOf(const GenerateArguments& arguments, const Tokenizer& tokenizer) {
  const std::vector<std::string>& names = arguments.mode_tokens;
  FirstTokenGate gate;
  for (const std::string& name : names) {
    const int32_t id = tokenizer.IdOf(TokenSpelling(name));
    if (id < 0) throw ConfigError(Concat("--mode-tokens: the tokenizer of ", arguments.model, " has no token ", TokenSpelling(name)));
    gate.tokens.push_back({.id = id});
  }
  for (const std::string& rule : arguments.thresholds) {
    const auto [token, number] = ParseRule("--gate", rule, names);
    if (number < 0) throw ConfigError(Concat("--gate ", Quoted(rule), ": a threshold must be at least 0; above 1 means never"));
    gate.tokens[token].threshold = number;
  }
  for (const std::string& rule : arguments.biases) {
    const auto [token, number] = ParseRule("--gate-bias", rule, names);
    gate.tokens[token].bias = number;
  }
  const auto ruled = [](const GatedToken& token) { return token.has_threshold(); };
  if (!names.empty() && std::all_of(gate.tokens.begin(), gate.tokens.end(), ruled))
    throw ConfigError("--gate: leave a token without a threshold: it is what comes where no threshold is reached");
  return gate;
}

SamplingOptions Sampling(const GenerateArguments& arguments, const TransformerConfig& model, const Tokenizer& tokenizer) {
  const GenerationDefaults defaults(arguments.model);
  defaults.SayWhatIsLeftOut();
  SamplingOptions sampling;
  sampling.temperature = arguments.temperature.value_or(defaults.greedy() ? 0.0 : defaults.Number("temperature", 1.0));
  sampling.top_k = arguments.top_k.value_or(defaults.Number<int64_t>("top_k", 0));
  sampling.top_p = arguments.top_p.value_or(defaults.Number("top_p", 1.0));
  sampling.min_new_tokens = arguments.min_new_tokens;
  sampling.max_new_tokens = arguments.max_new_tokens.value_or(std::max(kUsualNewTokens, arguments.min_new_tokens));
  const EndTokens ends = FindEndTokens(arguments.model, model, &tokenizer);
  if (!ends.disagreement.empty()) std::fprintf(stderr, "temper: %s\n", PrintableText(ends.disagreement).c_str());
  sampling.stop_ids = ends.ids;
  sampling.stop_strings = arguments.stops;
  sampling.gate = GateOf(arguments, tokenizer);
  for (const std::string& stop : arguments.stops)
    if (InvalidUtf8At(stop)) throw ConfigError(Concat("--stop ", Quoted(stop), ": not valid UTF-8"));
  try {
    CheckSamplingOptions(sampling, model.vocab_size, /*section=*/"");
  } catch (const ConfigError& error) {
    throw ConfigError(Concat("sampling options (of the command line or generation_config.json): ", error.what()));
  }
  ResolveStops(tokenizer, &sampling);
  return sampling;
}

}  // namespace

TextGenerator::TextGenerator(const GenerateArguments& arguments)
    : arguments_(arguments), model_(LoadHfModel(arguments.model)), tokenizer_(LoadTokenizer(arguments.model)) {
  if (arguments.dtype == "bf16") model_.SetInferenceType(at::kBFloat16);
  if (!arguments.edit.empty()) model_.SetResidualEdit(MakeEdit(arguments.edit, model_, HashOfHfFolder(arguments.model)));
  if (!arguments.raw && HasChatTemplate(arguments.model)) chat_template_.emplace(LoadChatTemplate(arguments.model));
  if (!has_template() && !arguments.system.empty())
    throw ConfigError(arguments.raw ? "--raw: a text that is continued as it is has no --system prompt"
                                    : Concat("--system: ", arguments.model, " has no chat template"));
  sampling_ = Sampling(arguments, model_.config(), *tokenizer_);
}

std::string TextGenerator::Render(const nlohmann::ordered_json& messages) const {
  ChatOptions options;
  options.add_generation_prompt = true;
  return chat_template_->Render(messages, options).text;
}

GenerationRequest TextGenerator::ChatRequest(uint64_t group_id, const std::string& rendered) const {
  return Request(group_id, rendered, tokenizer_->Encode(rendered));
}

GenerationRequest TextGenerator::TextRequest(uint64_t group_id, const std::string& text) const {
  return Request(group_id, text, tokenizer_->Encode(text, /*add_specials=*/true));
}

GenerationRequest TextGenerator::PromptRequest(uint64_t group_id, const std::string& prompt) const {
  if (!has_template()) return TextRequest(group_id, prompt);
  auto messages = nlohmann::ordered_json::array();
  if (!arguments_.system.empty()) messages.push_back({{"role", "system"}, {"content", arguments_.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  return ChatRequest(group_id, Render(messages));
}

GenerationRequest TextGenerator::Request(uint64_t group_id, const std::string& text, std::vector<int32_t> ids) const {
  const TransformerConfig& config = model_.config();
  if (ids.empty()) throw ConfigError("the prompt is empty");
  for (const int32_t id : ids) {
    if (id >= config.vocab_size)
      throw ConfigError(Concat("the tokenizer gives the id ", id, ", and the model has ", config.vocab_size,
                               " ids; tokenizer and model do not belong together"));
  }
  GenerationRequest request;
  request.group_id = group_id;
  request.seed = arguments_.seed;
  request.prompt_key = KeyOf(text);
  request.num_samples = arguments_.num_samples;
  request.sampling = sampling_;
  const int64_t left = config.max_positions - static_cast<int64_t>(ids.size());
  if (!arguments_.max_new_tokens) request.sampling.max_new_tokens = std::min(request.sampling.max_new_tokens, left);
  const int64_t needed = std::max<int64_t>({1, request.sampling.max_new_tokens, request.sampling.min_new_tokens});
  if (needed > left)
    throw ConfigError(Concat("the prompt has ", ids.size(), " tokens; with ", needed, " new ones that is over the model's ",
                             config.max_positions, " positions"));
  request.prompt_tokens = std::move(ids);
  return request;
}

GenerationEngine TextGenerator::MakeEngine(int64_t prefill_tokens) const {
  return {&model_,
          {.slots = kSlots,
           .max_tokens = std::max<int64_t>(2, model_.config().max_positions),
           .prefill_tokens = prefill_tokens,
           .tokenizer = tokenizer_.get()}};
}

std::string TextGenerator::TextOf(const Trajectory& completion) const { return CompletionText(*tokenizer_, completion, sampling_); }

}  // namespace temper

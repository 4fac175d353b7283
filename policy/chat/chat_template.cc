#include "policy/chat/chat_template.h"

#include <charconv>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/evaluator.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;
using jinja::Kind;
using jinja::Value;

constexpr int kDeepestJson = 200;

// A JSON value as the template's; texts stay where they are.
Value FromJson(jinja::Heap* heap, const Json& json, int depth = 0) {
  if (depth > kDeepestJson) throw jinja::Failure(Concat("JSON nested more than ", kDeepestJson, " levels deep"));
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value::Bool(json.get<bool>());
    case Json::value_t::number_integer:
      return Value::Int(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      return Value::Int(json.get<uint64_t>());
    case Json::value_t::number_float:
      return Value::Float(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (InvalidUtf8At(text).has_value()) throw jinja::Failure(Concat("not UTF-8: ", Quoted(text)));
      return Value::String(text);
    }
    case Json::value_t::array: {
      auto* list = heap->New<jinja::Sequence>();
      for (const Json& item : json) list->items.push_back(FromJson(heap, item, depth + 1));
      return Value::List(list);
    }
    case Json::value_t::object: {
      auto* dict = heap->New<jinja::Dict>();
      for (const auto& [key, item] : json.items()) {
        if (InvalidUtf8At(key).has_value()) throw jinja::Failure(Concat("not UTF-8: ", Quoted(key)));
        dict->items.emplace_back(Value::String(key), FromJson(heap, item, depth + 1));
      }
      return Value::Dict(dict);
    }
    default:
      return Value::None();
  }
}

// A message without its null keys and, where the assistant has reasoned, with the reasoning under both names that templates read.
Value Normalized(jinja::Heap* heap, const jinja::Dict& message) {
  auto* made = heap->New<jinja::Dict>();
  Value reasoning;
  for (const std::string_view name : {"reasoning_content", "thinking", "reasoning"}) {
    const Value* found = message.Find(name);
    if (reasoning.Is(Kind::kMissing) && found != nullptr && !found->is_none()) reasoning = *found;
  }
  if (!reasoning.Is(Kind::kMissing)) jinja::Set(heap, made, Value::String("thinking"), reasoning);
  for (const auto& [key, value] : message.items) {
    if (!value.is_none()) jinja::Set(heap, made, key, value);
  }
  if (!reasoning.Is(Kind::kMissing)) jinja::Set(heap, made, Value::String("reasoning_content"), reasoning);
  return Value::Dict(made);
}

Value Messages(jinja::Heap* heap, const Json& messages, bool as_given) {
  if (!messages.is_array()) throw jinja::Failure("the messages are not a list");
  if (messages.empty() && !as_given) throw jinja::Failure("there is no message");
  std::vector<Value> items;
  for (const Json& message : messages) {
    if (!message.is_object()) throw jinja::Failure(Concat("message ", items.size(), " is not an object with a role and a content"));
    const Value value = FromJson(heap, message);
    items.push_back(as_given ? value : Normalized(heap, value.dict()));
  }
  return heap->List(std::move(items));
}

std::map<std::string, Value, std::less<>> Variables(jinja::Heap* heap, const std::map<std::string, std::string>& special_tokens,
                                                    const Json& messages, const ChatOptions& options) {
  std::map<std::string, Value, std::less<>> variables;
  for (const auto& [name, token] : special_tokens) variables[name] = Value::String(token);
  if (!options.variables.is_object()) throw jinja::Failure("the variables are not an object");
  for (const auto& [name, value] : options.variables.items()) variables[name] = FromJson(heap, value);
  for (const auto* list : {&options.tools, &options.documents}) {
    if (!list->is_null() && !list->is_array()) throw jinja::Failure("tools and documents are lists");
  }
  variables["messages"] = Messages(heap, messages, options.messages_as_given);
  variables["tools"] = FromJson(heap, options.tools);
  variables["documents"] = FromJson(heap, options.documents);
  variables["add_generation_prompt"] = Value::Bool(options.add_generation_prompt);
  return variables;
}

// Why an integer in the text would not survive, or it is nested too deep; nothing where all is well. `text` is JSON.
std::optional<std::string> Objection(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepestJson) return Concat("nested more than ", kDeepestJson, " levels deep");
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const size_t end = std::min(text.find_first_not_of("+-.0123456789eE", i), text.size());
      const std::string_view number = text.substr(i, end - i);
      uint64_t value = 0;
      int64_t negative = 0;
      const bool fits = c == '-' ? std::from_chars(number.begin(), number.end(), negative).ec == std::errc()
                                 : std::from_chars(number.begin(), number.end(), value).ec == std::errc();
      if (!fits && number.find_first_of(".eE") == std::string_view::npos)
        return Concat("the integer ", Quoted(number), " has more than 64 bits");
      i = end - 1;
    }
  }
  return std::nullopt;
}

}  // namespace

ChatTemplate::ChatTemplate(const std::string& name, std::string_view text, std::map<std::string, std::string> special_tokens)
    : name_(name), special_tokens_(std::move(special_tokens)) {
  auto parsed = std::make_unique<jinja::Template>(name, text);
  jinja::Parse(parsed.get());
  jinja::ResolveNames(parsed.get());
  parsed_ = std::move(parsed);
}

ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

RenderedChat ChatTemplate::Render(const Json& messages, const ChatOptions& options) const {
  jinja::Heap heap(options.limits);
  std::map<std::string, Value, std::less<>> variables;
  try {
    variables = Variables(&heap, special_tokens_, messages, options);
  } catch (const jinja::Failure& failure) {
    throw ConfigError(Concat("chat template ", name_, ": ", failure.what()));
  }
  jinja::Output output = jinja::Evaluator(*parsed_, &heap, variables, options.now).Run();
  RenderedChat rendered{std::move(output.text), {}, output.generated_elsewhere};
  for (const auto& [begin, end] : output.generated) rendered.generated.push_back({begin, end});
  return rendered;
}

std::optional<Json> ParseChatJson(std::string_view text, std::string* error) {
  try {
    // Checked first: a list of lists of lists... is no trouble to parse, but to copy.
    if (const auto objection = Objection(text)) {
      *error = *objection;
      return std::nullopt;
    }
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& e) {
    *error = JsonProblem(text, e);
    return std::nullopt;
  }
}

}  // namespace temper

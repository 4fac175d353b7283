#include "policy/gguf/metadata.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

template <typename T>
T Load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

bool IsReal(GgufValueType type) { return type == GgufValueType::kFloat32 || type == GgufValueType::kFloat64; }
bool IsWhole(GgufValueType type) { return WidthOf(type) > 0 && !IsReal(type) && type != GgufValueType::kBool; }

double ShortestDecimal(float value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text) - 1, value).ptr;
  *end = '\0';
  return std::strtod(text, nullptr);
}

}  // namespace

const char* NameOf(const GgufValue& value) {
  if (value.is_list) return "a list";
  if (value.type == GgufValueType::kText) return "a text";
  if (value.type == GgufValueType::kBool) return "true or false";
  return IsReal(value.type) ? "a number with a fraction" : "a whole number";
}

bool GgufMetadata::Add(std::string_view key, const GgufValue& value) { return values_.emplace(std::string(key), value).second; }

void GgufMetadata::Refuse(std::string_view key, const std::string& why) const {
  throw ConfigError(Concat(path_, ": ", Quoted(key), ": ", why));
}

const GgufValue* GgufMetadata::Find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

const GgufValue& GgufMetadata::At(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) Refuse(key, "missing");
  return *value;
}

const GgufValue& GgufMetadata::One(std::string_view key, const GgufValue& value, const char* expected) const {
  if (value.is_list) Refuse(key, Concat("expected ", expected, ", found a list"));
  return value;
}

const GgufValue& GgufMetadata::List(std::string_view key, const GgufValue& value, const char* expected) const {
  if (!value.is_list) Refuse(key, Concat("expected ", expected, ", found ", NameOf(value)));
  return value;
}

int64_t GgufMetadata::ToWhole(std::string_view key, GgufValueType type, std::string_view bytes) const {
  switch (type) {
    case GgufValueType::kUint8:
      return Load<uint8_t>(bytes);
    case GgufValueType::kInt8:
      return Load<int8_t>(bytes);
    case GgufValueType::kUint16:
      return Load<uint16_t>(bytes);
    case GgufValueType::kInt16:
      return Load<int16_t>(bytes);
    case GgufValueType::kUint32:
      return Load<uint32_t>(bytes);
    case GgufValueType::kInt32:
      return Load<int32_t>(bytes);
    case GgufValueType::kInt64:
      return Load<int64_t>(bytes);
    case GgufValueType::kUint64:
      break;
    default:
      Refuse(key, "expected whole numbers");
  }
  const auto value = Load<uint64_t>(bytes);
  if (value > uint64_t{INT64_MAX}) Refuse(key, Concat(value, " is too large"));
  return static_cast<int64_t>(value);
}

double GgufMetadata::ToReal(std::string_view key, GgufValueType type, std::string_view bytes) const {
  if (!IsReal(type)) return static_cast<double>(ToWhole(key, type, bytes));
  const double value = type == GgufValueType::kFloat64 ? Load<double>(bytes) : double{Load<float>(bytes)};
  if (!std::isfinite(value)) Refuse(key, "is no finite number");
  return type == GgufValueType::kFloat64 ? value : ShortestDecimal(Load<float>(bytes));
}

std::string GgufMetadata::ToText(std::string_view key, std::string_view* bytes) const {
  const auto size = Load<uint64_t>(*bytes);  // the reader has checked it
  std::string text(bytes->substr(sizeof(size), size));
  bytes->remove_prefix(sizeof(size) + size);
  if (InvalidUtf8At(text)) Refuse(key, Concat("is not UTF-8: ", Quoted(text)));
  return text;
}

std::optional<int64_t> GgufMetadata::Whole(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  constexpr char kExpected[] = "a whole number";
  One(key, *value, kExpected);
  if (!IsWhole(value->type)) Refuse(key, Concat("expected ", kExpected, ", found ", NameOf(*value)));
  return ToWhole(key, value->type, value->bytes);
}

std::optional<double> GgufMetadata::Real(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  constexpr char kExpected[] = "a number";
  One(key, *value, kExpected);
  if (!IsWhole(value->type) && !IsReal(value->type)) Refuse(key, Concat("expected ", kExpected, ", found ", NameOf(*value)));
  return ToReal(key, value->type, value->bytes);
}

std::optional<bool> GgufMetadata::Truth(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  One(key, *value, "true or false");
  if (value->type != GgufValueType::kBool) Refuse(key, Concat("expected true or false, found ", NameOf(*value)));
  return value->bytes[0] != 0;
}

std::optional<std::string> GgufMetadata::Text(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  One(key, *value, "a text");
  if (value->type != GgufValueType::kText) Refuse(key, Concat("expected a text, found ", NameOf(*value)));
  std::string_view bytes = value->bytes;
  return ToText(key, &bytes);
}

std::optional<std::vector<std::string>> GgufMetadata::Texts(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  List(key, *value, "a list of texts");
  if (value->type != GgufValueType::kText) Refuse(key, "expected a list of texts, found another list");
  std::string_view bytes = value->bytes;
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < value->count; ++i) texts.push_back(ToText(key, &bytes));
  return texts;
}

std::optional<std::vector<int64_t>> GgufMetadata::Wholes(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  List(key, *value, "a list of whole numbers");
  if (!IsWhole(value->type)) Refuse(key, "expected a list of whole numbers, found another list");
  std::vector<int64_t> numbers;
  const uint64_t width = WidthOf(value->type);
  for (uint64_t i = 0; i < value->count; ++i) numbers.push_back(ToWhole(key, value->type, value->bytes.substr(i * width, width)));
  return numbers;
}

std::optional<std::vector<double>> GgufMetadata::Reals(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  List(key, *value, "a list of numbers");
  if (!IsWhole(value->type) && !IsReal(value->type)) Refuse(key, "expected a list of numbers, found another list");
  std::vector<double> numbers;
  const uint64_t width = WidthOf(value->type);
  for (uint64_t i = 0; i < value->count; ++i) numbers.push_back(ToReal(key, value->type, value->bytes.substr(i * width, width)));
  return numbers;
}

int64_t GgufMetadata::WholeAt(std::string_view key) const {
  At(key);
  return *Whole(key);
}

std::string GgufMetadata::TextAt(std::string_view key) const {
  At(key);
  return *Text(key);
}

std::vector<std::string> GgufMetadata::TextsAt(std::string_view key) const {
  At(key);
  return *Texts(key);
}

}  // namespace temper

#include "policy/gguf/container.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr uint64_t kMaxSettings = 1 << 16;
constexpr uint64_t kMaxTensors = 1 << 16;
constexpr uint64_t kMaxNameBytes = 1 << 10;  // of a key or a tensor's name
constexpr uint32_t kMaxDimensions = 4;
constexpr int kMaxListDepth = 4;
constexpr int64_t kMaxAlignment = 1 << 16;
constexpr int64_t kDefaultAlignment = 32;
constexpr uint64_t kMinSettingBytes = 8 + 4 + 1;         // of a key's length, a type, a value
constexpr uint64_t kMinTensorBytes = 8 + 4 + 8 + 4 + 8;  // of a name's length, a number of dimensions, one of them, a type, an offset

// The bytes of a file, taken from front to back.
class Cursor {
 public:
  Cursor(const std::string& path, std::string_view bytes) : path_(path), bytes_(bytes) {}

  [[noreturn]] void Refuse(const std::string& why) const { throw ConfigError(Concat(path_, ": ", why)); }

  std::string_view Take(uint64_t size, const char* what) {
    if (size > left()) Refuse(Concat("cut short or damaged: ", what, " at byte ", at_, " takes ", size, " bytes, ", left(), " are left"));
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }

  template <typename T>
  T Number(const char* what) {
    T value;
    std::memcpy(&value, Take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  // A number of things that take at least `min_bytes` each.
  uint64_t Count(uint64_t limit, uint64_t min_bytes, const char* what) {
    const auto count = Number<uint64_t>(what);
    if (count > limit) Refuse(Concat(what, " is ", count, "; at most ", limit, " are read"));
    if (count > left() / min_bytes) Refuse(Concat("cut short or damaged: ", what, " is ", count, ", but ", left(), " bytes are left"));
    return count;
  }

  std::string_view Text(const char* what) { return Take(Number<uint64_t>(what), what); }

  std::string_view Name(const char* what) {
    const auto size = Number<uint64_t>(what);
    if (size == 0 || size > kMaxNameBytes) Refuse(Concat("damaged: ", what, " at byte ", at_, " has ", size, " bytes"));
    return Take(size, what);
  }

  uint64_t at() const { return at_; }
  uint64_t left() const { return bytes_.size() - at_; }
  std::string_view Since(uint64_t begin) const { return bytes_.substr(begin, at_ - begin); }

 private:
  const std::string& path_;
  std::string_view bytes_;
  uint64_t at_ = 0;
};

GgufValueType ReadType(Cursor* cursor) {
  const auto type = cursor->Number<uint32_t>("the type of a setting");
  if (type > static_cast<uint32_t>(GgufValueType::kFloat64)) cursor->Refuse(Concat("damaged: a setting has the unknown type ", type));
  return static_cast<GgufValueType>(type);
}

GgufValue ReadList(Cursor* cursor, int depth);

// The bytes of a value of that type.
void PassValue(Cursor* cursor, GgufValueType type, int depth) {
  if (type == GgufValueType::kText) {
    cursor->Text("a text");
  } else if (type == GgufValueType::kList) {
    ReadList(cursor, depth + 1);
  } else if (type == GgufValueType::kBool) {
    if (const auto value = cursor->Number<uint8_t>("a truth value"); value > 1)
      cursor->Refuse(Concat("damaged: a truth value at byte ", cursor->at() - 1, " is ", int{value}));
  } else {
    cursor->Take(WidthOf(type), "a number");
  }
}

GgufValue ReadList(Cursor* cursor, int depth) {
  if (depth > kMaxListDepth) cursor->Refuse(Concat("lists of lists are more than ", kMaxListDepth, " deep"));
  GgufValue list;
  list.type = ReadType(cursor);
  list.is_list = true;
  // A text takes the 8 bytes of its length, a list 4 more for its type.
  const uint64_t min_bytes = list.type == GgufValueType::kText ? 8 : list.type == GgufValueType::kList ? 12 : WidthOf(list.type);
  list.count = cursor->Count(UINT64_MAX, min_bytes, "the length of a list");
  const uint64_t begin = cursor->at();
  if (WidthOf(list.type) > 0 && list.type != GgufValueType::kBool) {
    cursor->Take(list.count * WidthOf(list.type), "a list");
  } else {
    for (uint64_t i = 0; i < list.count; ++i) PassValue(cursor, list.type, depth);
  }
  list.bytes = cursor->Since(begin);
  return list;
}

GgufValue ReadValue(Cursor* cursor) {
  GgufValue value;
  value.type = ReadType(cursor);
  if (value.type == GgufValueType::kList) return ReadList(cursor, 1);
  const uint64_t begin = cursor->at();
  PassValue(cursor, value.type, 0);
  value.bytes = cursor->Since(begin);
  return value;
}

void CheckVersion(Cursor* cursor) {
  if (cursor->left() < 4 || cursor->Take(4, "the magic") != "GGUF") cursor->Refuse("not a GGUF file: it does not begin with GGUF");
  const auto version = cursor->Number<uint32_t>("the version");
  if (version == 2 || version == 3) return;
  if (version == 2U << 24 || version == 3U << 24) cursor->Refuse("is big-endian, which is not supported; make it again as little-endian");
  cursor->Refuse(Concat("GGUF version ", version, " is not supported; 2 and 3 are"));
}

// A tensor as it is announced; `offset` counts from the beginning of the data.
struct Announced {
  GgufTensor tensor;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

void ReadShape(Cursor* cursor, GgufTensor* tensor) {
  const auto refuse = [&](const std::string& why) { cursor->Refuse(Concat("tensor ", Quoted(tensor->name), ": ", why)); };
  const auto dimensions = cursor->Number<uint32_t>("a number of dimensions");
  if (dimensions < 1 || dimensions > kMaxDimensions) refuse(Concat(dimensions, " dimensions; 1 to ", kMaxDimensions, " are supported"));
  int64_t numbers = 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    const auto size = cursor->Number<int64_t>("a dimension");
    if (size < 1 || __builtin_mul_overflow(numbers, size, &numbers)) refuse("has a dimension that no tensor can have");
    tensor->shape.push_back(size);
  }
  std::reverse(tensor->shape.begin(), tensor->shape.end());
}

Announced ReadTensor(Cursor* cursor) {
  Announced announced;
  GgufTensor& tensor = announced.tensor;
  tensor.name = cursor->Name("a tensor's name");
  const auto refuse = [&](const std::string& why) { cursor->Refuse(Concat("tensor ", Quoted(tensor.name), ": ", why)); };
  ReadShape(cursor, &tensor);
  const auto type = cursor->Number<uint32_t>("a tensor's type");
  tensor.type = FindGgufTensorType(type);
  if (tensor.type == nullptr) refuse(Concat("its numbers are of type ", type, "; supported are ", GgufTensorTypeNames()));
  if (tensor.shape.back() % tensor.type->values != 0)
    refuse(Concat("rows of ", tensor.shape.back(), " numbers are no whole blocks of ", tensor.type->values, " (", tensor.type->name, ")"));
  const uint64_t blocks = static_cast<uint64_t>(tensor.numel()) / tensor.type->values;
  if (__builtin_mul_overflow(blocks, uint64_t{tensor.type->bytes}, &announced.bytes)) refuse("is larger than any file");
  announced.offset = cursor->Number<uint64_t>("a tensor's offset");
  return announced;
}

int64_t AlignmentOf(const GgufMetadata& metadata) {
  constexpr char kKey[] = "general.alignment";
  const int64_t alignment = metadata.Whole(kKey).value_or(kDefaultAlignment);
  if (alignment < 8 || alignment > kMaxAlignment || (alignment & (alignment - 1)) != 0)
    metadata.Refuse(kKey, Concat(alignment, " is no power of two from 8 to ", kMaxAlignment));
  return alignment;
}

// Gives every tensor its bytes of `data`.
void PlaceTensors(const Cursor& cursor, std::string_view data, uint64_t alignment, std::vector<Announced>* announced) {
  std::vector<const Announced*> order;
  for (Announced& each : *announced) {
    const auto refuse = [&](const std::string& why) { cursor.Refuse(Concat("tensor ", Quoted(each.tensor.name), ": ", why)); };
    if (each.offset % alignment != 0) refuse(Concat("offset ", each.offset, " is no multiple of the alignment ", alignment));
    if (each.offset > data.size() || each.bytes > data.size() - each.offset)
      refuse(Concat("cut short or damaged: its ", each.bytes, " bytes at ", each.offset, " go beyond the ", data.size(), " bytes of data"));
    each.tensor.data = data.substr(each.offset, each.bytes);
    order.push_back(&each);
  }
  std::sort(order.begin(), order.end(), [](const Announced* a, const Announced* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i - 1]->offset + order[i - 1]->bytes > order[i]->offset)
      cursor.Refuse(Concat("damaged: tensors ", Quoted(order[i - 1]->tensor.name), " and ", Quoted(order[i]->tensor.name), " overlap"));
  }
}

}  // namespace

const GgufTensor* GgufContainer::Find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const GgufTensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

GgufContainer ParseGguf(const std::string& path, std::string_view bytes) {
  Cursor cursor(path, bytes);
  CheckVersion(&cursor);
  const uint64_t tensors = cursor.Count(kMaxTensors, kMinTensorBytes, "the number of tensors");
  const uint64_t settings = cursor.Count(kMaxSettings, kMinSettingBytes, "the number of settings");
  GgufContainer container{GgufMetadata(path), {}};
  for (uint64_t i = 0; i < settings; ++i) {
    const std::string_view key = cursor.Name("a key");
    if (!container.metadata.Add(key, ReadValue(&cursor))) cursor.Refuse(Concat("damaged: ", Quoted(key), " is there twice"));
  }
  std::vector<Announced> announced;
  std::set<std::string_view> names;
  for (uint64_t i = 0; i < tensors; ++i) announced.push_back(ReadTensor(&cursor));
  for (const Announced& each : announced)
    if (!names.insert(each.tensor.name).second) cursor.Refuse(Concat("damaged: tensor ", Quoted(each.tensor.name), " is there twice"));
  const auto alignment = static_cast<uint64_t>(AlignmentOf(container.metadata));
  const uint64_t begin = (cursor.at() + alignment - 1) / alignment * alignment;
  PlaceTensors(cursor, begin > bytes.size() ? std::string_view() : bytes.substr(begin), alignment, &announced);
  for (Announced& each : announced) container.tensors.push_back(std::move(each.tensor));
  return container;
}

}  // namespace temper

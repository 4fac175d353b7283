#include "policy/formats/safetensors_header.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxNameBytes = 512;
constexpr size_t kMaxDimensions = 8;
constexpr int kMaxHeaderDepth = 4;

[[noreturn]] void RefuseHeader(const std::string& path, const std::string& why) { throw ConfigError(Concat(path, ": ", why)); }

// Whether every object of the text has distinct keys and nothing nests deeper than kMaxHeaderDepth; nlohmann's tree keeps the last of
// two equal keys silently, so the tokens themselves are looked at.
class StructureCheck : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override {
    keys_.emplace_back();
    return Descend();
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    problem_ = Concat("the name ", Json(name).dump(-1, ' ', true, Json::error_handler_t::replace), " stands twice in the header");
    return false;
  }
  bool start_array(size_t) override { return Descend(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = Concat("the header is not JSON (byte ", position, ")");
    return false;
  }
  const std::string& problem() const { return problem_; }

 private:
  bool Descend() {
    if (++depth_ <= kMaxHeaderDepth) return true;
    problem_ = "the header nests too deep";
    return false;
  }
  std::vector<std::set<std::string>> keys_;
  int depth_ = 0;
  std::string problem_;
};

struct DType {
  const char* name;
  c10::ScalarType type;
};
constexpr DType kDTypes[] = {{"F32", c10::kFloat}, {"BF16", c10::kBFloat16}, {"F16", c10::kHalf},  {"F64", c10::kDouble},
                             {"I64", c10::kLong},  {"I32", c10::kInt},       {"I16", c10::kShort}, {"I8", c10::kChar},
                             {"U8", c10::kByte},   {"BOOL", c10::kBool}};

uint64_t Unsigned(const Json& value, const std::string& path, const std::string& where) {
  if (!value.is_number_unsigned()) RefuseHeader(path, Concat(where, ": expected a whole number of at least 0"));
  return value.get<uint64_t>();
}

SafetensorsEntry ParseEntry(const std::string& path, const std::string& name, const Json& value, uint64_t data_bytes) {
  const std::string where = Concat("tensor ", PrintableName(name));
  if (name.empty() || name.size() > kMaxNameBytes) RefuseHeader(path, Concat(where, ": the name must have 1 to ", kMaxNameBytes, " bytes"));
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) RefuseHeader(path, Concat(where, ": control character in the name"));
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
    RefuseHeader(path, Concat(where, ": expected exactly dtype, shape and data_offsets"));
  SafetensorsEntry entry;
  entry.name = name;
  const Json& dtype = value["dtype"];
  const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DType& d) { return dtype == d.name; });
  if (known == std::end(kDTypes))
    RefuseHeader(path, Concat(where, ": dtype ", PrintableName(dtype.is_string() ? dtype.get<std::string>() : "?"), " is not supported"));
  entry.type = known->type;
  const Json& shape = value["shape"];
  const Json& offsets = value["data_offsets"];
  if (!shape.is_array() || shape.size() > kMaxDimensions)
    RefuseHeader(path, Concat(where, ": shape must be a list of at most ", kMaxDimensions));
  if (!offsets.is_array() || offsets.size() != 2) RefuseHeader(path, Concat(where, ": data_offsets must be two numbers"));
  entry.begin = Unsigned(offsets[0], path, where + " data_offsets");
  entry.end = Unsigned(offsets[1], path, where + " data_offsets");
  if (entry.begin > entry.end || entry.end > data_bytes)
    RefuseHeader(path, Concat(where, ": data_offsets ", entry.begin, "..", entry.end, " leave the ", data_bytes, " bytes of data"));
  uint64_t bytes = c10::elementSize(entry.type);
  bool overflow = false;
  bool empty = false;
  for (const Json& size : shape) {
    const uint64_t count = Unsigned(size, path, where + " shape");
    if (count > static_cast<uint64_t>(INT64_MAX)) RefuseHeader(path, Concat(where, ": shape overflows"));
    empty = empty || count == 0;
    overflow = overflow || __builtin_mul_overflow(bytes, count, &bytes);
    entry.shape.push_back(static_cast<int64_t>(count));
  }
  // A dimension of 0 makes the product 0 whatever the others say; then each of the others must still be a sane size.
  if (overflow || (empty && std::any_of(entry.shape.begin(), entry.shape.end(), [](int64_t s) { return s > (int64_t{1} << 40); })))
    RefuseHeader(path, Concat(where, ": shape overflows"));
  if (bytes != entry.end - entry.begin)
    RefuseHeader(path, Concat(where, ": shape and dtype make ", bytes, " bytes, data_offsets ", entry.end - entry.begin));
  return entry;
}

void CheckMetadata(const std::string& path, const Json& metadata) {
  if (!metadata.is_object()) RefuseHeader(path, "__metadata__ is not an object");
  for (const Json& value : metadata)
    if (!value.is_string()) RefuseHeader(path, "__metadata__ holds something that is not a text");
}

}  // namespace

std::string PrintableName(const std::string& name) { return Json(name.substr(0, 80)).dump(-1, ' ', true, Json::error_handler_t::replace); }

std::vector<SafetensorsEntry> ParseSafetensorsHeader(const std::string& path, const std::string& header, uint64_t data_bytes) {
  if (header.empty() || header[0] != '{') RefuseHeader(path, "not a safetensors file: the header does not start with '{'");
  StructureCheck structure;
  if (!Json::sax_parse(header, &structure)) RefuseHeader(path, structure.problem());
  const Json root = Json::parse(header, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) RefuseHeader(path, "the header is not a JSON object");
  std::vector<SafetensorsEntry> entries;
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__")
      CheckMetadata(path, value);
    else
      entries.push_back(ParseEntry(path, name, value, data_bytes));
  }
  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  uint64_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != covered)
      RefuseHeader(
          path, Concat("tensor ", PrintableName(entry.name), ": data starts at ", entry.begin, ", the data before it ends at ", covered));
    covered = entry.end;
  }
  if (covered != data_bytes) RefuseHeader(path, Concat("the tensors cover ", covered, " of ", data_bytes, " bytes of data"));
  return entries;
}

std::string MakeSafetensorsHeader(const std::string& path, const std::vector<SafetensorsEntry>& entries,
                                  const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  if (!metadata.empty()) root["__metadata__"] = metadata;
  std::set<std::string> names;
  for (const SafetensorsEntry& entry : entries) {
    const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DType& d) { return d.type == entry.type; });
    TEMPER_CHECK(known != std::end(kDTypes), path, ": tensor ", entry.name, ": safetensors has no such dtype");
    TEMPER_CHECK(names.insert(entry.name).second, path, ": two tensors are named ", entry.name);
    root.push_back({entry.name, {{"dtype", known->name}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}}});
  }
  std::string header = root.dump();
  header.append((8 - header.size() % 8) % 8, ' ');
  return header;
}

}  // namespace temper

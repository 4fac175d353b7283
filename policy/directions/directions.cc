#include "policy/directions/directions.h"

#include <cmath>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr const char* kFormat = "temper-directions";
constexpr int kVersion = 1;
constexpr int kMaxDepth = 8;
constexpr int64_t kMaxLayers = 4096, kMaxWidth = 1 << 20;

nlohmann::ordered_json SumsAsJson(const ClassSums& sums) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (int64_t layer = 0; layer < sums.layers; ++layer) {
    const auto begin = sums.sums.begin() + layer * sums.width;
    rows.push_back(std::vector<double>(begin, begin + sums.width));
  }
  return {{"rows", sums.rows}, {"sums", std::move(rows)}};
}

// Reads the JSON of one file; every mistake is a ConfigError that begins with its path.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  DirectionSet Read() const {
    const nlohmann::json root = ReadJsonObject(path_, kMaxDepth);
    const auto format = root.find("format");
    if (format == root.end() || *format != kFormat) Fail("it is no file of directions; temper probe directions writes one");
    if (Number(root, "version", 1, 1 << 20) != kVersion) Fail(Concat("its version is not ", kVersion));
    const int64_t layers = Number(root, "layers", 1, kMaxLayers), width = Number(root, "width", 1, kMaxWidth);
    DirectionSet set;
    set.model_hash = Text(root, "model_hash");
    set.model_name = Text(root, "model_name");
    for (const nlohmann::json& from : Field(root, "directions", nlohmann::json::value_t::array)) {
      if (!from.is_object()) Fail("directions: expected objects");
      Direction direction;
      direction.name = Text(from, "name");
      const std::optional<PromptPlace> place = ValueOf<PromptPlace>(Text(from, "place"));
      if (!place) Fail("directions: place: expected t_inst or t_post");
      direction.place = *place;
      direction.best_layer = Number(from, "best_layer", 0, layers - 1);
      direction.with = Sums(Field(from, "with", nlohmann::json::value_t::object), layers, width);
      direction.without = Sums(Field(from, "without", nlohmann::json::value_t::object), layers, width);
      set.directions.push_back(std::move(direction));
    }
    if (set.directions.empty()) Fail("directions: there is none");
    return set;
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const { throw ConfigError(Concat(path_, ": ", what)); }

  const nlohmann::json& Field(const nlohmann::json& from, const char* key, nlohmann::json::value_t type) const {
    const auto found = from.find(key);
    if (found == from.end() || found->type() != type) Fail(Concat(key, ": it is not there, or of another type"));
    return *found;
  }
  std::string Text(const nlohmann::json& from, const char* key) const {
    return Field(from, key, nlohmann::json::value_t::string).get<std::string>();
  }
  int64_t Number(const nlohmann::json& from, const char* key, int64_t least, int64_t most) const {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_number_integer() || *found < least || *found > most)
      Fail(Concat(key, ": expected an integer from ", least, " to ", most));
    return found->get<int64_t>();
  }
  ClassSums Sums(const nlohmann::json& from, int64_t layers, int64_t width) const {
    ClassSums sums;
    sums.rows = Number(from, "rows", 0, int64_t{1} << 50);
    sums.layers = layers;
    sums.width = width;
    const nlohmann::json& rows = Field(from, "sums", nlohmann::json::value_t::array);
    if (static_cast<int64_t>(rows.size()) != layers) Fail(Concat("sums: expected ", layers, " layers, found ", rows.size()));
    for (const nlohmann::json& row : rows) {
      if (!row.is_array() || static_cast<int64_t>(row.size()) != width) Fail(Concat("sums: expected ", width, " numbers a layer"));
      for (const nlohmann::json& value : row) {
        if (!value.is_number()) Fail("sums: expected numbers");
        sums.sums.push_back(value.get<double>());
      }
    }
    return sums;
  }

  const std::string& path_;
};

}  // namespace

void ClassSums::Add(std::span<const float> states) {
  TEMPER_CHECK(states.size() == sums.size(), states.size(), " numbers of a prompt; the sums have ", sums.size());
  for (size_t i = 0; i < states.size(); ++i) sums[i] += double{states[i]};
  ++rows;
}

void ClassSums::Merge(const ClassSums& other) {
  TEMPER_CHECK(layers == other.layers && width == other.width, "class sums of ", layers, " layers of ", width, " and of ", other.layers,
               " of ", other.width);
  for (size_t i = 0; i < sums.size(); ++i) sums[i] += other.sums[i];
  rows += other.rows;
}

std::vector<double> ClassSums::Mean(int64_t layer) const {
  TEMPER_CHECK(layer >= 0 && layer < layers, "layer ", layer, " of ", layers);
  const auto begin = sums.begin() + layer * width;
  std::vector<double> mean(begin, begin + width);
  if (rows > 0)
    for (double& value : mean) value /= static_cast<double>(rows);
  return mean;
}

std::vector<double> Direction::Vector(int64_t layer) const {
  std::vector<double> v = with.Mean(layer);
  const std::vector<double> other = without.Mean(layer);
  for (size_t d = 0; d < v.size(); ++d) v[d] -= other[d];
  return v;
}

double Length(std::span<const double> v) {
  double squares = 0;
  for (const double x : v) squares += x * x;
  return std::sqrt(squares);
}

double Cosine(std::span<const double> a, std::span<const double> b) {
  TEMPER_CHECK(a.size() == b.size(), "a cosine of vectors of ", a.size(), " and ", b.size(), " numbers");
  double product = 0;
  for (size_t d = 0; d < a.size(); ++d) product += a[d] * b[d];
  const double lengths = Length(a) * Length(b);
  return lengths > 0 ? product / lengths : 0;
}

const Direction* DirectionSet::Find(std::string_view name) const {
  for (const Direction& direction : directions)
    if (direction.name == name) return &direction;
  return nullptr;
}

void DirectionSet::Merge(const DirectionSet& other, const std::string& other_path) {
  if (other.model_hash != model_hash)
    throw ConfigError(Concat(other_path, ": its sums are of another model (", other.model_name, ", hash ", other.model_hash, ")"));
  for (Direction& direction : directions) {
    const Direction* part = other.Find(direction.name);
    if (part == nullptr || part->place != direction.place || part->with.layers != direction.with.layers ||
        part->with.width != direction.with.width)
      throw ConfigError(Concat(other_path, ": it has no direction ", direction.name, " of the same place and shape"));
    direction.with.Merge(part->with);
    direction.without.Merge(part->without);
  }
}

std::string DirectionsAsJson(const DirectionSet& set, const nlohmann::ordered_json& more) {
  const ClassSums& shape = set.directions.at(0).with;
  nlohmann::ordered_json root = {
      {"format", kFormat},      {"version", kVersion}, {"model_hash", set.model_hash}, {"model_name", set.model_name},
      {"layers", shape.layers}, {"width", shape.width}};
  for (const auto& [key, value] : more.items()) root[key] = value;
  for (const Direction& direction : set.directions)
    root["directions"].push_back({{"name", direction.name},
                                  {"place", NameOf(direction.place)},
                                  {"best_layer", direction.best_layer},
                                  {"with", SumsAsJson(direction.with)},
                                  {"without", SumsAsJson(direction.without)}});
  return root.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";  // names of files need not be UTF-8
}

DirectionSet ReadDirections(const std::string& path) { return Reader(path).Read(); }

}  // namespace temper

#include "policy/directions/steering.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mv.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

// A vector on the model's device; undefined where it has no length.
at::Tensor Placed(const std::vector<double>& v, double scale, const Transformer& model) {
  const c10::InferenceMode normal_tensors(false);
  at::Tensor out = at::empty({static_cast<int64_t>(v.size())}, at::kFloat);
  for (size_t d = 0; d < v.size(); ++d) out.mutable_data_ptr<float>()[d] = static_cast<float>(scale * v[d]);
  return out.to(model.device());
}

class Steering final : public ResidualEdit {
 public:
  Steering(at::Tensor added_D, int64_t layer) : added_D_(std::move(added_D)), layer_(layer) {}
  void Apply(StreamPlace place, int64_t layer, at::Tensor& x_TD) const override {
    if (place == StreamPlace::kBehindLayer && layer == layer_) x_TD.add_(added_D_);
  }

 private:
  const at::Tensor added_D_;
  const int64_t layer_;
};

// Row by row in double: a row's bits depend on that row alone.
void ProjectOutOnCpu(const at::Tensor& unit_D, at::Tensor& x_TD) {
  const float* unit = unit_D.const_data_ptr<float>();
  const int64_t width = x_TD.size(1);
  float* x = x_TD.mutable_data_ptr<float>();
  for (int64_t t = 0; t < x_TD.size(0); ++t, x += width) {
    double along = 0;
    for (int64_t d = 0; d < width; ++d) along += double{x[d]} * double{unit[d]};
    for (int64_t d = 0; d < width; ++d) x[d] = static_cast<float>(double{x[d]} - along * double{unit[d]});
  }
}

class Ablation final : public ResidualEdit {
 public:
  explicit Ablation(std::vector<at::Tensor> units) : units_(std::move(units)) {}
  void Apply(StreamPlace, int64_t layer, at::Tensor& x_TD) const override {
    const at::Tensor& unit = units_.at(static_cast<size_t>(layer));
    if (!unit.defined()) return;
    if (x_TD.is_cpu() && x_TD.is_contiguous())
      ProjectOutOnCpu(unit, x_TD);
    else
      x_TD.sub_(at::mv(x_TD, unit).unsqueeze(1) * unit.unsqueeze(0));
  }

 private:
  const std::vector<at::Tensor> units_;  // [D] of each layer, of length 1; undefined = nothing to take out
};

class Sequence final : public ResidualEdit {
 public:
  explicit Sequence(std::vector<std::unique_ptr<const ResidualEdit>> edits) : edits_(std::move(edits)) {}
  void Apply(StreamPlace place, int64_t layer, at::Tensor& x_TD) const override {
    for (const auto& edit : edits_) edit->Apply(place, layer, x_TD);
  }

 private:
  const std::vector<std::unique_ptr<const ResidualEdit>> edits_;
};

// A direction of a file that is asked for by one text of the command line.
struct Asked {
  Direction direction;
  std::optional<double> coeff;
  std::optional<int64_t> layer;
};

template <typename T>
std::optional<T> Parsed(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Reads FILE:NAME[=COEFF][:LAYER]; the colon before NAME is the last one but that of LAYER, so that a path may have colons.
class Asking {
 public:
  Asking(const char* option, std::string text) : option_(option), text_(std::move(text)) {}

  Asked Read(bool with_coeff, const Transformer& model, const std::string& model_hash) const {
    Asked asked;
    std::string rest = text_;
    if (const size_t colon = rest.rfind(':'); colon != std::string::npos)
      if (asked.layer = Parsed<int64_t>(rest.substr(colon + 1)); asked.layer) rest.resize(colon);
    if (with_coeff) {
      const size_t equals = rest.rfind('=');
      if (equals != std::string::npos) asked.coeff = Parsed<double>(rest.substr(equals + 1));
      if (!asked.coeff || !std::isfinite(*asked.coeff)) Fail("expected FILE:NAME=COEFF[:LAYER], COEFF a number");
      rest.resize(equals);
    }
    const size_t colon = rest.rfind(':');
    if (colon == std::string::npos || colon == 0)
      Fail("expected FILE:NAME, a file that temper probe directions wrote and one of its names");
    const std::string path = rest.substr(0, colon), name = rest.substr(colon + 1);
    const DirectionSet set = ReadDirections(path);
    const Direction* found = set.Find(name);
    if (found == nullptr) Fail(Concat("the file has no direction ", name, "; it has ", NamesOf(set)));
    CheckFits(set, *found, asked.layer, model, model_hash);
    asked.direction = *found;
    return asked;
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const { throw ConfigError(Concat(option_, " ", text_, ": ", what)); }

  static std::string NamesOf(const DirectionSet& set) {
    std::string names;
    for (const Direction& direction : set.directions) names += Concat(names.empty() ? "" : ", ", direction.name);
    return names;
  }

  void CheckFits(const DirectionSet& set, const Direction& direction, const std::optional<int64_t>& layer, const Transformer& model,
                 const std::string& model_hash) const {
    const int64_t last = model.config().num_layers;
    if (!model_hash.empty() && set.model_hash != model_hash)
      Fail(Concat("its directions are of another model (", set.model_name, "): the hash is ", set.model_hash, ", that of --model is ",
                  model_hash));
    if (direction.with.layers != last + 1 || direction.with.width != model.config().hidden_size)
      Fail(Concat("its directions are of ", direction.with.layers - 1, " layers of ", direction.with.width, "; the model has ", last,
                  " of ", model.config().hidden_size));
    if (layer && (*layer < 0 || *layer > last)) Fail(Concat("layer ", *layer, ": the model has the layers 0 to ", last));
  }

  const char* option_;
  const std::string text_;
};

}  // namespace

std::unique_ptr<const ResidualEdit> SteerAlong(const Direction& direction, double coeff, int64_t layer, const Transformer& model) {
  return std::make_unique<Steering>(Placed(direction.Vector(layer), coeff, model), layer);
}

std::unique_ptr<const ResidualEdit> AblateDirection(const Direction& direction, int64_t layer, const Transformer& model) {
  std::vector<at::Tensor> units;
  for (int64_t each = 0; each < direction.with.layers; ++each) {
    const std::vector<double> v = direction.Vector(layer >= 0 ? layer : each);
    const double length = Length(v);
    units.push_back(length > 0 ? Placed(v, 1 / length, model) : at::Tensor());
  }
  return std::make_unique<Ablation>(std::move(units));
}

std::shared_ptr<const ResidualEdit> MakeEdit(const EditRequest& request, const Transformer& model, const std::string& model_hash) {
  if (request.empty()) return nullptr;
  std::vector<std::unique_ptr<const ResidualEdit>> edits;
  for (const std::string& text : request.steer) {
    const Asked asked = Asking("--steer", text).Read(/*with_coeff=*/true, model, model_hash);
    edits.push_back(SteerAlong(asked.direction, *asked.coeff, asked.layer.value_or(asked.direction.best_layer), model));
  }
  for (const std::string& text : request.ablate) {
    const Asked asked = Asking("--ablate", text).Read(/*with_coeff=*/false, model, model_hash);
    edits.push_back(AblateDirection(asked.direction, asked.layer.value_or(-1), model));
  }
  return std::make_shared<Sequence>(std::move(edits));
}

}  // namespace temper

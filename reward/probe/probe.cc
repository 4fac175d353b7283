#include "reward/probe/probe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

constexpr std::string_view kMagic = "TMPRPROB";
constexpr uint32_t kVersion = 2;
constexpr uint64_t kMaxFileBytes = uint64_t{64} << 20;
constexpr size_t kMaxMeasured = 256;

template <typename T>
T Within(T value, T low, T high, const char* what) {
  TEMPER_CHECK(value >= low && value <= high, what, " ", value, " is outside of ", low, " to ", high);
  return value;
}

template <typename E>
E GetEnum(ByteReader* in, const char* what) {
  const auto value = static_cast<E>(in->Get<uint8_t>());
  TEMPER_CHECK(NameOf(value) != "invalid", "an unknown ", what);
  return value;
}

std::vector<double> GetNumbers(ByteReader* in, size_t size, const char* what) {
  std::vector<double> values = in->GetVector<double>();
  TEMPER_CHECK(values.size() == size, values.size(), " ", what, " where ", size, " belong");
  TEMPER_CHECK(std::all_of(values.begin(), values.end(), [](double each) { return std::abs(each) <= 1e12; }), what, " that are no numbers");
  return values;
}

void PutFeatures(const FeatureOptions& options, ByteWriter* out) {
  out->Put<uint64_t>(options.features.size());
  for (const HiddenFeature& feature : options.features) {
    out->Put(feature.layer);
    out->Put(feature.pooling);
  }
  out->Put(options.layout);
  out->Put(options.prompt_tokens);
  out->Put(options.answer_tokens);
}

FeatureOptions GetFeatures(ByteReader* in) {
  FeatureOptions options;
  const uint64_t count = Within<uint64_t>(in->GetCount(9), 1, kMaxFeatures, "a number of features");
  for (uint64_t i = 0; i < count; ++i) {
    HiddenFeature feature;
    feature.layer = Within<int64_t>(in->Get<int64_t>(), 0, 4096, "a layer");
    feature.pooling = GetEnum<Pooling>(in, "pooling");
    options.features.push_back(feature);
  }
  options.layout = GetEnum<TextLayout>(in, "layout");
  options.prompt_tokens = Within<int64_t>(in->Get<int64_t>(), 0, kMaxTextTokens, "a number of prompt tokens");
  options.answer_tokens = Within<int64_t>(in->Get<int64_t>(), 0, kMaxTextTokens, "a number of answer tokens");
  return options;
}

void PutRecord(const ClassifierRecord& record, ByteWriter* out) {
  for (const std::string* text : {&record.data_hash, &record.options, &record.date}) out->PutString(*text);
  out->Put(record.rows);
  out->Put<uint64_t>(record.measured.size());
  for (const GraderMeasurement& each : record.measured) {
    for (const std::string* text : {&each.dataset, &each.compared, &each.baseline, &each.date}) out->PutString(*text);
    out->Put(each.rows);
    out->Put<uint64_t>(each.figures.size());
    for (const auto& [name, value] : each.figures) {
      out->PutString(name);
      out->Put(value);
    }
  }
}

ClassifierRecord GetRecord(ByteReader* in) {
  constexpr int64_t kMostRows = std::numeric_limits<int64_t>::max();
  ClassifierRecord record;
  for (std::string* text : {&record.data_hash, &record.options, &record.date}) *text = in->GetString();
  record.rows = Within<int64_t>(in->Get<int64_t>(), 0, kMostRows, "a number of rows");
  const uint64_t count = Within<uint64_t>(in->GetCount(48), 0, kMaxMeasured, "a number of measurements");
  for (uint64_t i = 0; i < count; ++i) {
    GraderMeasurement& each = record.measured.emplace_back();
    for (std::string* text : {&each.dataset, &each.compared, &each.baseline, &each.date}) *text = in->GetString();
    each.rows = Within<int64_t>(in->Get<int64_t>(), 0, kMostRows, "a number of rows");
    for (uint64_t left = in->GetCount(16); left > 0; --left) {
      std::string name = in->GetString();
      each.figures.emplace_back(std::move(name), Within(in->Get<double>(), -1e9, 1e9, "a figure"));
    }
  }
  return record;
}

void PutHead(const ClassifierModel& head, ByteWriter* out) {
  out->Put(head.kind);
  out->Put<uint64_t>(head.classes.size());
  for (const std::string& name : head.classes) out->PutString(name);
  for (const auto* numbers : {&head.standard.means, &head.standard.scales, &head.standard.weights, &head.offsets}) out->PutVector(*numbers);
  out->Put(head.calibration.kind);
  out->Put(head.calibration.slope);
  for (const auto* numbers : {&head.calibration.offsets, &head.calibration.scores, &head.calibration.probabilities})
    out->PutVector(*numbers);
}

Calibration GetCalibration(ByteReader* in, LinearKind kind, size_t num_offsets) {
  Calibration out;
  out.kind = GetEnum<CalibrationKind>(in, "calibration");
  out.slope = Within(in->Get<double>(), 0.0, 1e12, "a slope");
  out.offsets = GetNumbers(in, out.kind == CalibrationKind::kPlatt && kind != LinearKind::kMultinomial ? num_offsets : 0, "offsets");
  out.scores = in->GetVector<double>();
  out.probabilities = GetNumbers(in, out.scores.size(), "probabilities");
  const bool isotonic = out.kind == CalibrationKind::kIsotonic;
  TEMPER_CHECK(out.scores.empty() != isotonic && (!isotonic || kind == LinearKind::kBinary), "corners of another calibration");
  for (size_t i = 0; i < out.scores.size(); ++i) {
    TEMPER_CHECK(std::abs(out.scores[i]) <= 1e12 && (i == 0 || out.scores[i - 1] < out.scores[i]), "scores that do not rise");
    Within(out.probabilities[i], 0.0, 1.0, "a probability");
  }
  return out;
}

ClassifierModel GetHead(ByteReader* in) {
  ClassifierModel head;
  head.kind = GetEnum<LinearKind>(in, "kind of head");
  const uint64_t classes = Within<uint64_t>(in->GetCount(8), 2, kMaxClasses, "a number of classes");
  for (uint64_t i = 0; i < classes; ++i) head.classes.push_back(in->GetString());
  TEMPER_CHECK(std::set<std::string>(head.classes.begin(), head.classes.end()).size() == classes, "a class that is named twice");
  TEMPER_CHECK(head.kind != LinearKind::kBinary || classes == 2, classes, " classes of a binary head");
  head.standard.means = in->GetVector<double>();
  const size_t width = Within<size_t>(head.standard.means.size(), 1, kMaxProbeWidth, "a number of features");
  for (const double mean : head.standard.means) Within(mean, -1e12, 1e12, "a mean");
  head.standard.scales = GetNumbers(in, width, "scales");
  head.standard.weights = GetNumbers(in, width * head.outputs(), "weights");
  head.offsets = GetNumbers(in, NumOffsets(head.kind, classes), "offsets");
  head.calibration = GetCalibration(in, head.kind, head.offsets.size());
  return head;
}

Probe Parse(std::string_view bytes) {
  TEMPER_CHECK(bytes.starts_with(kMagic), "it is not a probe: its first bytes are wrong");
  ByteReader start(bytes.substr(kMagic.size()));
  const auto version = start.Get<uint32_t>();
  TEMPER_CHECK(version == kVersion, "version ", version, " of the format; this program reads version ", kVersion);
  const auto hash = start.Get<uint64_t>();
  const std::string_view body = bytes.substr(kMagic.size() + sizeof(version) + sizeof(hash));
  TEMPER_CHECK(Hash64(body) == hash, "it is damaged: the checksum does not match");
  ByteReader in(body);
  Probe probe;
  probe.model_hash = in.GetString();
  probe.model_name = in.GetString();
  probe.features = GetFeatures(&in);
  probe.head = GetHead(&in);
  TEMPER_CHECK(probe.head.standard.size() % probe.features.features.size() == 0, "features of no width");
  probe.head.trained_on = RowHashes::Read(&in);
  probe.head.record = GetRecord(&in);
  in.ExpectEnd();
  return probe;
}

}  // namespace

std::vector<double> OutputsOf(const ClassifierModel& head, std::span<const float> features) {
  const StandardModel& standard = head.standard;
  TEMPER_CHECK(features.size() == standard.size(), "a text of ", features.size(), " features; the probe weighs ", standard.size());
  const size_t outputs = head.outputs();
  std::vector<double> out(outputs);
  for (size_t i = 0; i < features.size(); ++i) {
    const double value = (double{features[i]} - standard.means[i]) * standard.scales[i];
    for (size_t k = 0; k < outputs; ++k) out[k] += value * standard.weights[i * outputs + k];
  }
  return out;
}

std::vector<double> ProbabilitiesOf(const ClassifierModel& head, std::span<const float> features) {
  return Calibrated(head.calibration, head.kind, OutputsOf(head, features), head.offsets);
}

std::string WriteProbe(const Probe& probe) {
  ByteWriter out;
  out.PutString(probe.model_hash);
  out.PutString(probe.model_name);
  PutFeatures(probe.features, &out);
  PutHead(probe.head, &out);
  probe.head.trained_on.Write(&out);
  PutRecord(probe.head.record, &out);
  ByteWriter start;
  start.Put(kVersion);
  start.Put(Hash64(out.bytes()));
  return std::string(kMagic) + start.Take() + out.bytes();
}

Probe ParseProbe(std::string_view bytes, const std::string& name) {
  try {
    return Parse(bytes);
  } catch (const Error& error) {
    throw ConfigError(Concat(name, ": not a probe that can be used: ", error.what(), "; make it again with temper probe train"));
  }
}

std::string ReadProbeFile(const std::string& path) {
  return ReadUserFile(path, {"the probe", "temper probe train writes one", kMaxFileBytes, true});
}

}  // namespace temper

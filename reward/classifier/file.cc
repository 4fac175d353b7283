#include "reward/classifier/file.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "reward/text/dense.h"

namespace temper {
namespace {

constexpr std::string_view kMagic = "TMPRCLSF";
constexpr uint32_t kVersion = 3;
constexpr uint64_t kMaxFileBytes = uint64_t{256} << 20;
constexpr double kMostNumber = 1e12;  // of a weight, a mean, an offset: sums of products of these are finite

// What a classifier and its members have together.
struct Totals {
  size_t spaces = 0;
  uint64_t slots = 0;
};

void PutStrings(const std::vector<std::string>& strings, ByteWriter* out) {
  out->Put<uint64_t>(strings.size());
  for (const std::string& each : strings) out->PutString(each);
}

void PutRecord(const ClassifierRecord& record, ByteWriter* out) {
  out->PutString(record.data_hash);
  out->PutString(record.options);
  out->Put(record.rows);
  out->PutString(record.date);
  out->Put<uint64_t>(record.measured.size());
  for (const GraderMeasurement& each : record.measured) {
    out->PutString(each.dataset);
    out->Put(each.rows);
    out->PutString(each.compared);
    out->PutString(each.baseline);
    out->PutString(each.date);
    out->Put<uint64_t>(each.figures.size());
    for (const auto& [name, value] : each.figures) {
      out->PutString(name);
      out->Put(value);
    }
  }
}

void PutSpace(const SpaceModel& space, ByteWriter* out) {
  const NgramOptions& ngrams = space.options.ngrams;
  out->Put(space.options.of);
  out->Put(space.options.scale);
  out->Put(ngrams.unit);
  out->Put(ngrams.min_n);
  out->Put(ngrams.max_n);
  out->Put(ngrams.slot_bits);
  out->Put(ngrams.max_characters);
  out->PutVector(space.vocabulary.slots);
  out->PutVector(space.vocabulary.idf);
  out->PutVector(space.weights);
}

// A finite number in a range, or a ConfigError-to-be.
template <typename T>
T Within(T value, T low, T high, const char* what) {
  TEMPER_CHECK(value >= low && value <= high, what, " ", value, " is outside of ", low, " to ", high);
  return value;
}

template <typename T>
std::vector<T> GetFinite(ByteReader* in, size_t size, const char* what) {
  std::vector<T> values = in->GetVector<T>();
  TEMPER_CHECK(values.size() == size, values.size(), " ", what, " where ", size, " belong");
  TEMPER_CHECK(std::all_of(values.begin(), values.end(), [](T each) { return std::abs(each) <= T{kMostNumber}; }), what,
               " that are no numbers of at most ", kMostNumber);
  return values;
}

template <typename E>
E GetEnum(ByteReader* in, E last, const char* what) {
  return static_cast<E>(Within<int>(in->Get<uint8_t>(), 0, static_cast<int>(last), what));
}

bool GetBool(ByteReader* in) { return Within<int>(in->Get<uint8_t>(), 0, 1, "a truth value") == 1; }

std::vector<std::string> GetStrings(ByteReader* in, size_t max) {
  std::vector<std::string> out;
  const uint64_t count = Within<uint64_t>(in->GetCount(8), 0, max, "a number of names");
  for (uint64_t i = 0; i < count; ++i) out.push_back(in->GetString());
  return out;
}

ClassifierRecord GetRecord(ByteReader* in) {
  ClassifierRecord record;
  record.data_hash = in->GetString();
  record.options = in->GetString();
  record.rows = Within<int64_t>(in->Get<int64_t>(), 0, INT64_MAX, "a number of rows");
  record.date = in->GetString();
  const uint64_t count = in->GetCount(48);
  for (uint64_t i = 0; i < count; ++i) {
    GraderMeasurement each;
    each.dataset = in->GetString();
    each.rows = Within<int64_t>(in->Get<int64_t>(), 0, INT64_MAX, "a number of rows");
    each.compared = in->GetString();
    each.baseline = in->GetString();
    each.date = in->GetString();
    const uint64_t figures = in->GetCount(16);
    for (uint64_t k = 0; k < figures; ++k) {
      std::string name = in->GetString();
      each.figures.emplace_back(std::move(name), Within(in->Get<double>(), -1e9, 1e9, "a figure"));
    }
    record.measured.push_back(std::move(each));
  }
  return record;
}

void CountSpace(int32_t slot_bits, Totals* totals) {
  totals->slots += uint64_t{1} << slot_bits;
  TEMPER_CHECK(++totals->spaces <= kMaxAllSpaces, "more than ", kMaxAllSpaces, " spaces with those of its members");
  TEMPER_CHECK(totals->slots <= kMaxAllSlots, "spaces of more than ", kMaxAllSlots, " slots with those of its members");
}

SpaceModel GetSpace(ByteReader* in, size_t outputs, Totals* totals) {
  SpaceModel space;
  NgramOptions& ngrams = space.options.ngrams;
  space.options.of = GetEnum(in, TextOf::kBoth, "a text");
  space.options.scale = Within(in->Get<double>(), 0.0, 1e6, "a scale");
  ngrams.unit = GetEnum(in, NgramUnit::kCharacter, "a unit");
  ngrams.min_n = Within(in->Get<int32_t>(), 1, kMaxNgram, "a shortest n-gram");
  ngrams.max_n = Within(in->Get<int32_t>(), ngrams.min_n, kMaxNgram, "a longest n-gram");
  ngrams.slot_bits = Within(in->Get<int32_t>(), 6, kMaxSlotBits, "bits of a slot");
  CountSpace(ngrams.slot_bits, totals);
  ngrams.max_characters = Within<int64_t>(in->Get<int64_t>(), 0, int64_t{1} << 32, "a limit of characters");
  auto& slots = space.vocabulary.slots;
  slots = in->GetVector<uint32_t>();
  const auto not_rising = std::adjacent_find(slots.begin(), slots.end(), [](uint32_t a, uint32_t b) { return a >= b; });
  TEMPER_CHECK(not_rising == slots.end(), "slots that do not rise");
  TEMPER_CHECK(slots.empty() || slots.back() < (uint32_t{1} << ngrams.slot_bits), "a slot beyond the last");
  space.vocabulary.idf = GetFinite<float>(in, slots.size(), "inverse frequencies");
  space.weights = GetFinite<float>(in, slots.size() * outputs, "weights");
  return space;
}

Calibration GetCalibration(ByteReader* in, LinearKind model, size_t num_offsets) {
  Calibration out;
  out.kind = GetEnum(in, CalibrationKind::kIsotonic, "a calibration");
  out.slope = Within(in->Get<double>(), 0.0, 1e12, "a slope");
  const bool own_offsets = out.kind == CalibrationKind::kPlatt && model != LinearKind::kMultinomial;
  out.offsets = GetFinite<double>(in, own_offsets ? num_offsets : 0, "offsets of the calibration");
  out.scores = in->GetVector<double>();
  out.probabilities = GetFinite<double>(in, out.scores.size(), "probabilities");
  const bool isotonic = out.kind == CalibrationKind::kIsotonic;
  TEMPER_CHECK(out.scores.empty() != isotonic, "corners of a calibration that has none, or none of one that has");
  TEMPER_CHECK(!isotonic || model == LinearKind::kBinary, "an isotonic calibration of more than two classes");
  for (size_t i = 0; i < out.scores.size(); ++i) {
    TEMPER_CHECK(std::abs(out.scores[i]) <= kMostNumber && (i == 0 || out.scores[i - 1] < out.scores[i]), "scores that do not rise");
    Within(out.probabilities[i], 0.0, 1.0, "a probability");
  }
  return out;
}

std::string Body(const ClassifierModel& model) {
  ByteWriter out;
  out.Put(model.kind);
  PutStrings(model.classes, &out);
  out.Put<uint8_t>(model.normalization.fold);
  out.Put<uint8_t>(model.normalization.join_spaced);
  out.Put<uint64_t>(model.spaces.size());
  for (const SpaceModel& space : model.spaces) PutSpace(space, &out);
  out.PutVector(model.dense);
  out.Put<uint64_t>(model.members.size());
  for (const MemberModel& member : model.members) {
    out.PutString(member.name);
    out.PutString(WriteClassifier(*member.model));
  }
  out.Put<uint64_t>(model.products.size());
  for (const auto& [first, second] : model.products) {
    out.Put(first);
    out.Put(second);
  }
  out.PutVector(model.standard.means);
  out.PutVector(model.standard.scales);
  out.PutVector(model.standard.weights);
  out.PutVector(model.offsets);
  out.Put(model.calibration.kind);
  out.Put(model.calibration.slope);
  out.PutVector(model.calibration.offsets);
  out.PutVector(model.calibration.scores);
  out.PutVector(model.calibration.probabilities);
  model.trained_on.Write(&out);
  out.Put<uint64_t>(model.strongest.size());
  for (const StrongFeature& each : model.strongest) {
    out.PutString(each.feature);
    out.Put(each.output);
    out.Put(each.weight);
  }
  PutRecord(model.record, &out);
  return out.Take();
}

std::vector<StrongFeature> GetStrongest(ByteReader* in, size_t outputs) {
  std::vector<StrongFeature> out;
  const uint64_t count = Within<uint64_t>(in->GetCount(20), 0, kMaxStrongest, "a number of strongest features");
  for (uint64_t i = 0; i < count; ++i) {
    StrongFeature& each = out.emplace_back();
    each.feature = in->GetString();
    each.output = Within<uint32_t>(in->Get<uint32_t>(), 0, static_cast<uint32_t>(outputs - 1), "an output");
    each.weight = Within(in->Get<double>(), -kMostNumber, kMostNumber, "a weight");
  }
  return out;
}

std::shared_ptr<const ClassifierModel> Parse(std::string_view bytes, int depth, Totals* totals);

void GetProducts(ByteReader* in, ClassifierModel* model) {
  const uint64_t products = Within<uint64_t>(in->GetCount(2 * sizeof(uint32_t)), 0, kMaxProducts, "a number of products");
  const auto member = [&] {
    const auto place = in->Get<uint32_t>();
    TEMPER_CHECK(place < model->members.size(), "a product of member ", place, " of ", model->members.size());
    TEMPER_CHECK(model->members[place].model->kind != LinearKind::kMultinomial, "a product of a member that has no value");
    return place;
  };
  for (uint64_t i = 0; i < products; ++i) {
    const uint32_t first = member();
    model->products.push_back({first, member()});
  }
}

void GetFeatures(ByteReader* in, int depth, ClassifierModel* model, Totals* totals) {
  const uint64_t spaces = Within<uint64_t>(in->GetCount(54), 0, kMaxSpaces, "a number of spaces");
  for (uint64_t i = 0; i < spaces; ++i) model->spaces.push_back(GetSpace(in, model->outputs(), totals));
  model->dense = in->GetVector<uint32_t>();
  for (size_t i = 0; i < model->dense.size(); ++i) {
    TEMPER_CHECK(model->dense[i] < DenseFeatures().size(), "dense feature ", model->dense[i], " is unknown to this program");
    TEMPER_CHECK(i == 0 || model->dense[i - 1] < model->dense[i], "dense features that do not rise");
  }
  const uint64_t members = Within<uint64_t>(in->GetCount(16), 0, kMaxMembers, "a number of members");
  size_t standard = model->dense.size();
  for (uint64_t i = 0; i < members; ++i) {
    TEMPER_CHECK(depth < kMaxMemberDepth, "members of members of members");
    std::string name = in->GetString();
    model->members.push_back({std::move(name), Parse(in->GetString(), depth + 1, totals)});
    standard += model->members.back().model->outputs();
  }
  GetProducts(in, model);
  standard += model->products.size();
  model->standard.means = GetFinite<double>(in, standard, "means");
  model->standard.scales = GetFinite<double>(in, standard, "scales");
  model->standard.weights = GetFinite<double>(in, standard * model->outputs(), "weights of numbers");
}

std::shared_ptr<const ClassifierModel> Parse(std::string_view bytes, int depth, Totals* totals) {
  TEMPER_CHECK(bytes.starts_with(kMagic), "it is not a classifier: its first bytes are wrong");
  ByteReader head(bytes.substr(kMagic.size()));
  const auto version = head.Get<uint32_t>();
  TEMPER_CHECK(version == kVersion, "version ", version, " of the format; this program reads version ", kVersion);
  const auto hash = head.Get<uint64_t>();
  const std::string_view body = bytes.substr(kMagic.size() + sizeof(version) + sizeof(hash));
  TEMPER_CHECK(Hash64(body) == hash, "it is damaged: the checksum does not match");
  ByteReader in(body);
  auto model = std::make_shared<ClassifierModel>();
  model->kind = GetEnum(&in, LinearKind::kOrdinal, "a kind");
  model->classes = GetStrings(&in, kMaxClasses);
  TEMPER_CHECK(model->classes.size() >= 2 && (model->kind != LinearKind::kBinary || model->classes.size() == 2), model->classes.size(),
               " classes of a ", NameOf(model->kind), " classifier");
  model->normalization.fold = GetBool(&in);
  model->normalization.join_spaced = GetBool(&in);
  GetFeatures(&in, depth, model.get(), totals);
  const size_t offsets = NumOffsets(model->kind, model->classes.size());
  model->offsets = GetFinite<double>(&in, offsets, "offsets");
  model->calibration = GetCalibration(&in, model->kind, offsets);
  model->trained_on = RowHashes::Read(&in);
  model->strongest = GetStrongest(&in, model->outputs());
  model->record = GetRecord(&in);
  in.ExpectEnd();
  return model;
}

}  // namespace

std::string WriteClassifier(const ClassifierModel& model) {
  const std::string body = Body(model);
  ByteWriter head;
  head.Put(kVersion);
  head.Put(Hash64(body));
  return std::string(kMagic) + head.Take() + body;
}

std::shared_ptr<const ClassifierModel> ParseClassifier(std::string_view bytes, const std::string& name) {
  try {
    Totals totals;
    return Parse(bytes, 0, &totals);
  } catch (const Error& error) {
    throw ConfigError(Concat(name, ": not a classifier that can be used: ", error.what(), "; make it again with temper classifier train"));
  }
}

std::string ReadClassifierFile(const std::string& path) {
  return ReadUserFile(path, {"the classifier", "temper classifier train writes one", kMaxFileBytes, true});
}

std::shared_ptr<const ClassifierModel> LoadClassifier(const std::string& path) { return ParseClassifier(ReadClassifierFile(path), path); }

}  // namespace temper

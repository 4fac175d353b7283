#include "record/qualification.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "evaluation/agreement.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxQualificationBytes = uint64_t{16} << 20;
constexpr int kMaxRecordDepth = 8;
constexpr size_t kMaxSlices = 10'000;
constexpr size_t kMaxClasses = 64;
constexpr double kRounding = 1e-9;

template <typename... Words>
void Need(bool holds, const Words&... words) {
  if (!holds) throw ConfigError(Concat(words...));
}

Json FigureBound(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ToJson(const AgreementSlice& slice) {
  Json figures = Json::object();
  for (const auto& [name, estimate] : slice.figures)
    figures[name] = {{"value", estimate.mean}, {"low", FigureBound(estimate.low)}, {"high", FigureBound(estimate.high)}};
  return {{"name", slice.name}, {"rows", slice.rows},           {"groups", slice.groups},
          {"figures", figures}, {"confusion", slice.confusion}, {"notes", slice.notes}};
}

Json ToJson(const std::vector<AgreementSlice>& slices) {
  Json list = Json::array();
  for (const AgreementSlice& slice : slices) list.push_back(ToJson(slice));
  return list;
}

Json ToJson(const std::optional<AgreementSlice>& slice) { return slice ? ToJson(*slice) : Json(nullptr); }

int64_t CountIn(const Json& object, const char* name) {
  const Json& value = object.at(name);
  Need(value.is_number_integer() && value.get<int64_t>() >= 0, name, ": not a count");
  return value.get<int64_t>();
}

double FigureIn(const Json& value, const std::string& what) {
  Need(value.is_number() && std::abs(value.get<double>()) <= 1, what, ": not a number from -1 to 1");
  return value.get<double>();
}

double BoundIn(const Json& value, const std::string& what, double absent) { return value.is_null() ? absent : FigureIn(value, what); }

// That accuracy and F1 are those of the confusion.
void CheckConfusion(const AgreementSlice& slice) {
  if (slice.confusion.empty()) return;
  ClassCounts counts(slice.confusion.size());
  for (size_t people = 0; people < slice.confusion.size(); ++people) {
    for (size_t grader = 0; grader < slice.confusion.size(); ++grader) {
      const int64_t count = slice.confusion[people][grader];
      Need(count >= 0 && count <= slice.rows, slice.name, ": confusion: ", count, " of ", slice.rows, " rows");
      counts.Add(people, grader, count);
    }
  }
  Need(counts.rows() <= slice.rows, slice.name, ": confusion: ", counts.rows(), " of ", slice.rows, " rows");
  const auto check = [&](const char* name, const std::optional<double>& counted) {
    const Estimate* figure = slice.Figure(name);
    if (figure == nullptr) return;
    Need(counted && std::abs(*counted - figure->mean) <= kRounding, slice.name, ": ", name, " is ", figure->mean,
         ", and the confusion says otherwise: the record was changed");
  };
  check("accuracy", counts.Accuracy());
  if (counts.classes() == 2) check("f1", counts.F1(1));
  if (counts.classes() > 2) check("f1_macro", counts.MacroF1());
}

AgreementSlice SliceFrom(const Json& json) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  AgreementSlice slice;
  slice.name = json.at("name").get<std::string>();
  slice.rows = CountIn(json, "rows");
  slice.groups = CountIn(json, "groups");
  for (const auto& [name, figure] : json.at("figures").items()) {
    Estimate estimate;
    estimate.mean = FigureIn(figure.at("value"), name);
    estimate.low = BoundIn(figure.at("low"), name, -kInfinity);
    estimate.high = BoundIn(figure.at("high"), name, kInfinity);
    estimate.present = true;
    estimate.n = slice.groups;
    estimate.completions = slice.rows;
    slice.figures.emplace_back(name, estimate);
  }
  slice.confusion = json.at("confusion").get<std::vector<std::vector<int64_t>>>();
  slice.notes = json.at("notes").get<std::vector<std::string>>();
  Need(slice.confusion.size() <= kMaxClasses, "confusion: ", slice.confusion.size(), " classes");
  for (const auto& row : slice.confusion) Need(row.size() == slice.confusion.size(), "confusion: not square");
  CheckConfusion(slice);
  return slice;
}

std::vector<AgreementSlice> SlicesFrom(const Json& json) {
  Need(json.is_array() && json.size() <= kMaxSlices, "slices: not a list of at most ", kMaxSlices);
  std::vector<AgreementSlice> slices;
  for (const Json& each : json) slices.push_back(SliceFrom(each));
  return slices;
}

std::optional<AgreementSlice> SliceIfAny(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return SliceFrom(json);
}

std::string CheckOf(const Json& json) { return Hash128(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

// That the record is whole: it is of this version, its check holds.
void CheckWhole(const Json& json) {
  Need(json.is_object() && json.contains("qualification"), "not a qualification record");
  Need(json.at("qualification") == kQualificationVersion, "a record of version ", json.at("qualification").dump(),
       "; this program reads version ", kQualificationVersion, ": measure again with temper qualify");
  const std::string check = json.at("check").get<std::string>();
  Json rest = json;
  rest.erase("check");
  Need(check == CheckOf(rest), "the record was changed after temper qualify wrote it (its check does not hold): measure again");
}

// That the counts of the rows are those of the confusion.
void CheckCounts(const Qualification& q) {
  Need(q.failed <= q.rows && q.trained_on_rows <= q.rows, "data: failed or trained_on: more than the ", q.rows, " rows");
  Need(q.agreement.all.rows == q.rows, "all: ", q.agreement.all.rows, " rows, and data says ", q.rows);
  int64_t graded = 0;
  for (const std::vector<int64_t>& row : q.agreement.all.confusion)
    for (const int64_t count : row) graded += count;
  Need(q.agreement.all.confusion.empty() || graded == q.rows - q.failed, "all: confusion: ", graded, " rows with a grade, and data says ",
       q.rows - q.failed);
}

Qualification QualificationFromJson(const Json& json) {
  CheckWhole(json);
  Qualification q;
  const Json &grader = json.at("grader"), &data = json.at("data");
  q.grader = grader.at("name").get<std::string>();
  q.type = grader.at("type").get<std::string>();
  q.grader_id = grader.at("id").get<std::string>();
  q.trained_on = grader.at("trained_on").get<std::vector<std::string>>();
  const std::optional<Question> question = ValueOf<Question>(json.at("question").get<std::string>());
  Need(question.has_value(), "question: unknown");
  q.agreement.question = *question;
  q.threshold = FigureIn(json.at("threshold"), "threshold");
  q.unseen_by = json.at("unseen_by").get<std::string>();
  q.data_hash = data.at("hash").get<std::string>();
  q.data_files = data.at("files").get<std::vector<std::string>>();
  q.rows = CountIn(data, "rows");
  q.unlabelled = CountIn(data, "unlabelled");
  q.failed = CountIn(data, "failed");
  q.trained_on_rows = CountIn(data, "trained_on");
  q.date = json.at("date").get<std::string>();
  q.temper = json.at("temper").get<std::string>();
  q.agreement.all = SliceFrom(json.at("all"));
  q.agreement.unseen = SliceIfAny(json.at("unseen"));
  q.agreement.seen = SliceIfAny(json.at("seen"));
  q.agreement.by_source = SlicesFrom(json.at("by_source"));
  q.agreement.by_category = SlicesFrom(json.at("by_category"));
  q.agreement.by_length = SlicesFrom(json.at("by_length"));
  CheckCounts(q);
  return q;
}

}  // namespace

std::string QualificationToJson(const Qualification& q) {
  const Json json = {
      {"qualification", kQualificationVersion},
      {"grader", {{"name", q.grader}, {"type", q.type}, {"id", q.grader_id}, {"trained_on", q.trained_on}}},
      {"question", NameOf(q.agreement.question)},
      {"threshold", q.threshold},
      {"unseen_by", q.unseen_by},
      {"data",
       {{"hash", q.data_hash},
        {"files", q.data_files},
        {"rows", q.rows},
        {"unlabelled", q.unlabelled},
        {"failed", q.failed},
        {"trained_on", q.trained_on_rows}}},
      {"date", q.date},
      {"temper", q.temper},
      {"all", ToJson(q.agreement.all)},
      {"unseen", ToJson(q.agreement.unseen)},
      {"seen", ToJson(q.agreement.seen)},
      {"by_source", ToJson(q.agreement.by_source)},
      {"by_category", ToJson(q.agreement.by_category)},
      {"by_length", ToJson(q.agreement.by_length)},
  };
  Json whole = {{"check", CheckOf(json)}};
  whole.update(json);
  return whole.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Qualification QualificationFromJson(const std::string& text) {
  std::string problem;
  if (!ParseStrictJson(text, kMaxRecordDepth, &problem)) throw ConfigError(problem);
  try {
    return QualificationFromJson(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(Concat("not a qualification record: ", error.what()));
  }
}

void WriteQualification(const std::string& path, const Qualification& qualification) {
  WriteFile(path, QualificationToJson(qualification), {.durable = true});
}

Qualification ReadQualification(const std::string& path) {
  const std::string text =
      ReadUserFile(path, {.what = "the qualification record", .hint = "temper qualify writes it", .max_bytes = kMaxQualificationBytes});
  try {
    return QualificationFromJson(text);
  } catch (const ConfigError& error) {
    throw ConfigError(Concat(path, ": ", error.what()));
  }
}

double FailedShare(const Qualification& q) {
  const double all = q.rows == 0 ? 0 : static_cast<double>(q.failed) / static_cast<double>(q.rows);
  const AgreementSlice* gate = SliceOfGate(q);
  const Estimate* of_gate = gate == nullptr ? nullptr : gate->Figure("failed");
  return of_gate == nullptr ? all : std::max(all, of_gate->mean);
}

const AgreementSlice* SliceOfGate(const Qualification& qualification) {
  return qualification.agreement.unseen ? &*qualification.agreement.unseen : nullptr;
}

GraderMeasurement MeasurementOf(const Qualification& q) {
  const AgreementSlice* gate = SliceOfGate(q);
  const AgreementSlice& slice = gate != nullptr ? *gate : q.agreement.all;
  GraderMeasurement measured;
  for (const std::string& file : q.data_files) measured.dataset += Concat(measured.dataset.empty() ? "" : ", ", file);
  measured.rows = slice.rows;
  measured.compared = Concat(NameOf(q.agreement.question), ", ", gate != nullptr ? kUnseenSources : kSeenSources);
  measured.baseline = "the best that needs no grader";
  measured.date = q.date.substr(0, 10);
  for (const auto& [name, estimate] : slice.figures) {
    if (name == "failed") continue;
    measured.figures.emplace_back(name, estimate.mean);
    if (IsBaseline(name) || !estimate.has_interval()) continue;
    measured.figures.emplace_back(name + "_low", estimate.low);
    measured.figures.emplace_back(name + "_high", estimate.high);
  }
  if (slice.Figure("recall") != nullptr) measured.figures.emplace_back("threshold", q.threshold);
  return measured;
}

}  // namespace temper

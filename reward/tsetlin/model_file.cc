#include "reward/tsetlin/model_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/tsetlin/constraints.h"

namespace temper {
namespace {

constexpr std::string_view kMagic = "TMPRTSTL";
constexpr size_t kHeaderBytes = 24;
constexpr uint64_t kMaxLabels = 1000, kMaxTerms = 1000000, kMaxVetoes = 10000, kMaxSources = 100000;
constexpr int64_t kMaxClauses = 1000000, kMaxOpeningWords = 1000;
constexpr int64_t kMaxThreshold = 1000000000;
constexpr int32_t kMaxClauseWeight = 1 << 30;

void PutStrings(const std::vector<std::string>& texts, ByteWriter* out) {
  out->Put<uint64_t>(texts.size());
  for (const std::string& text : texts) out->PutString(text);
}

std::vector<std::string> GetStrings(ByteReader* in, uint64_t most, const char* what) {
  const uint64_t count = in->GetCount(sizeof(uint64_t));
  TEMPER_CHECK(count <= most, count, " ", what, "; at most ", most);
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < count; ++i) texts.push_back(in->GetString());
  return texts;
}

void PutOptions(const TsetlinOptions& options, ByteWriter* out) {
  out->Put(options.clauses);
  out->Put(options.threshold);
  out->Put(options.specificity);
  out->Put<uint8_t>(options.boost ? 1 : 0);
  out->Put<uint8_t>(options.weighted ? 1 : 0);
  out->Put(options.max_literals);
  out->Put(options.seed);
}

int64_t GetIn(ByteReader* in, int64_t least, int64_t most, const char* what) {
  const auto value = in->Get<int64_t>();
  TEMPER_CHECK(value >= least && value <= most, what, " is ", value, "; it lies in [", least, ", ", most, "]");
  return value;
}

TsetlinOptions GetOptions(ByteReader* in) {
  TsetlinOptions options;
  options.clauses = GetIn(in, 2, kMaxClauses, "the number of clauses");
  TEMPER_CHECK(options.clauses % 2 == 0, "the number of clauses is odd");
  options.threshold = GetIn(in, 1, kMaxThreshold, "the threshold");
  options.specificity = in->Get<double>();
  TEMPER_CHECK(std::isfinite(options.specificity) && options.specificity > 1, "the specificity is not above 1");
  options.boost = in->Get<uint8_t>() != 0;
  options.weighted = in->Get<uint8_t>() != 0;
  options.max_literals = GetIn(in, 1, static_cast<int64_t>(kMaxTerms), "the limit of literals");
  options.seed = in->Get<uint64_t>();
  return options;
}

void CheckLabels(const std::vector<std::string>& labels) {
  TEMPER_CHECK(labels.size() >= 2, labels.size(), " labels; at least 2");
  TEMPER_CHECK(std::set<std::string>(labels.begin(), labels.end()).size() == labels.size(), "a label stands there twice");
  for (const std::string& label : labels) TEMPER_CHECK(IsLabel(label), "a label is empty, begins with \"not \" or holds a line break");
}

// Weights, locks, support and states, in the machine's shape.
void GetClauses(ByteReader* in, TsetlinModel* model) {
  TsetlinMachine& machine = model->machine;
  const size_t count = machine.num_clauses();
  const auto weights = in->GetVector<int32_t>();
  const auto locked = in->GetVector<uint8_t>();
  model->support = in->GetVector<uint32_t>();
  auto planes = in->GetVector<uint64_t>();
  TEMPER_CHECK(weights.size() == count && locked.size() == count && model->support.size() == count * model->labels.size(),
               "lists of another length than the ", count, " clauses ask for");
  machine.set_planes(std::move(planes));
  const LiteralTable literals(machine.num_features());
  for (size_t clause = 0; clause < count; ++clause) {
    TEMPER_CHECK(weights[clause] >= 1 && weights[clause] <= kMaxClauseWeight, "the weight ", weights[clause]);
    machine.set_weight(clause, weights[clause]);
    machine.set_locked(clause, locked[clause] != 0);
    const AutomataTeam team = machine.team(clause);
    for (size_t word = 0; word < team.num_words(); ++word)
      TEMPER_CHECK((team.Included(word) & ~literals.valid()[word]) == 0, "clause ", clause, " includes a literal that there is not");
  }
}

// `num_bytes`: what the reader had at its beginning.
TsetlinModel GetModel(ByteReader* in, size_t num_bytes) {
  std::vector<std::string> labels = GetStrings(in, kMaxLabels, "labels");
  CheckLabels(labels);
  const TsetlinOptions options = GetOptions(in);
  TermOptions term_options;
  term_options.max_words = GetIn(in, 1, kMaxTermWords, "the words of a term");
  term_options.opening_words = GetIn(in, 0, kMaxOpeningWords, "the words of the opening");
  std::vector<std::string> terms = GetStrings(in, kMaxTerms, "terms");
  TEMPER_CHECK(!terms.empty(), "no terms");
  TsetlinSource source;
  source.data_hash = in->GetString();
  source.text_column = in->GetString();
  source.label_column = in->GetString();
  source.rows = GetIn(in, 0, std::numeric_limits<int64_t>::max(), "the number of rows");
  source.epochs = GetIn(in, 0, kMaxTsetlinEpochs, "the number of epochs");
  source.trained_on.sources = GetStrings(in, kMaxSources, "sources");
  source.trained_on.rows = RowHashes::Read(in);
  std::vector<std::string> vetoes = GetStrings(in, kMaxVetoes, "vetoes");
  // The file must be large enough to hold the states before so much memory is asked for.
  const size_t clauses = (labels.size() == 2 ? 1 : labels.size()) * static_cast<size_t>(options.clauses);
  const size_t states = clauses * AutomataTeam::PlaneWords(LiteralTable::NumWords(terms.size())) * sizeof(uint64_t);
  TEMPER_CHECK(states <= num_bytes, clauses, " clauses over ", terms.size(), " terms, which are more than the file holds");
  const size_t num_terms = terms.size(), num_labels = labels.size();
  TsetlinModel model{std::move(labels),
                     TextBinariser(std::move(terms), term_options),
                     TsetlinMachine(num_terms, num_labels, options),
                     std::move(source),
                     std::move(vetoes),
                     {}};
  GetClauses(in, &model);
  in->ExpectEnd();
  VetoesOf(model);
  return model;
}

}  // namespace

std::string TsetlinModelBytes(const TsetlinModel& model) {
  ByteWriter body;
  PutStrings(model.labels, &body);
  PutOptions(model.machine.options(), &body);
  body.Put(model.binariser.options().max_words);
  body.Put(model.binariser.options().opening_words);
  PutStrings(model.binariser.terms(), &body);
  body.PutString(model.source.data_hash);
  body.PutString(model.source.text_column);
  body.PutString(model.source.label_column);
  body.Put(model.source.rows);
  body.Put(model.source.epochs);
  PutStrings(model.source.trained_on.sources, &body);
  model.source.trained_on.rows.Write(&body);
  PutStrings(model.vetoes, &body);
  std::vector<int32_t> weights;
  std::vector<uint8_t> locked;
  for (size_t clause = 0; clause < model.machine.num_clauses(); ++clause) {
    weights.push_back(model.machine.weight(clause));
    locked.push_back(model.machine.locked(clause) ? 1 : 0);
  }
  body.PutVector(weights);
  body.PutVector(locked);
  body.PutVector(model.support);
  body.PutVector(model.machine.planes());
  ByteWriter file;
  file.Put(kTsetlinFileVersion);
  file.Put<uint32_t>(0);
  file.Put(Hash64(body.bytes()));
  return Concat(kMagic, file.bytes(), body.bytes());
}

TsetlinModel ParseTsetlinModel(std::string_view bytes, const std::string& name) {
  if (bytes.size() > kMaxTsetlinFileBytes) throw ConfigError(Concat(name, ": ", bytes.size(), " bytes; at most ", kMaxTsetlinFileBytes));
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic))
    throw ConfigError(Concat(name, ": not a Tsetlin machine; `temper tsetlin train` writes one"));
  ByteReader header(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  const auto version = header.Get<uint32_t>();
  if (version != kTsetlinFileVersion)
    throw ConfigError(
        Concat(name, ": a Tsetlin machine of version ", version, "; this Temper reads ", kTsetlinFileVersion, "; train it again"));
  header.Get<uint32_t>();
  const std::string_view body = bytes.substr(kHeaderBytes);
  if (header.Get<uint64_t>() != Hash64(body)) throw ConfigError(Concat(name, ": damaged: the checksum does not match"));
  ByteReader in(body);
  try {
    return GetModel(&in, body.size());
  } catch (const Error& error) {
    throw ConfigError(Concat(name, ": not a sound Tsetlin machine: ", error.what()));
  }
}

}  // namespace temper

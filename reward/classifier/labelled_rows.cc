#include "reward/classifier/labelled_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

std::string ColumnOf(const DatasetRow& row, const std::string& column, const std::string& place) {
  if (column.empty()) return "";
  const auto found = row.columns.find(column);
  if (found != row.columns.end()) return found->second;
  std::set<std::string> known;
  for (const auto& [name, unused] : row.columns) known.insert(name);
  std::string names;
  for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
  throw ConfigError(Concat(place, ": there is no column '", column, "' in this row; it has ", names));
}

double WeightOf(const std::string& text, const std::string& place) {
  const std::optional<double> weight = NumberOf(text);
  if (!weight || *weight < 0) throw ConfigError(Concat(place, ": the weight '", text, "' is not a number of at least 0"));
  return *weight;
}

LabelledRow RowOf(const DatasetRow& from, const LabelColumns& columns, const std::string& place) {
  LabelledRow row;
  row.place = place;
  row.prompt = ColumnOf(from, columns.prompt, place);
  row.answer = ColumnOf(from, columns.text, place);
  row.label = ColumnOf(from, columns.label, place);
  row.group = columns.group.empty() ? (columns.prompt.empty() ? row.answer : row.prompt) : ColumnOf(from, columns.group, place);
  row.source = ColumnOf(from, columns.source, place);
  row.left_out = ColumnOf(from, columns.left_out, place);
  row.pair = ColumnOf(from, columns.pair, place);
  if (!columns.weight.empty()) row.weight = WeightOf(ColumnOf(from, columns.weight, place), place);
  return row;
}

}  // namespace

std::optional<double> NumberOf(const std::string& text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) != 0) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string LabelledRows::Hash() const {
  Hasher128 hasher;
  for (const LabelledRow& row : rows) {
    for (const std::string* part : {&row.prompt, &row.answer, &row.label, &row.group, &row.source})
      hasher.Add(Concat(part->size(), ":", *part));
    hasher.Add(Concat(row.weight, ";"));
  }
  return hasher.Digest();
}

LabelledRows LoadLabelledRows(const std::vector<std::string>& paths, const LabelColumns& columns,
                              const std::map<std::string, std::string>& renamed) {
  LabelledRows out;
  for (const std::string& path : paths) {
    CheckRowsFile(path);
    const std::string text = ReadUserFile(path, {"the labelled texts", "", kMaxDataBytes});
    const auto reader = OpenRows(path, text);
    for (DatasetRow from; reader->Next(&from);) {
      const std::string place = Concat(path, ":", from.line);
      if (!from.error.empty()) throw ConfigError(Concat(place, ": ", from.error));
      LabelledRow row = RowOf(from, columns, place);
      const auto name = renamed.find(row.label);
      if (name != renamed.end()) row.label = name->second;
      if (!columns.label.empty() && row.label.empty()) {
        ++out.without_label;
        continue;
      }
      out.rows.push_back(std::move(row));
    }
  }
  if (out.rows.empty()) throw ConfigError(Concat(paths.at(0), ": there is no row with a label in column '", columns.label, "'"));
  return out;
}

std::vector<std::string> ClassesOf(const std::vector<LabelledRow>& rows) {
  std::set<std::string> names;
  for (const LabelledRow& row : rows) names.insert(row.label);
  std::vector<std::string> classes(names.begin(), names.end());
  const bool numbers = std::all_of(classes.begin(), classes.end(), [](const std::string& name) { return NumberOf(name).has_value(); });
  if (numbers)
    std::sort(classes.begin(), classes.end(), [](const std::string& a, const std::string& b) { return *NumberOf(a) < *NumberOf(b); });
  return classes;
}

}  // namespace temper

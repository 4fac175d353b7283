#include "cli/learned/tsetlin_data.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/keyed_random.h"
#include "evaluation/agreement.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

constexpr const char* kAllOthers = "*";

std::map<std::string, std::string> RenamedLabels(const std::vector<std::string>& renamed) {
  std::map<std::string, std::string> names;
  for (const std::string& each : renamed) {
    const size_t equals = each.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == each.size())
      throw ConfigError(Concat("--map ", each, ": expected OLD=NEW"));
    names[each.substr(0, equals)] = each.substr(equals + 1);
  }
  return names;
}

std::string ColumnOf(const DatasetRow& row, const std::string& column) {
  const auto found = row.columns.find(column);
  return found == row.columns.end() ? "" : found->second;
}

std::string Shown(const std::optional<double>& figure) {
  if (!figure) return "-";
  std::ostringstream out;
  out << std::fixed << std::setprecision(4) << *figure;
  return out.str();
}

}  // namespace

void BindTsetlinData(CLI::App* command, TsetlinDataArguments* arguments) {
  command->add_option("data", arguments->data, "labelled texts: a .csv, .jsonl or .json file")->required();
  command->add_option("--text-column", arguments->text_column, "column of the text")->required();
  command->add_option("--label-column", arguments->label_column, "column of what people said of it")->required();
  command->add_option("--map", arguments->renamed, "OLD=NEW: a label counts as another one; *=NEW: all others do; may be given again");
}

TsetlinRows LoadTsetlinRows(const TsetlinDataArguments& arguments) {
  const std::map<std::string, std::string> renamed = RenamedLabels(arguments.renamed);
  CheckRowsFile(arguments.data);
  const std::string text = ReadUserFile(arguments.data, {.what = "the labelled texts", .max_bytes = kMaxDataBytes});
  TsetlinRows loaded;
  loaded.hash = Hash128(text);
  const auto reader = OpenRows(arguments.data, text);
  for (DatasetRow row; reader->Next(&row);) {
    const std::string place = Concat(arguments.data, ":", row.line);
    if (!row.error.empty()) throw ConfigError(Concat(place, ": ", row.error));
    LabelledText read{ColumnOf(row, arguments.text_column), ColumnOf(row, arguments.label_column)};
    if (!row.columns.contains(arguments.text_column))
      throw ConfigError(Concat(place, ": there is no column ", arguments.text_column, " (--text-column)"));
    if (read.label.empty()) {
      ++loaded.unlabelled;
      continue;
    }
    auto name = renamed.find(read.label);
    if (name == renamed.end()) name = renamed.find(kAllOthers);
    if (name != renamed.end()) read.label = name->second;
    const std::string group = arguments.group_column.empty() ? read.text : ColumnOf(row, arguments.group_column);
    if (group.empty() && !arguments.group_column.empty())
      throw ConfigError(Concat(place, ": column ", arguments.group_column, " (--group-column) is empty or absent"));
    loaded.groups.push_back(group);
    loaded.rows.push_back(std::move(read));
  }
  if (loaded.rows.empty()) throw ConfigError(Concat(arguments.data, ": no row has a label in column ", arguments.label_column));
  return loaded;
}

std::vector<LabelledText> TakeValidation(double share, uint64_t seed, TsetlinRows* rows) {
  std::vector<LabelledText> taken, left;
  std::vector<std::string> groups;
  for (size_t i = 0; i < rows->rows.size(); ++i) {
    if (KeyedStream(seed, "validation", KeyOf(rows->groups[i])).Uniform() < share) {
      taken.push_back(std::move(rows->rows[i]));
    } else {
      left.push_back(std::move(rows->rows[i]));
      groups.push_back(std::move(rows->groups[i]));
    }
  }
  rows->rows = std::move(left);
  rows->groups = std::move(groups);
  return taken;
}

std::string TsetlinFigures(const TsetlinTextClassifier& classifier, const std::vector<LabelledText>& rows) {
  const std::vector<std::string>& labels = classifier.labels();
  ClassCounts counts(labels.size());
  std::vector<ScoredLabel> scored;
  for (const LabelledText& row : rows) {
    const auto found = std::find(labels.begin(), labels.end(), row.label);
    if (found == labels.end())
      throw ConfigError(Concat("label ", row.label.substr(0, 60), " is not one of the model's; --map renames labels"));
    const auto label = static_cast<size_t>(found - labels.begin());
    const TsetlinVerdict verdict = classifier.Classify(row.text);
    counts.Add(label, verdict.label);
    scored.push_back({static_cast<double>(verdict.votes[0]), label == 1});
  }
  const std::string figures =
      Concat("n ", rows.size(), ", accuracy ", Shown(counts.Accuracy()), " (majority ", Shown(counts.MajorityBaseline()), ")");
  if (labels.size() > 2) return Concat(figures, ", macro F1 ", Shown(counts.MacroF1()));
  return Concat(figures, ", F1 of ", labels[1], " ", Shown(counts.F1(1)), ", AUROC ", Shown(AreaUnderRoc(scored)));
}

}  // namespace temper

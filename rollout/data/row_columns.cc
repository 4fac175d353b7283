#include "rollout/data/row_columns.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

std::string NamesOf(const DatasetRow& row) {
  std::vector<std::string> names;
  for (const auto& [name, value] : row.columns) names.push_back(name);
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : Quoted(list, 200);
}

}  // namespace

void Reject(DatasetRow* row, std::string reason) {
  if (row->error.empty()) row->error = std::move(reason);
}

std::string MappedColumn::Advice() const {
  const bool needed = key == "prompt" || key == "response" || key == "split" || key.starts_with("prompts_by_intent.");
  return Concat("data.columns.", key, " names the column", needed ? "" : ", '' stands for none");
}

std::string Column(DatasetRow* row, const MappedColumn& column) {
  if (column.name.empty()) return "";
  const auto found = row->columns.find(column.name);
  if (found == row->columns.end()) {
    Reject(row, Concat("no column ", column.name, " with text or a number; the row's columns: ", NamesOf(*row), "; ", column.Advice()));
    return "";
  }
  if (InvalidUtf8At(found->second)) Reject(row, Concat("column ", column.name, " is not valid UTF-8"));
  if (found->second.find('\0') != std::string::npos) Reject(row, Concat("column ", column.name, " holds a NUL character"));
  return found->second;
}

std::string TextColumn(DatasetRow* row, const MappedColumn& column) {
  std::string text = Column(row, column);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) Reject(row, Concat("column ", column.name, " is empty"));
  return text;
}

}  // namespace temper

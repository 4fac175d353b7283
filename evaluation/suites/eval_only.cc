#include "evaluation/suites/eval_only.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "reward/grade/training_rows.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

constexpr size_t kFirstBytes = size_t{1} << 20;

std::vector<uint64_t> HashesOf(const std::vector<std::string>& prompts) {
  std::vector<uint64_t> hashes;
  for (const std::string& prompt : prompts) RowHashes::Append(prompt, "", &hashes);
  return RowHashes(std::move(hashes)).hashes();
}

int64_t NumCommon(std::span<const uint64_t> some, const std::vector<uint64_t>& sorted) {
  return std::count_if(some.begin(), some.end(), [&](uint64_t each) { return std::binary_search(sorted.begin(), sorted.end(), each); });
}

// Enough for the first row: of a workbook, whose table of files stands at the end, all.
std::string BeginningOf(const std::string& path) {
  std::string reason;
  if (std::filesystem::path(path).extension() == ".xlsx") return TryReadFile(path, kMaxDataBytes, &reason).value_or("");
  std::ifstream file(path, std::ios::binary);
  std::string text(kFirstBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

std::string Sentence(const TrainingFile& file, const Suite& suite, const std::string& what) {
  return Concat(file.key, ": ", file.path, " ", what, " ", suite.name, ", and nothing may be trained on that: ", suite.eval_only,
                ". Leave these rows out of the training data");
}

}  // namespace

std::string EvalOnlyProblem(const TrainingFile& file, const std::vector<EvaluatedSuite>& evaluated) {
  const std::vector<uint64_t> hashes = HashesOf(file.prompts);
  for (const Suite* suite : AllSuites()) {
    if (suite->eval_only.empty()) continue;
    const bool marked = !suite->marks.empty() &&
                        std::all_of(suite->marks.begin(), suite->marks.end(), [&](const auto& m) { return file.columns.contains(m); });
    if (marked) return Sentence(file, *suite, "has the columns of the suite");
    if (static_cast<size_t>(NumCommon(suite->sketch, hashes)) >= kSketchMatches) return Sentence(file, *suite, "has prompts of the suite");
  }
  for (const EvaluatedSuite& each : evaluated) {
    if (each.suite->eval_only.empty()) continue;
    const int64_t common = NumCommon(HashesOf(each.prompts), hashes);
    if (common > 0) return Sentence(file, *each.suite, Concat("has ", common, common == 1 ? " prompt" : " prompts", " of the suite"));
  }
  return "";
}

std::vector<uint64_t> SuiteSketch(const Suite& suite, const std::vector<Prompt>& prompts) {
  std::vector<std::string> texts;
  for (const Prompt& prompt : prompts)
    if (suite.is_its_own == nullptr || suite.is_its_own(prompt)) texts.push_back(prompt.text);
  std::vector<uint64_t> hashes = HashesOf(texts);
  if (hashes.size() > kSketchSize) hashes.resize(kSketchSize);
  return hashes;
}

std::set<std::string> FirstColumns(const std::string& path) {
  const std::string text = BeginningOf(path);
  std::set<std::string> columns;
  try {
    DatasetRow row;
    const auto rows = OpenRows(path, text);
    if (!rows->Next(&row) || !row.error.empty()) return {};
    for (const auto& [name, value] : row.columns) columns.insert(name);
    for (const auto& [name, list] : row.lists) columns.insert(name);
  } catch (const ConfigError&) {
    return {};  // whoever reads the file says what is wrong with it
  }
  return columns;
}

}  // namespace temper

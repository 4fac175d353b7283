#include "evaluation/qualify/seen.h"

#include <map>
#include <utility>

#include "cluster/base/error.h"

namespace temper {
namespace {

struct OfSource {
  int64_t answers = 0, known = 0;
};

// Marks the rows that the grader was trained on; adds the sources that have many of them.
void MarkRows(const RowHashes& rows, const std::vector<LabelledAnswer>& answers, SeenAnswers* seen) {
  std::map<std::string, OfSource> by_source;
  for (size_t i = 0; i < answers.size(); ++i) {
    const RowMatch match = rows.Match(answers[i].prompt, answers[i].response);
    seen->rows[i] = match != RowMatch::kNone;
    seen->num_rows += seen->rows[i] ? 1 : 0;
    OfSource& of = by_source[answers[i].source];
    ++of.answers;
    of.known += match == RowMatch::kRow ? 1 : 0;
  }
  for (const auto& [source, of] : by_source)
    if (static_cast<double>(of.known) > kMostKnownRows * static_cast<double>(of.answers)) seen->sources.insert(source);
}

}  // namespace

SeenAnswers SeenBy(const std::optional<TrainingRows>& trained_on, const std::vector<LabelledAnswer>& answers, const SaidOfSources& said) {
  SeenAnswers seen;
  seen.rows.resize(answers.size());
  if (!trained_on) {
    seen.unseen_by = "nothing says that the grader was trained on labelled rows, so all are";
  } else if (trained_on->rows.empty()) {
    seen.unseen_by = "the grader was trained, and its file does not say on which rows, so none is";
    for (const LabelledAnswer& answer : answers) seen.sources.insert(answer.source);
  } else {
    seen.unseen_by = "those that the grader's file does not name and that have few rows it was trained on";
    seen.sources.insert(trained_on->sources.begin(), trained_on->sources.end());
  }
  seen.sources.insert(said.seen.begin(), said.seen.end());
  for (const std::string& source : said.unseen) seen.sources.erase(source);
  if (trained_on) MarkRows(trained_on->rows, answers, &seen);
  if (seen.num_rows > 0)
    seen.unseen_by +=
        Concat("; ", seen.num_rows, " rows whose prompt or answer it was trained on count as seen, whatever their source is called");
  if (!said.seen.empty()) seen.unseen_by += Concat("; --seen names ", said.seen.size());
  if (!said.unseen.empty()) seen.unseen_by += Concat("; by whoever measured (--unseen) ", said.unseen.size());
  return seen;
}

std::vector<size_t> AnswersWithout(const std::string& source, const std::vector<LabelledAnswer>& answers) {
  std::set<std::string> groups;
  std::vector<uint64_t> hashes;
  for (const LabelledAnswer& answer : answers) {
    if (answer.source != source) continue;
    groups.insert(answer.group);
    RowHashes::Append(answer.prompt, answer.response, &hashes);
  }
  const RowHashes left_out(std::move(hashes));
  std::vector<size_t> rows;
  for (size_t i = 0; i < answers.size(); ++i) {
    const LabelledAnswer& answer = answers[i];
    if (answer.source == source || groups.contains(answer.group)) continue;
    if (left_out.Match(answer.prompt, answer.response) != RowMatch::kRow) rows.push_back(i);
  }
  return rows;
}

}  // namespace temper

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures.h"
#include "evaluation/perplexity.h"

namespace temper {

// <arm>/eval/[start/]<set>.jsonl: the samples of an evaluation set, one object per line: prompt_id, intent, category, prompt, response,
// truncated (absent in files of earlier versions), context where there is one, grade. Bytes that are not UTF-8 are written as U+FFFD and
// the evidence moves with them. The folder must exist; the file appears whole or not at all. The reader throws Error with file:line.
void WriteEvalSamples(const std::string& path, const std::vector<EvalSample>& samples);
std::vector<EvalSample> ReadEvalSamples(const std::string& path);

// <set>.meta.json beside the samples, written after them: {"weight_version", "weight_hash", "samples_xxh128", "rewards": [number or null,
// ...], "xxh128": of the object without this field, as it is written}.
struct EvalMeta {
  int64_t weight_version = 0;   // of the weights that every sample was drawn from
  std::string weight_hash;      // of their bytes; "" = not known
  std::string samples_hash;     // Hash128OfFile of the samples; "" = not known
  std::vector<double> rewards;  // as composed, parallel to the samples; NaN = none; empty = none at all
};
void WriteEvalMeta(const std::string& path, const EvalMeta& meta);
EvalMeta ReadEvalMeta(const std::string& path);  // throws Error naming the file

// answer_scores.json beside the sets: how likely these weights find the held-out answers (data.held_out_answers), as {"weight_hash",
// "answers", "loss", "tokens", "loss_squared", "tokens_squared", "loss_tokens"}.
struct AnswerScoresFile {
  std::string weight_hash;
  AnswerScores scores;
};
void WriteAnswerScores(const std::string& path, const AnswerScoresFile& file);
std::optional<AnswerScoresFile> ReadAnswerScores(
    const std::string& path);  // nothing where it is not there; throws Error naming a damaged file
// Whether the file has the scores of these weights. A damaged one has not, and is logged.
bool HasAnswerScores(const std::string& path, const std::string& weight_hash);

// Whether an evaluation of these weights is whole: its description is there, names them and is as it was written, and so are the samples.
// What is damaged is logged with the file's name.
bool IsEvaluated(const std::string& meta_path, const std::string& samples_path, const std::string& weight_hash);

}  // namespace temper

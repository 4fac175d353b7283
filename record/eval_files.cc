#include "record/eval_files.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "cluster/base/utf8.h"
#include "evaluation/figures.h"
#include "reward/grade/grade_json.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxAnswerBytes = 64U << 20;

// The grade with its evidence moved to where the response stands as written; offsets as RepairUtf8 gives them.
Grade WithMovedEvidence(Grade grade, const std::vector<size_t>& offsets) {
  const auto moved = [&](uint32_t at) { return static_cast<uint32_t>(offsets[std::min<size_t>(at, offsets.size() - 1)]); };
  for (Evidence& item : grade.evidence) {
    item.begin = moved(item.begin);
    item.end = moved(item.end);
  }
  return grade;
}

EvalSample SampleFrom(std::string_view line) {
  const Json json = Json::parse(line);
  EvalSample sample;
  sample.prompt_id = json.at("prompt_id").get<std::string>();
  sample.intent = json.value("intent", "");
  sample.category = json.value("category", "");
  sample.context = json.value("context", "");
  sample.prompt = json.value("prompt", "");
  sample.response = json.at("response").get<std::string>();
  sample.truncated = json.value("truncated", false);
  sample.grade = GradeFromJson(json.at("grade").dump());
  return sample;
}

}  // namespace

void WriteEvalSamples(const std::string& path, const std::vector<EvalSample>& samples) {
  std::string text;
  for (const EvalSample& sample : samples) {
    std::vector<size_t> offsets;
    Json json = {{"prompt_id", RepairUtf8(sample.prompt_id)},         {"intent", RepairUtf8(sample.intent)},
                 {"category", RepairUtf8(sample.category)},           {"prompt", RepairUtf8(sample.prompt)},
                 {"response", RepairUtf8(sample.response, &offsets)}, {"truncated", sample.truncated}};
    if (!sample.context.empty()) json["context"] = RepairUtf8(sample.context);
    json["grade"] = Json::parse(GradeToJson(WithMovedEvidence(sample.grade, offsets)));
    text += json.dump();
    text += '\n';
  }
  WriteFile(path, text);
}

std::vector<EvalSample> ReadEvalSamples(const std::string& path) {
  const std::string text = ReadFile(path, {.what = "evaluation samples", .max_bytes = kMaxDataBytes});
  std::vector<EvalSample> samples;
  int64_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.empty()) continue;
    TEMPER_CHECK(line.size() <= kMaxAnswerBytes, path, ":", line_number, ": a line of ", line.size(), " bytes; at most ", kMaxAnswerBytes);
    try {
      samples.push_back(SampleFrom(line));
    } catch (const std::exception& error) {
      TEMPER_FAIL(path, ":", line_number, ": not an evaluation sample: ", error.what());
    }
  }
  return samples;
}

namespace {

constexpr char kChecksum[] = "xxh128";

Json WithChecksum(Json json) {
  json[kChecksum] = Hash128(json.dump());
  return json;
}

// The object without its checksum; nothing where it is none or the checksum is another's.
std::optional<Json> CheckedJson(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const Json checksum = json.value(kChecksum, Json());
  json.erase(kChecksum);
  return checksum == Hash128(json.dump()) ? std::optional(std::move(json)) : std::nullopt;
}

}  // namespace

void WriteEvalMeta(const std::string& path, const EvalMeta& meta) {
  Json json;
  json["weight_version"] = meta.weight_version;
  json["weight_hash"] = meta.weight_hash;
  json["samples_xxh128"] = meta.samples_hash;
  json["rewards"] = meta.rewards;  // NaN becomes null
  WriteFile(path, WithChecksum(std::move(json)).dump() + "\n", {.durable = true});
}

EvalMeta ReadEvalMeta(const std::string& path) {
  const std::string text = ReadFile(path, {.what = "weights and rewards of an evaluation", .max_bytes = kMaxDataBytes});
  EvalMeta meta;
  try {
    const Json json = Json::parse(text);
    meta.weight_version = json.at("weight_version").get<int64_t>();
    meta.weight_hash = json.value("weight_hash", "");
    meta.samples_hash = json.value("samples_xxh128", "");
    const Json rewards = json.value("rewards", Json::array());
    for (const Json& reward : rewards)
      meta.rewards.push_back(reward.is_null() ? std::numeric_limits<double>::quiet_NaN() : reward.get<double>());
  } catch (const nlohmann::json::exception& error) {
    TEMPER_FAIL(path, ": not the description of an evaluation: ", error.what());
  }
  return meta;
}

void WriteAnswerScores(const std::string& path, const AnswerScoresFile& file) {
  const AnswerScores& s = file.scores;
  const Json json = {{"weight_hash", file.weight_hash},
                     {"answers", s.answers},
                     {"loss", s.loss},
                     {"tokens", s.tokens},
                     {"loss_squared", s.loss_squared},
                     {"tokens_squared", s.tokens_squared},
                     {"loss_tokens", s.loss_tokens}};
  WriteFile(path, WithChecksum(json).dump() + "\n", {.durable = true});
}

std::optional<AnswerScoresFile> ReadAnswerScores(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, none))) return std::nullopt;
  const std::string text = ReadFile(path, {.what = "scores of held-out answers", .max_bytes = kMaxAnswerBytes});
  const std::optional<Json> json = CheckedJson(text);
  TEMPER_CHECK(json, path, ": its checksum is not that of its contents: the file is damaged or was edited. Remove it; ",
               "a job that goes on makes it again");
  try {
    const auto number = [&](const char* name) {  // of a policy that diverged it is not finite, and null in the file
      const Json& value = json->at(name);
      return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
    };
    AnswerScores s;
    s.answers = json->at("answers").get<int64_t>();
    s.loss = number("loss");
    s.tokens = number("tokens");
    s.loss_squared = number("loss_squared");
    s.tokens_squared = number("tokens_squared");
    s.loss_tokens = number("loss_tokens");
    return AnswerScoresFile{json->at("weight_hash").get<std::string>(), s};
  } catch (const nlohmann::json::exception& error) {
    TEMPER_FAIL(path, ": not the scores of held-out answers: ", error.what());
  }
}

bool IsScored(const std::string& path, const std::string& weight_hash) {
  try {
    const std::optional<AnswerScoresFile> file = ReadAnswerScores(path);
    return file && file->weight_hash == weight_hash;
  } catch (const std::exception& error) {
    TEMPER_LOG(Warn, error.what(), "; the answers are scored again");
    return false;
  }
}

bool IsEvaluated(const std::string& meta_path, const std::string& samples_path, const std::string& weight_hash) {
  if (!std::filesystem::exists(meta_path)) return false;
  const std::string text = ReadFile(meta_path, {.max_bytes = kMaxDataBytes});
  const Json named = Json::parse(text, nullptr, false);
  if (!named.is_object() || named.value("weight_hash", Json()) != weight_hash) return false;
  const std::optional<Json> meta = CheckedJson(text);
  std::string damaged;
  if (!meta)
    damaged = meta_path;
  else if (!std::filesystem::exists(samples_path) || meta->value("samples_xxh128", Json()) != Hash128OfFile(samples_path))
    damaged = samples_path;
  if (!damaged.empty()) TEMPER_LOG(Warn, damaged, " is not what the evaluation wrote: the set is evaluated again");
  return damaged.empty();
}

}  // namespace temper

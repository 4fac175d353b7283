#pragma once

#include <string>

#include "reward/graders/http_settings.h"
#include "reward/graders/registry.h"
#include "reward/openai/judge.h"

namespace temper {

// What a grader of type openai_grader is made from, where it grades.
struct OpenAiPayload {
  std::string path;  // of the JSON, for messages
  std::string json;
  FuzzyMatch fuzzy = FuzzyMatch::kWRatio;
  double low = 0, high = 1;  // the grader's values that become 0 and 1
  // Where the JSON asks a model:
  std::string url;  // of chat completions
  HttpOptions http;
  JudgeOptions judge;
  std::string version;  // part of the id
  std::string cache;    // folder; "" = none
};

template <typename V>
void Fields(V& v, OpenAiPayload& p) {
  v(p.path, p.json, p.fuzzy, p.low, p.high, p.url, p.http, p.judge.model, p.judge.reply_format, p.judge.bad_replies, p.version, p.cache);
}

// Of what it judges by: neither of how a model is asked, nor of where files lie.
std::string OpenAiGraderId(const GraderConfig& config, const OpenAiPayload& payload);

// The grade of a score: the parts that the config names are its place between low and high, cut to [0, 1]. An error is kParseError, or
// kRefusedToGrade where the sample was refused. Without grader and latency.
Grade GradeOfScore(const GraderConfig& config, const OpenAiPayload& payload, const OpenAiScore& score);

// A grader whose JSON asks models. Every question of every answer is a request of its own, several of which are out at once.
std::unique_ptr<Grader> MakeOpenAiModelGrader(const GraderConfig& config, OpenAiPayload payload);

}  // namespace temper

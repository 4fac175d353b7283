#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reward/openai/grader_spec.h"
#include "reward/openai/score.h"

namespace temper {

// What a request says of the form of the reply. With `none` the messages must: not every server knows json_schema.
enum class ReplyFormat : uint8_t { kJsonSchema, kNone };
template <>
struct EnumNames<ReplyFormat> {
  static constexpr std::string_view kWhat = "reply format";
  static constexpr EnumTable<ReplyFormat, 2> kTable{{{ReplyFormat::kJsonSchema, "json_schema"}, {ReplyFormat::kNone, "none"}}};
};

// What becomes of a score_model's reply that holds no number, or one outside the range: no score, or, as OpenAI documents, 0 and the
// nearer end of the range.
enum class BadReplies : uint8_t { kFail, kAsOpenAi };
template <>
struct EnumNames<BadReplies> {
  static constexpr std::string_view kWhat = "bad replies";
  static constexpr EnumTable<BadReplies, 2> kTable{{{BadReplies::kFail, "fail"}, {BadReplies::kAsOpenAi, "as_openai"}}};
};

// How grading models are asked, beside what a grader's JSON says.
struct JudgeOptions {
  std::string model = "";  // asked in place of those that the graders name; "" = theirs
  ReplyFormat reply_format = ReplyFormat::kJsonSchema;
  BadReplies bad_replies = BadReplies::kFail;
};

// A question to a grading model, and whose it is: a key in a multi grader, or "" where it is the grader itself.
struct ModelQuestion {
  std::string grader;
  std::string body;   // of a chat completion, JSON; "" where `score` is known without asking
  OpenAiScore score;  // then: a template has no text for the sample
};

// What must be asked before the sample can be scored, in the order of the keys. Messages of the role developer become system messages,
// which every chat template knows. The schema asks for `steps` before `result`, so that a model reasons before it scores.
std::vector<ModelQuestion> QuestionsOf(const OpenAiGrader& grader, const GradedSample& sample, const JudgeOptions& options);

// The score in a reply, the text of a model's message: JSON with `result`, or the number or label alone, a code fence around it or not.
// score_model: the number; label_model: 1 for a passing label, 0 for another one of the labels. What is neither is an error that shows the
// reply; BadReplies says what a score_model makes of it.
OpenAiScore ScoreOfReply(const OpenAiGrader& grader, std::string_view content, BadReplies bad_replies);

// The score in the body of a chat completion (choices[0].message.content). Errors: a body that is
// not a reply; a reply that was cut at its limit, unless it is a whole JSON object. `refused` is
// set where the message has a refusal or the server's filter took it.
OpenAiScore ScoreOfCompletion(const OpenAiGrader& grader, std::string_view body, BadReplies bad_replies);

}  // namespace temper

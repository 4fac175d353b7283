// Graders in OpenAI's JSON that ask models: score_model, label_model, and multi with one of them.
#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "reward/graders/open_batches.h"
#include "reward/graders/openai_payload.h"
#include "reward/remote/reply_cache.h"

namespace temper {
namespace {

// Replies that hold a score are kept in the cache, whole.
class OpenAiModelGrader : public Grader {
 public:
  OpenAiModelGrader(const GraderConfig& config, OpenAiPayload payload)
      : config_(config),
        payload_(std::move(payload)),
        id_(OpenAiGraderId(config_, payload_)),
        grader_(ParseOpenAiGrader(payload_.json, payload_.path)),
        cache_(payload_.cache),
        client_(payload_.http) {}

  Handle Start(std::vector<GradeRequest> requests) override {
    const Handle handle = batches_.Open(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) Begin({.batch = handle, .place = i, .request = std::move(requests[i])});
    return handle;
  }

  std::vector<Finished> Collect(std::chrono::milliseconds timeout) override {
    const int64_t until = NowMillis() + timeout.count();
    while (true) {
      const int64_t left = std::max<int64_t>(0, until - NowMillis());
      for (auto& [id, reply] : client_.Collect(std::chrono::milliseconds(batches_.has_finished() ? 0 : left))) OnReply(id, reply);
      if (batches_.has_finished() || left == 0 || batches_.empty()) return batches_.Take();
    }
  }

  std::string id() const override { return id_; }

 private:
  // An answer whose questions are out.
  struct Answer {
    Handle batch = 0;
    size_t place = 0;
    GradeRequest request = {};
    std::map<std::string, OpenAiScore> scores = {};  // of its questions, by the grader's key
    size_t open = 0;                                 // questions without an end
    std::optional<Grade> failure = std::nullopt;     // of the first question that cannot be asked or got no reply
  };
  // A question that is out.
  struct Asked {
    uint64_t answer = 0;
    std::string grader;
    std::string cache_key;
  };

  static std::string Whose(const std::string& key) { return key.empty() ? "" : key + ": "; }
  const OpenAiGrader& GraderAt(const std::string& key) const { return key.empty() ? grader_ : grader_.graders.at(key); }

  // Asks what the answer's grade needs, unless it is known that there will be none: the row lacks what a template reads.
  void Begin(Answer answer) {
    const uint64_t number = ++last_answer_;
    try {
      const GradeRequest& request = answer.request;
      const auto questions = QuestionsOf(grader_, {request.item, request.response, request.truncated}, payload_.judge);
      for (const ModelQuestion& each : questions)
        if (!each.score.error.empty() && !answer.failure)
          answer.failure = FailedGrade(GradeOutcome::kParseError, Whose(each.grader) + each.score.error);
      for (const ModelQuestion& each : questions) {
        if (answer.failure) break;
        if (each.body.empty()) answer.scores[each.grader] = each.score;
        if (!each.body.empty()) Ask(number, each, &answer);
      }
    } catch (const std::exception& error) {  // libcurl cannot be used
      answer.failure = FailedGrade(GradeOutcome::kCrash, error.what());
    }
    if (answer.open == 0) return Finish(answer);
    answers_[number] = std::move(answer);
  }

  void Ask(uint64_t number, const ModelQuestion& question, Answer* answer) {
    const std::string cache_key = ReplyCache::Key(Concat("chat ", payload_.url, " ", payload_.version), question.body);
    if (const std::optional<std::string> kept = cache_.Get(cache_key)) {
      const OpenAiScore score = ScoreOfCompletion(GraderAt(question.grader), *kept, payload_.judge.bad_replies);
      if (score.error.empty()) {
        answer->scores[question.grader] = score;
        return;
      }
    }
    asked_[client_.Post(payload_.url, question.body, config_.deadline_s)] = {number, question.grader, cache_key};
    ++answer->open;
  }

  void OnReply(HttpClient::Id id, const HttpReply& reply) {
    const Asked asked = std::move(asked_.extract(id).mapped());
    Answer& answer = answers_.at(asked.answer);
    if (reply.outcome == HttpOutcome::kReplied) {
      const OpenAiScore score = ScoreOfCompletion(GraderAt(asked.grader), reply.body, payload_.judge.bad_replies);
      if (score.error.empty()) cache_.Put(asked.cache_key, reply.body);
      answer.scores[asked.grader] = score;
    } else if (!answer.failure) {
      answer.failure = FailedGrade(OutcomeOf(reply.outcome), Concat(Whose(asked.grader), payload_.url, ": ", reply.error));
    }
    if (--answer.open > 0) return;
    Finish(answer);
    answers_.erase(asked.answer);
  }

  void Finish(const Answer& answer) { batches_.Settle(answer.batch, answer.place, GradeOf(answer), id_); }

  Grade GradeOf(const Answer& answer) const {
    if (answer.failure) return *answer.failure;
    try {
      const GradeRequest& request = answer.request;
      const GradedSample sample{request.item, request.response, request.truncated};
      return GradeOfScore(config_, payload_, ScoreOf(grader_, sample, payload_.fuzzy, answer.scores));
    } catch (const std::exception& error) {
      return FailedGrade(GradeOutcome::kCrash, error.what());
    }
  }

  const GraderConfig config_;
  const OpenAiPayload payload_;
  const std::string id_;
  const OpenAiGrader grader_;
  ReplyCache cache_;
  HttpClient client_;
  OpenBatches batches_;
  std::map<uint64_t, Answer> answers_;
  std::map<HttpClient::Id, Asked> asked_;
  uint64_t last_answer_ = 0;
};

}  // namespace

std::unique_ptr<Grader> MakeOpenAiModelGrader(const GraderConfig& config, OpenAiPayload payload) {
  return std::make_unique<OpenAiModelGrader>(config, std::move(payload));
}

}  // namespace temper

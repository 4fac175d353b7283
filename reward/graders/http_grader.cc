#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/fields.h"
#include "cluster/base/hash.h"
#include "reward/grade/grade_json.h"
#include "reward/graders/http_settings.h"
#include "reward/graders/open_batches.h"
#include "reward/graders/registry.h"
#include "reward/remote/reply_cache.h"
#include "reward/remote/reward_protocol.h"
#include "reward/remote/schema.h"

namespace temper {
namespace {

// What travels to the reward workers.
struct HttpPayload {
  std::string url;
  HttpOptions options;
  ProtocolOptions protocol;
  int64_t batch = 16;  // answers a request
  std::string version;
  std::string cache;
};

template <typename V>
void Fields(V& v, HttpPayload& p) {
  ProtocolOptions& o = p.protocol;
  v(p.url, p.options, o.protocol, o.model, o.query, o.label_column, o.low, o.high, o.fields, p.batch, p.version, p.cache);
}

// Grades by a service (reward/remote/http_client.h), several answers a request. Grades that are ok are kept in the cache.
class HttpGrader : public Grader {
 public:
  HttpGrader(const GraderConfig& config, HttpPayload payload)
      : payload_(std::move(payload)), deadline_s_(config.deadline_s), cache_(payload_.cache), client_(payload_.options) {
    HttpPayload judging = payload_;
    judging.options = {};  // how it is asked, not what
    judging.batch = 0;
    judging.cache.clear();
    id_ = Concat("http/", config.name, ":", Hex(Hash64(EncodeFields(judging))), GivesOf(config));
  }

  Handle Start(std::vector<GradeRequest> requests) override {
    const Handle handle = batches_.Open(requests.size());
    Part part{handle, {}, {}};
    for (size_t i = 0; i < requests.size(); ++i) {
      if (std::optional<Grade> kept = FromCache(requests[i])) {
        batches_.Settle(handle, i, *std::move(kept), id_);
        continue;
      }
      part.places.push_back(i);
      part.requests.push_back(std::move(requests[i]));
      if (static_cast<int64_t>(part.places.size()) < LargestBatch(payload_.protocol, payload_.batch)) continue;
      Post(std::exchange(part, {handle, {}, {}}));
    }
    if (!part.places.empty()) Post(std::move(part));
    return handle;
  }

  std::vector<Finished> Collect(std::chrono::milliseconds timeout) override {
    const int64_t until = NowMillis() + timeout.count();
    while (true) {
      const int64_t left = std::max<int64_t>(0, until - NowMillis());
      for (auto& [id, reply] : client_.Collect(std::chrono::milliseconds(batches_.has_finished() ? 0 : left))) TakeReply(id, reply);
      if (batches_.has_finished() || left == 0 || batches_.empty()) return batches_.Take();
    }
  }

  std::string id() const override { return id_; }

 private:
  // Answers of a batch that are asked in one request.
  struct Part {
    Handle batch = 0;
    std::vector<size_t> places;
    std::vector<GradeRequest> requests;
  };

  std::string KeyOf(const GradeRequest& request) const { return ReplyCache::Key(id_, RequestJson(0, request)); }

  std::optional<Grade> FromCache(const GradeRequest& request) const {
    if (payload_.cache.empty()) return std::nullopt;
    const std::optional<std::string> kept = cache_.Get(KeyOf(request));
    if (!kept) return std::nullopt;
    try {
      return GradeFromJson(*kept);
    } catch (const Error&) {  // written by another version: as if it were not there
      return std::nullopt;
    }
  }

  void Post(Part part) {
    try {
      const HttpClient::Id id = client_.Post(payload_.url, RequestBody(payload_.protocol, part.requests), deadline_s_);
      parts_[id] = std::move(part);
    } catch (const std::exception& error) {  // libcurl cannot be used
      SettleAll(part, std::vector<Grade>(part.places.size(), FailedGrade(GradeOutcome::kCrash, error.what())));
    }
  }

  void TakeReply(HttpClient::Id id, const HttpReply& reply) {
    const Part part = std::move(parts_.extract(id).mapped());
    if (reply.outcome != HttpOutcome::kReplied) {
      const Grade failed = FailedGrade(OutcomeOf(reply.outcome), Concat(payload_.url, ": ", reply.error));
      return SettleAll(part, std::vector<Grade>(part.places.size(), failed));
    }
    std::vector<Grade> grades = GradesOfBody(payload_.protocol, part.requests, reply.body);
    if (!payload_.cache.empty())
      for (size_t i = 0; i < grades.size(); ++i)
        if (grades[i].outcome == GradeOutcome::kOk) cache_.Put(KeyOf(part.requests[i]), GradeToJson(grades[i]));
    SettleAll(part, std::move(grades));
  }

  void SettleAll(const Part& part, std::vector<Grade> grades) {
    for (size_t i = 0; i < part.places.size(); ++i) batches_.Settle(part.batch, part.places[i], std::move(grades[i]), id_);
  }

  const HttpPayload payload_;
  const double deadline_s_;
  std::string id_;
  ReplyCache cache_;
  HttpClient client_;
  OpenBatches batches_;
  std::map<HttpClient::Id, Part> parts_;
};

class HttpGraderOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    temper::Describe(http_, "http", "where requests are posted to, http:// or https://", f);
    f.Require("url");
    f.Enum("protocol", &protocol_.protocol,
           "type http: the shape of requests and replies: that of docs/graders/http.md; what OpenRLHF asks its remote_rm_url; what verl's "
           "compute_score takes and gives; what verl asks a reward model on vLLM (/classify) or SGLang (/v1/embeddings)");
    f.Int("batch", &batch_, {1, 4096}, "type http: answers a request, where the protocol takes several");
    f.String("model", &protocol_.model, "type http, protocol reward_model: the model's name at the server");
    f.String("query", &protocol_.query, "type http, protocols openrlhf and reward_model: prompt and answer as one text");
    f.String("label_column", &protocol_.label_column,
             "type http, protocols openrlhf (labels) and verl (ground_truth): the column of the row that is sent, which reward.sees must "
             "name; empty = the row's label");
    f.Real("low", &protocol_.low, {-1e9, 1e9}, "type http, but for protocol temper: the reward that becomes 0 in what it `gives`");
    f.Real("high", &protocol_.high, {-1e9, 1e9}, "type http, but for protocol temper: the reward that becomes 1");
    f.Rule([this] { return protocol_.low < protocol_.high; }, "low must be below high");
    f.StringMap("fields", &protocol_.fields,
                "type http, protocols openrlhf and verl: part of a grade -> field of the reply that tells it; a part that is not named is "
                "told by the reward");
    f.String("version", &version_, "type http: part of the grader's id; change it when the service judges differently");
    f.Path("cache", &cache_, "type http: a folder on the reward workers' hosts that keeps grades by content, over runs; empty = none");
  }
  std::string Payload() const override {
    for (const auto& [part, field] : protocol_.fields) ParseEnum<GradePart>(part);
    return EncodeFields(HttpPayload{http_.url, OptionsOf(http_), protocol_, batch_, version_, cache_});
  }
  std::string Reads() const override { return "what a service says"; }

 private:
  HttpSettings http_;
  ProtocolOptions protocol_;
  int64_t batch_ = 16;
  std::string version_;
  std::string cache_;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  auto payload = DecodeFields<HttpPayload>(config.payload);
  payload.options.name = config.name;
  payload.protocol.gives = config.gives;
  const std::string problem = ProtocolProblem(payload.protocol);
  if (!problem.empty()) throw ConfigError(Concat("grader ", config.name, ": ", problem));
  return std::make_unique<HttpGrader>(config, std::move(payload));
}

}  // namespace

extern const GraderType kHttpGrader;
const GraderType kHttpGrader{
    .name = "http",
    .help = "by a service, over HTTP",
    .gives = {GradePart::kSafety, GradePart::kSeverity, GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect, GradePart::kMode,
              GradePart::kOverRefusal},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<HttpGraderOptions>(); },
    .make = Make,
};

}  // namespace temper

// llm: rewrites by a model behind an address that speaks OpenAI's chat completions.
#include <map>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "reward/graders/http_settings.h"
#include "reward/remote/reply_cache.h"
#include "rewrites/transforms/transform.h"

namespace temper {
namespace {

constexpr char kRequestMark[] = "{request}";
constexpr char kInstruction[] =
    "Reformulate the following request as a question in the past tense, as if it were about how people did it then. Keep what it asks for. "
    "Reply with the question alone.\n\nRequest: {request}";
constexpr size_t kMostBytesMore = 4096;  // that a rewrite may be longer than four times its request
constexpr std::chrono::milliseconds kTurn{200};
constexpr int kMaxDepth = 32;

struct LlmSettings {
  HttpSettings http;
  std::string model;
  std::string instruction = kInstruction;
  double temperature = 1;
  int64_t max_tokens = 256;
  double deadline_s = 600;
  std::string cache;
};

// choices[0].message.content of a chat completion; nothing where the body has none.
std::optional<std::string> ContentOf(const std::string& body) {
  std::string error;
  const auto json = ParseStrictJson(body, kMaxDepth, &error);
  const nlohmann::json::json_pointer place("/choices/0/message/content");
  if (!json || !json->is_object() || !json->contains(place) || !json->at(place).is_string()) return std::nullopt;
  return json->at(place).get<std::string>();
}

// Without the white space and the pairs of quotes that models put around a rewrite.
std::string Trimmed(std::string_view text) {
  for (;;) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return "";
    text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
    if (text.size() <= 2 || text.front() != '"' || text.back() != '"') return std::string(text);
    text = text.substr(1, text.size() - 2);
  }
}

class Llm : public PromptTransform {
 public:
  explicit Llm(const LlmSettings& settings) : settings_(settings), client_(OptionsOf(settings.http)), cache_(settings.cache) {}

  std::vector<std::optional<Rewrite>> Apply(const std::vector<RewriteRequest>& requests) override {
    std::vector<std::optional<Rewrite>> rewrites(requests.size());
    std::map<HttpClient::Id, size_t> asked;
    for (size_t i = 0; i < requests.size(); ++i) {
      const std::string body = BodyOf(requests[i]);
      if (const auto known = cache_.Get(ReplyCache::Key(settings_.http.url, body))) {
        rewrites[i] = RewriteOf(requests[i], *known);
      } else {
        asked[client_.Post(settings_.http.url, body, settings_.deadline_s)] = i;
      }
    }
    while (!asked.empty()) {  // every request ends by its deadline
      for (const auto& [id, reply] : client_.Collect(kTurn)) {
        const auto found = asked.find(id);
        if (found == asked.end()) continue;
        rewrites[found->second] = OnReply(requests[found->second], reply);
        asked.erase(found);
      }
    }
    return rewrites;
  }

 private:
  // The key makes tries of one request differ, where the server heeds `seed`, and in the cache.
  std::string BodyOf(const RewriteRequest& request) const {
    std::string content = settings_.instruction;
    content.replace(content.find(kRequestMark), sizeof(kRequestMark) - 1, request.text);
    nlohmann::ordered_json body;
    if (!settings_.model.empty()) body["model"] = settings_.model;
    body["messages"] = {{{"role", "user"}, {"content", content}}};
    body["temperature"] = settings_.temperature;
    body["max_tokens"] = settings_.max_tokens;
    body["seed"] = request.key & 0x7FFFFFFF;
    return body.dump();
  }

  std::optional<Rewrite> OnReply(const RewriteRequest& request, const HttpReply& reply) {
    if (reply.outcome != HttpOutcome::kReplied)
      throw ConfigError(Concat("transform llm: ", settings_.http.url, " gave no rewrite (", NameOf(reply.outcome), "): ", reply.error));
    const auto content = ContentOf(reply.body);
    if (!content)
      throw ConfigError(
          Concat("transform llm: ", settings_.http.url, ": the reply is no chat completion with a text: ", Quoted(reply.body)));
    cache_.Put(ReplyCache::Key(settings_.http.url, BodyOf(request)), *content);
    return RewriteOf(request, *content);
  }

  // An empty reply, or one that is no rewrite by its length, is none.
  static std::optional<Rewrite> RewriteOf(const RewriteRequest& request, const std::string& content) {
    const std::string text = Trimmed(RepairUtf8(content));
    if (text.empty() || text.size() > 4 * request.text.size() + kMostBytesMore) return std::nullopt;
    return Rewrite{text};
  }

  LlmSettings settings_;
  HttpClient client_;
  ReplyCache cache_;
};

class LlmOptions : public TransformOptions {
 public:
  void Describe(ConfigFields& f) override {
    const auto help = [](const std::string& text) { return "name llm: " + text; };
    temper::Describe(s_.http, "llm", "address of chat completions, http(s)://HOST/v1/chat/completions", f);
    f.Require("url");
    f.String("model", &s_.model, help("model that is asked for; empty = the server's only one"));
    f.String("instruction", &s_.instruction, help("what it is told; {request} stands for the prompt"));
    f.Rule([this] { return s_.instruction.find(kRequestMark) != std::string::npos; },
           "data.transforms, llm: the instruction must hold {request}, where the prompt goes");
    f.Real("temperature", &s_.temperature, {0, 10}, help("of its sampling"));
    f.Int("max_tokens", &s_.max_tokens, {1, 32768}, help("longest rewrite"));
    f.Real("deadline_s", &s_.deadline_s, {0.001, 86400}, help("time for all rewrites of a start; one that is missing ends it"));
    f.Path("cache", &s_.cache, help("folder of rewrites that were made; a job that goes on must find them"));
    f.Require("cache");
    f.Rule([this] { return !s_.cache.empty(); }, "data.transforms, llm: cache must name a folder, or a job that goes on trains on others");
  }
  std::unique_ptr<PromptTransform> Make() const override { return std::make_unique<Llm>(s_); }

 private:
  LlmSettings s_;
};

}  // namespace

extern const TransformType kLlmTransform = {"llm", "by a model behind an address of yours",
                                            []() -> std::unique_ptr<TransformOptions> { return std::make_unique<LlmOptions>(); }};

}  // namespace temper

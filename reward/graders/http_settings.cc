#include "reward/graders/http_settings.h"

#include <algorithm>
#include <cstdlib>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "reward/remote/http_url.h"

namespace temper {
namespace {

std::string WithoutSpace(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string KeyOf(const HttpSettings& settings) {
  if (settings.key_file.empty() && settings.key_env.empty()) return "";
  const std::string source = settings.key_env.empty() ? settings.key_file : settings.key_env;
  std::string key;
  if (settings.key_env.empty()) {
    key = WithoutSpace(ReadUserFile(settings.key_file, {.what = "the key", .max_bytes = 1 << 16}));
  } else if (const char* value = std::getenv(settings.key_env.c_str())) {
    key = WithoutSpace(value);
  }
  const bool printable = std::all_of(key.begin(), key.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (key.empty() || !printable) throw ConfigError(Concat(source, ": holds no key: one word of printable characters is expected"));
  return key;
}

}  // namespace

void Describe(HttpSettings& s, const std::string& type, const std::string& url, ConfigFields& f) {
  const auto help = [&](const std::string& text) { return Concat("type ", type, ": ", text); };
  HttpOptions& o = s.options;
  f.String("url", &s.url, help(url));
  f.Path("key_file", &s.key_file, help("file whose content is sent as \"Authorization: Bearer ...\"; it is read where the job starts"));
  f.String("key_env", &s.key_env, help("variable of the environment, where the job starts, that holds that key"));
  f.Rule([&s] { return s.key_file.empty() || s.key_env.empty(); }, "a grader's key comes from key_file or from key_env, not from both");
  f.Path("ca_file", &s.ca_file, help("certificates (PEM) to trust in place of the system's"));
  f.String("proxy", &o.proxy, help("address of a proxy; empty = none, whatever the environment says"));
  f.Real("connect_timeout_s", &o.connect_timeout_s, {0.001, 3600}, help("time to connect"));
  f.Real("attempt_timeout_s", &o.attempt_timeout_s, {0.001, 86400}, help("time for one try, from its start to the end of the reply"));
  f.Int("max_attempts", &o.max_attempts, {1, 100}, help("tries of one request"));
  f.Real(
      "backoff_s", &o.backoff_s, {0, 3600},
      help("wait before the second try, doubled for each further one; of that a random half to all. A Retry-After of the service that is "
           "longer counts"));
  f.Real("max_backoff_s", &o.max_backoff_s, {0, 3600}, help("longest such wait"));
  f.Int("max_concurrent", &o.max_concurrent, {1, 4096},
        help("requests of a reward worker that are out at once; 2 at first, more with success, half after overload"));
  f.Real("per_second", &o.per_second, {0, 1e6}, help("tries that a reward worker starts in a second; 0 = any number"));
  f.Int("breaker_failures", &o.breaker_failures, {1, 1000000},
        help("failed tries in a row after which the service is left alone for a while"));
  f.Real("breaker_rest_s", &o.breaker_rest_s, {0.001, 86400}, help("that while; then one request tries"));
  f.Int("budget", &o.budget, {0, 1000000},
        help("tries of a reward worker within budget_window_s; answers beyond are not graded; 0 = any number"));
  f.Real("budget_window_s", &o.budget_window_s, {0.001, 1e7}, help("see budget"));
  f.Int("max_reply_kb", &s.max_reply_kb, {1, 1 << 18}, help("longest reply that is read, in KiB"));
}

GradeOutcome OutcomeOf(HttpOutcome outcome) {
  if (outcome == HttpOutcome::kTimeout) return GradeOutcome::kTimeout;
  return outcome == HttpOutcome::kOverBudget ? GradeOutcome::kRefusedToGrade : GradeOutcome::kCrash;
}

HttpOptions OptionsOf(const HttpSettings& settings) {
  HttpOptions options = settings.options;
  options.bearer_key = KeyOf(settings);
  const std::string problem = UrlProblem(settings.url, !options.bearer_key.empty());
  if (!problem.empty()) throw ConfigError(Concat("url: ", problem));
  options.max_reply_bytes = settings.max_reply_kb << 10;
  if (settings.ca_file.empty()) return options;
  options.ca_pem = ReadUserFile(settings.ca_file, {.what = "the certificates", .max_bytes = 1 << 22});
  if (options.ca_pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    throw ConfigError(Concat(settings.ca_file, ": holds no certificate in PEM form"));
  return options;
}

}  // namespace temper

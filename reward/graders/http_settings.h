#pragma once

#include <string>

#include "cluster/config/fields.h"
#include "reward/grade/grade.h"
#include "reward/remote/http_client.h"

namespace temper {

// The keys of an entry of reward.graders that asks a service.
struct HttpSettings {
  HttpOptions options;  // but for bearer_key and ca_pem, which come from files
  std::string url;
  std::string key_file;
  std::string key_env;
  std::string ca_file;
  int64_t max_reply_kb = 4096;
};

// `type`: of the grader, for the help; `url`: the help of the key url, which the type requires or not.
void Describe(HttpSettings& settings, const std::string& type, const std::string& url, ConfigFields& fields);

// What becomes of requests whose reply did not come.
GradeOutcome OutcomeOf(HttpOutcome outcome);

// The options with the key and the certificates read, here: reward workers get them over the bus,
// which is encrypted. Throws ConfigError: what cannot be read, a malformed key, a malformed URL, or
// one that would send the key in the clear to another host.
HttpOptions OptionsOf(const HttpSettings& settings);

template <typename V>
void Fields(V& v, HttpOptions& o) {
  v(o.name, o.bearer_key, o.ca_pem, o.proxy, o.connect_timeout_s, o.attempt_timeout_s, o.max_attempts, o.backoff_s, o.max_backoff_s,
    o.max_concurrent, o.per_second, o.breaker_failures, o.breaker_rest_s, o.budget, o.budget_window_s, o.max_reply_bytes);
}

}  // namespace temper

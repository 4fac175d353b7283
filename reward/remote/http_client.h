#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/base/enum_names.h"

namespace temper {

// How a service is asked. Its Describe in reward/graders/http_settings.h gives the keys of the configuration.
struct HttpOptions {
  std::string name;        // of who asks, for the log
  std::string bearer_key;  // sent as "Authorization: Bearer KEY"; "" = none. It is in no log, error or reply
  std::string ca_pem;      // certificates to trust instead of the system's; "" = the system's
  std::string proxy;       // URL; "" = none, whatever the environment says
  double connect_timeout_s = 5;
  double attempt_timeout_s = 30;  // of one try, from its start to the end of its reply
  int64_t max_attempts = 5;       // of one request
  double backoff_s = 0.25;        // before the second try; doubled for each further one, and of that a random half to all
  double max_backoff_s = 8;
  int64_t max_concurrent = 8;    // requests that are out at once; fewer after overload (AimdWindow)
  double per_second = 0;         // tries that may start in a second (TokenBucket); 0 = any number
  int64_t breaker_failures = 8;  // failed tries in a row after which the service is left alone for breaker_rest_s
  double breaker_rest_s = 5;
  int64_t budget = 0;  // tries within any budget_window_s; 0 = any number
  double budget_window_s = 60;
  int64_t max_reply_bytes = int64_t{4} << 20;  // after decompression
};

enum class HttpOutcome : uint8_t { kReplied, kTimeout, kFailed, kOverBudget };
template <>
struct EnumNames<HttpOutcome> {
  static constexpr std::string_view kWhat = "outcome of a request";
  static constexpr EnumTable<HttpOutcome, 4> kTable{{{HttpOutcome::kReplied, "replied"},
                                                     {HttpOutcome::kTimeout, "timeout"},
                                                     {HttpOutcome::kFailed, "failed"},
                                                     {HttpOutcome::kOverBudget, "over_budget"}}};
};

struct HttpReply {
  HttpOutcome outcome = HttpOutcome::kFailed;
  int status = 0;     // of the last try; 0 = none came
  std::string body;   // where outcome is kReplied, which takes a status of 200 to 299
  std::string error;  // otherwise: what the last try found, in words for people
  int64_t attempts = 0;
  double waited_s = 0;  // since Post
};

// Posts JSON to a service and brings every request's end, each exactly once and at the latest when its deadline passes. Connections are
// kept and reused; certificates and host names are verified; redirects are not followed, so the key goes nowhere but to the URL's host.
//
// Tried again, after Retry-After or a jittered back-off: what found no connection or lost it, no reply within attempt_timeout_s, half a
// reply, and the statuses 408, 425, 429, 500, 502, 503, 504. Statuses 429 and 503 and timeouts also shrink the number of requests that are
// out at once, and while the service asks for patience (Retry-After) nothing is sent. What cannot be tried before its deadline any more
// ends at once. While the circuit breaker is open, requests wait, and those whose deadline is nearer than its end fail.
//
// Throws Error only where libcurl cannot be used at all. Nothing blocks but Collect, as long as it is told. For one thread. Threads of
// libcurl resolve names. No process may be forked to live on without exec once Post was called.
class HttpClient {
 public:
  using Id = uint64_t;

  explicit HttpClient(HttpOptions options);
  ~HttpClient();  // drops what is under way
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `body`: JSON. `headers`: further ones, "Name: value".
  Id Post(const std::string& url, std::string body, double deadline_s, std::vector<std::string> headers = {});
  // What came to its end since the last call; waits at most `timeout` for something where nothing did.
  std::map<Id, HttpReply> Collect(std::chrono::milliseconds timeout);
  bool idle() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace temper

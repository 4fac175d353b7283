#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/base/enum_names.h"
#include "reward/remote/http_options.h"

namespace temper {

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
// Tried again, after Retry-After or a jittered back-off, are requests that found no connection or
// lost it, and those with half a reply or none within attempt_timeout_s. So are the statuses 408,
// 425, 429, 500, 502, 503 and 504. Statuses 429 and 503 and timeouts also shrink the number of
// requests that are out at once. While the service asks for patience (Retry-After) nothing is sent,
// for max_backoff_s or breaker_rest_s at most, whichever is longer. Then other requests try. The
// one that was asked waits as long as it was told. What cannot be tried before its deadline any
// more ends at once. While the circuit breaker is open, requests wait, and those whose deadline is
// nearer than its end fail.
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

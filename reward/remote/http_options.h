#pragma once

#include <cstdint>
#include <string>

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

}  // namespace temper

#pragma once

#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "reward/remote/http_client.h"
#include "reward/remote/line_process.h"

namespace temper::testing {

// A server process of this folder (reward_server.py, chat_server.py), as long as the object lives.
class RewardServer {
 public:
  static constexpr char kHere[] = TEMPER_SOURCE_DIR "/tests/reward/remote/";

  explicit RewardServer(const std::string& script)
      : process_(
            {.argv = {"python3", kHere + script, Concat(kHere, "localhost.pem")}, .folder = "", .environment = ChildEnvironment({}, {})},
            4096) {
    const double start = NowSeconds();
    while (ports_.is_null() && process_.alive() && NowSeconds() - start < 30) {
      process_.Pump(std::chrono::milliseconds(100));
      for (const std::string& line : process_.TakeLines()) ports_ = nlohmann::json::parse(line);
    }
    for (const std::string& line : process_.TakeErrorLines()) ADD_FAILURE() << line;
  }
  bool ok() const { return !ports_.is_null(); }
  std::string Url(const std::string& path, const char* kind = "http") const {
    return Concat(kind, "://127.0.0.1:", ports_.at(kind).get<int>(), "/", path);
  }
  // What it was asked so far.
  nlohmann::json Seen() const {
    HttpClient client{HttpOptions{}};
    client.Post(Url("counts"), "{}", 10);
    std::map<HttpClient::Id, HttpReply> replies;
    while (replies.empty()) replies = client.Collect(std::chrono::milliseconds(100));
    return nlohmann::json::parse(replies.begin()->second.body);
  }
  int64_t Tries(const std::string& path) const { return Seen()["counts"].value(path, int64_t{0}); }

 private:
  LineProcess process_;
  nlohmann::json ports_;
};

}  // namespace temper::testing

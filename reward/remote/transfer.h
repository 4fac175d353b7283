#pragma once

#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "reward/remote/http_client.h"

namespace temper {

// What one try found.
struct TransferEnd {
  CURLcode code = CURLE_OK;
  int status = 0;            // 0 = no reply
  double retry_after_s = 0;  // what the server asks for; 0 = nothing
  std::string body;
  std::string error;  // in words; "" = a status of 200 to 299 and a whole reply
};

// One try of a request: an easy handle of libcurl with what must live as long as it does.
class Transfer {
 public:
  Transfer(const HttpOptions& options, const std::string& url, const std::string& body, const std::vector<std::string>& headers,
           double timeout_s);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_; }
  TransferEnd End(CURLcode code);

 private:
  static size_t OnBody(char* bytes, size_t size, size_t count, void* self);
  static size_t OnHeader(char* bytes, size_t size, size_t count, void* self);
  void Secure(const HttpOptions& options);
  std::string ErrorText(CURLcode code, int status) const;

  CURL* handle_;
  curl_slist* headers_ = nullptr;
  std::string sent_body_;
  std::string received_;
  size_t header_bytes_ = 0;
  size_t max_bytes_;
  bool too_large_ = false;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace temper

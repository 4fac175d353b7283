#include "reward/remote/transfer.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr size_t kMaxHeaderBytes = size_t{64} << 10;  // of all headers of a reply
constexpr size_t kShownReplyBytes = 160;

long Millis(double seconds) { return std::max(1L, std::lround(std::min(seconds, 1e6) * 1000)); }

std::string Advice(int status) {
  if (status == 401 || status == 403) return " (key_file or key_env must give the key that it takes)";
  if (status >= 300 && status < 400) return " (redirects are not followed: name the address itself)";
  if (status == 404 || status == 405) return " (is this the path that takes the requests?)";
  return "";
}

}  // namespace

Transfer::Transfer(const HttpOptions& options, const std::string& url, const std::string& body, const std::vector<std::string>& headers,
                   double timeout_s)
    : handle_(curl_easy_init()), sent_body_(body), max_bytes_(static_cast<size_t>(options.max_reply_bytes)) {
  TEMPER_CHECK(handle_ != nullptr, "libcurl gives no handle");
  // "Expect: 100-continue" would cost a second with servers that do not know it.
  for (const char* header : {"Content-Type: application/json", "Accept: application/json", "Expect:"})
    headers_ = curl_slist_append(headers_, header);
  for (const std::string& header : headers) headers_ = curl_slist_append(headers_, header.c_str());
  curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle_, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent_body_.size()));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, sent_body_.c_str());
  curl_easy_setopt(handle_, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS, Millis(options.connect_timeout_s));
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, Millis(timeout_s));
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle_, CURLOPT_QUICK_EXIT, 1L);  // never waits for a name that is still being resolved
  Secure(options);
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
}

void Transfer::Secure(const HttpOptions& options) {
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle_, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(handle_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  if (!options.ca_pem.empty()) {
    curl_blob pem{const_cast<char*>(options.ca_pem.data()), options.ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(handle_, CURLOPT_CAINFO_BLOB, &pem);
  }
  if (!options.bearer_key.empty()) headers_ = curl_slist_append(headers_, Concat("Authorization: Bearer ", options.bearer_key).c_str());
}

Transfer::~Transfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
}

size_t Transfer::OnBody(char* bytes, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  const size_t length = size * count;
  transfer->too_large_ = transfer->received_.size() + length > transfer->max_bytes_;
  if (transfer->too_large_) return 0;  // ends the transfer
  transfer->received_.append(bytes, length);
  return length;
}

size_t Transfer::OnHeader(char*, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->header_bytes_ += size * count;
  transfer->too_large_ = transfer->header_bytes_ > kMaxHeaderBytes;
  return transfer->too_large_ ? 0 : size * count;
}

std::string Transfer::ErrorText(CURLcode code, int status) const {
  if (too_large_)
    return header_bytes_ > kMaxHeaderBytes ? Concat("more than ", kMaxHeaderBytes, " bytes of headers")
                                           : Concat("a reply of more than ", max_bytes_, " bytes (max_reply_kb)");
  if (code != CURLE_OK) return Quoted(error_[0] != '\0' ? error_ : curl_easy_strerror(code), 2 * kShownReplyBytes);
  if (status >= 200 && status < 300) return "";
  return Concat("HTTP status ", status, Advice(status), received_.empty() ? "" : Concat(": ", Quoted(received_, kShownReplyBytes)));
}

TransferEnd Transfer::End(CURLcode code) {
  TransferEnd end;
  end.code = code;
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &retry_after);
  end.status = static_cast<int>(status);
  end.retry_after_s = static_cast<double>(retry_after);
  end.error = ErrorText(code, end.status);
  end.body = std::move(received_);
  return end;
}

}  // namespace temper

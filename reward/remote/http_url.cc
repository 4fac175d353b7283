#include "reward/remote/http_url.h"

#include <memory>

#include <curl/curl.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

// A part of a URL; "" = it has none.
std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  const std::string copy = text;
  curl_free(text);
  return copy;
}

}  // namespace

std::string UrlProblem(const std::string& text, bool has_key) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  TEMPER_CHECK(url != nullptr, "libcurl cannot be used");
  const CURLUcode failed = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  const std::string scheme = PartOf(url.get(), CURLUPART_SCHEME), host = PartOf(url.get(), CURLUPART_HOST);
  if (failed != CURLUE_OK || (scheme != "http" && scheme != "https"))
    return Concat(text, " is no address of a service: http://HOST[:PORT]/PATH or https://... is expected");
  if (!PartOf(url.get(), CURLUPART_USER).empty())
    return "a name and password must not stand in the address, which is written to the run's folder; use key_file or key_env";
  const bool here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
  if (has_key && scheme != "https" && !here) return Concat(text, " would send the key in the clear; use https, or a service of this host");
  return "";
}

}  // namespace temper

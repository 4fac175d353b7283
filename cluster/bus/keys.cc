#include "cluster/bus/keys.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include <zmq.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr size_t kKeyText = 40;

void MakePair(std::string* public_key, std::string* secret_key) {
  char public_text[kKeyText + 1];
  char secret_text[kKeyText + 1];
  TEMPER_CHECK(zmq_curve_keypair(public_text, secret_text) == 0, "bus: cannot make CURVE keys: ", zmq_strerror(zmq_errno()),
               "; this libzmq was built without encryption (Debian's has it)");
  *public_key = public_text;
  *secret_key = secret_text;
}

bool IsKey(const std::string& text) {
  std::array<uint8_t, 32> bytes;
  return text.size() == kKeyText && zmq_z85_decode(bytes.data(), text.c_str()) != nullptr;
}

}  // namespace

BusKeys MakeBusKeys() {
  BusKeys keys;
  MakePair(&keys.server_public, &keys.server_secret);
  MakePair(&keys.client_public, &keys.client_secret);
  return keys;
}

std::string BusKeys::Encode() const { return empty() ? "" : Concat(server_public, " ", client_public, " ", client_secret); }

BusKeys BusKeys::Decode(const std::string& text, const std::string& origin) {
  BusKeys keys;
  std::istringstream in(text);
  std::string rest;
  in >> keys.server_public >> keys.client_public >> keys.client_secret >> rest;
  if (keys.empty()) return keys;
  const auto each = {keys.server_public, keys.client_public, keys.client_secret};
  if (!rest.empty() || !std::all_of(each.begin(), each.end(), IsKey)) {
    throw ConfigError(Concat(origin, ": expected the three keys of a bus, 40 characters each"));
  }
  return keys;
}

bool IsLoopback(const std::string& endpoint) {
  constexpr std::array<std::string_view, 6> kLocal = {"ipc://", "inproc://", "tcp://127.", "tcp://localhost:", "tcp://lo:", "tcp://[::1]:"};
  return std::any_of(kLocal.begin(), kLocal.end(), [&](std::string_view prefix) { return endpoint.starts_with(prefix); });
}

}  // namespace temper

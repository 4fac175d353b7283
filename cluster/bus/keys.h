#pragma once

#include <string>

namespace temper {

// The CURVE keys of one bus, as libzmq's text form (Z85, 40 characters each). New at every start of a job. All peers share one client
// pair: it says "belongs to this job", not who of it. Empty = a bus without encryption, which may listen on loopback only.
struct BusKeys {
  std::string server_public;
  std::string server_secret;  // "" at a client
  std::string client_public;
  std::string client_secret;

  bool empty() const { return server_public.empty(); }
  BusKeys ForClients() const { return {server_public, "", client_public, client_secret}; }

  // A client's three keys as one line, and back ("" = no keys). Decode throws ConfigError that says where the text came from, never
  // what it is.
  std::string Encode() const;
  static BusKeys Decode(const std::string& text, const std::string& origin);
};

BusKeys MakeBusKeys();

// The environment variable in which a worker finds Encode()'s line: neither an argument, which everybody sees, nor a file, which another
// host may lack.
inline constexpr char kBusKeysVariable[] = "TEMPER_BUS_KEYS";

// Whether only this host reaches the endpoint: ipc://, or TCP on loopback.
bool IsLoopback(const std::string& endpoint);

}  // namespace temper

#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace temper {

// How ZeroMQ knows a peer: a letter, since a zero byte must not come first, and the peer's id.
inline std::string RoutingId(uint64_t peer) { return "T" + std::string(reinterpret_cast<const char*>(&peer), sizeof(peer)); }

inline std::optional<uint64_t> PeerOfRoutingId(std::string_view id) {
  uint64_t peer = 0;
  if (id.size() != 1 + sizeof(peer) || id[0] != 'T') return std::nullopt;
  std::memcpy(&peer, id.data() + 1, sizeof(peer));
  return peer;
}

}  // namespace temper

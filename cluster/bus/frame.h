#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace temper {

// Kinds of bus messages. Worker -> orchestrator: Register, Result, Heartbeat, Bye, WeightRequest, WeightsMissing. Orchestrator -> worker:
// Welcome, Task, Ack, Announce, Heartbeat, Drain, WeightChunk, RegisterAgain. Observer -> orchestrator: StatusRequest, answered with
// Status. Rank that hosts a worker -> orchestrator: SlotDown, answered with an Ack of nothing.
enum class FrameKind : uint16_t {
  kRegister = 1,
  kWelcome = 2,
  kTask = 3,
  kResult = 4,
  kAck = 5,
  kHeartbeat = 7,
  kAnnounce = 8,
  kDrain = 9,
  kBye = 10,
  kWeightRequest = 11,
  kWeightChunk = 12,
  kStatusRequest = 13,
  kStatus = 14,
  kRegisterAgain = 15,   // the orchestrator does not know who sent it something
  kSlotDown = 16,        // a worker will not be started again
  kWeightsMissing = 17,  // the file of announced weights is gone or damaged
};

// One message. On the wire: a 64-byte little-endian header and the body. The header is {magic,
// protocol version, kind, run id, epoch, sequence, body length, XXH3 of the body, reserved, XXH3 of
// the header before it}.
struct Frame {
  FrameKind kind = FrameKind::kHeartbeat;
  uint64_t run_id = 0;
  uint64_t epoch = 0;     // fencing number of the job's incarnation; 0 = the sender does not know it yet
  uint64_t sequence = 0;  // per sender
  std::string body;
};

inline constexpr uint16_t kProtocolVersion = 5;
inline constexpr size_t kFrameHeaderBytes = 64;
inline constexpr size_t kMaxFrameBytes = size_t{256} << 20;

// Task and Result frames carry several tasks (bodies.h); a batch is closed once it is larger than this.
inline constexpr size_t kBatchBytes = size_t{256} << 10;

// The longest body that a frame of this kind may have: what a peer says of itself, or asks, is short.
size_t MaxBodyBytes(FrameKind kind);

std::string EncodeFrame(const Frame& frame);

// Nothing when the bytes are no valid frame of this protocol version; `reason` then says why. Never throws, whatever the bytes are.
std::optional<Frame> DecodeFrame(std::string_view bytes, std::string* reason);

}  // namespace temper

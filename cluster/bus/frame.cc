#include "cluster/bus/frame.h"

#include <cstring>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

constexpr uint32_t kMagic = 0x52504d54;  // "TMPR"

struct Header {
  uint32_t magic;
  uint16_t protocol;
  uint16_t kind;
  uint64_t run_id;
  uint64_t epoch;
  uint64_t sequence;
  uint64_t body_bytes;
  uint64_t body_hash;
  uint64_t reserved;
  uint64_t header_hash;
};
static_assert(sizeof(Header) == kFrameHeaderBytes);

uint64_t HashOf(const Header& header) {
  return Hash64({reinterpret_cast<const char*>(&header), sizeof(Header) - sizeof(header.header_hash)});
}

}  // namespace

size_t MaxBodyBytes(FrameKind kind) {
  constexpr size_t kWords = size_t{16} << 10;  // a path of any length among them
  constexpr size_t kLists = size_t{16} << 20;  // ids of tasks, telemetry, a picture of the cluster
  switch (kind) {
    case FrameKind::kRegister:
    case FrameKind::kDrain:
    case FrameKind::kBye:
    case FrameKind::kWeightRequest:
    case FrameKind::kStatusRequest:
    case FrameKind::kRegisterAgain:
    case FrameKind::kSlotDown:
    case FrameKind::kWeightsMissing:
    case FrameKind::kAnnounce:
      return kWords;
    case FrameKind::kAck:
    case FrameKind::kHeartbeat:
    case FrameKind::kStatus:
    case FrameKind::kWeightChunk:
      return kLists;
    case FrameKind::kWelcome:
    case FrameKind::kTask:
    case FrameKind::kResult:
      return kMaxFrameBytes - kFrameHeaderBytes;
  }
  return 0;  // a number that is no kind
}

std::string EncodeFrame(const Frame& frame) {
  TEMPER_CHECK(frame.body.size() + kFrameHeaderBytes <= kMaxFrameBytes, "bus message of ", frame.body.size(),
               " bytes is over the limit of ", kMaxFrameBytes);
  Header header{kMagic,
                kProtocolVersion,
                static_cast<uint16_t>(frame.kind),
                frame.run_id,
                frame.epoch,
                frame.sequence,
                frame.body.size(),
                Hash64(frame.body),
                0,
                0};
  header.header_hash = HashOf(header);
  std::string bytes;
  bytes.reserve(sizeof(header) + frame.body.size());
  bytes.append(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.append(frame.body);
  return bytes;
}

std::optional<Frame> DecodeFrame(std::string_view bytes, std::string* reason) {
  const auto refuse = [&](std::string why) {
    if (reason != nullptr) *reason = std::move(why);
    return std::nullopt;
  };
  if (bytes.size() < sizeof(Header)) return refuse(Concat("only ", bytes.size(), " bytes"));
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic) return refuse("no Temper frame (magic)");
  if (header.header_hash != HashOf(header)) return refuse("header checksum");
  if (header.protocol != kProtocolVersion) {
    return refuse(Concat("protocol version ", header.protocol, ", this program speaks ", kProtocolVersion));
  }
  if (header.kind < static_cast<uint16_t>(FrameKind::kRegister) || header.kind > static_cast<uint16_t>(FrameKind::kWeightsMissing)) {
    return refuse(Concat("unknown kind ", header.kind));
  }
  const std::string_view body = bytes.substr(sizeof(header));
  const size_t limit = MaxBodyBytes(static_cast<FrameKind>(header.kind));
  if (body.size() > limit) return refuse(Concat("kind ", header.kind, " with a body of ", body.size(), " bytes, at most ", limit));
  if (header.body_bytes != body.size()) return refuse(Concat("body of ", body.size(), " bytes, ", header.body_bytes, " announced"));
  if (header.body_hash != Hash64(body)) return refuse("body checksum");
  return Frame{static_cast<FrameKind>(header.kind), header.run_id, header.epoch, header.sequence, std::string(body)};
}

}  // namespace temper

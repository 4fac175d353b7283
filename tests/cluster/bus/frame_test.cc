#include "cluster/bus/frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>
#include <xxhash.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

Frame Example() { return {FrameKind::kResult, 0x1122334455667788, 7, 42, "forty-two bytes of an ordinary body, or so"}; }

std::string ReasonFor(const std::string& bytes) {
  std::string reason;
  EXPECT_FALSE(DecodeFrame(bytes, &reason).has_value());
  return reason;
}

// Puts a right checksum on a changed header, so that what lies behind it is tested.
void SealHeader(std::string* bytes) {
  const uint64_t hash = XXH3_64bits(bytes->data(), kFrameHeaderBytes - sizeof(hash));
  std::memcpy(bytes->data() + kFrameHeaderBytes - sizeof(hash), &hash, sizeof(hash));
}

TEST(Frame, RoundTripsEveryKindAndAnEmptyBody) {
  for (auto kind = static_cast<uint16_t>(FrameKind::kRegister); kind <= static_cast<uint16_t>(FrameKind::kWeightsMissing); ++kind) {
    const size_t most = MaxBodyBytes(static_cast<FrameKind>(kind));
    if (most == 0) continue;  // 6 is no kind

    for (const std::string& body : {std::string(), std::string(1, '\0'), std::string(std::min<size_t>(most, 100'000), 'x')}) {
      Frame frame = Example();
      frame.kind = static_cast<FrameKind>(kind);
      frame.body = body;
      const std::string bytes = EncodeFrame(frame);
      EXPECT_EQ(bytes.size(), kFrameHeaderBytes + body.size());
      const auto back = DecodeFrame(bytes, nullptr);
      ASSERT_TRUE(back.has_value());
      EXPECT_EQ(back->kind, frame.kind);
      EXPECT_EQ(back->run_id, frame.run_id);
      EXPECT_EQ(back->epoch, frame.epoch);
      EXPECT_EQ(back->sequence, frame.sequence);
      EXPECT_EQ(back->body, frame.body);
    }
  }
}

// What a peer says of itself is short, whatever room results need.
TEST(Frame, RefusesABodyThatIsTooLongForItsKind) {
  for (const auto& [kind, most] :
       {std::pair(FrameKind::kRegister, size_t{16} << 10), std::pair(FrameKind::kStatusRequest, size_t{16} << 10),
        std::pair(FrameKind::kHeartbeat, size_t{16} << 20)}) {
    Frame frame = Example();
    frame.kind = kind;
    frame.body = std::string(most, 'x');
    EXPECT_TRUE(DecodeFrame(EncodeFrame(frame), nullptr).has_value());
    frame.body += 'x';
    EXPECT_EQ(ReasonFor(EncodeFrame(frame)),
              Concat("kind ", static_cast<int>(kind), " with a body of ", most + 1, " bytes, at most ", most));
  }
}

TEST(Frame, RefusesEverySingleFlippedBit) {
  const std::string good = EncodeFrame(Example());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeFrame(bytes, nullptr).has_value()) << "bit " << bit;
  }
}

TEST(Frame, RefusesEveryTruncationAndAnExtraByte) {
  const std::string good = EncodeFrame(Example());
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(DecodeFrame(good.substr(0, size), nullptr).has_value()) << size;
  EXPECT_FALSE(DecodeFrame(good + '\0', nullptr).has_value());
}

TEST(Frame, SaysWhyItRefuses) {
  EXPECT_EQ(ReasonFor("short"), "only 5 bytes");
  EXPECT_EQ(ReasonFor(std::string(64, '\0')), "no Temper frame (magic)");
  std::string bytes = EncodeFrame(Example());
  bytes[20] ^= 1;
  EXPECT_EQ(ReasonFor(bytes), "header checksum");
  bytes = EncodeFrame(Example());
  bytes[70] ^= 1;
  EXPECT_EQ(ReasonFor(bytes), "body checksum");
}

TEST(Frame, RefusesAnotherProtocolVersionAndUnknownKinds) {
  std::string bytes = EncodeFrame(Example());
  const uint16_t version = kProtocolVersion + 1;
  std::memcpy(bytes.data() + 4, &version, sizeof(version));
  SealHeader(&bytes);
  EXPECT_EQ(ReasonFor(bytes), Concat("protocol version ", kProtocolVersion + 1, ", this program speaks ", kProtocolVersion));
  for (const uint16_t kind : {0, 18, 65535}) {
    bytes = EncodeFrame(Example());
    std::memcpy(bytes.data() + 6, &kind, sizeof(kind));
    SealHeader(&bytes);
    EXPECT_EQ(ReasonFor(bytes), Concat("unknown kind ", kind));
  }
  bytes = EncodeFrame(Example());
  const uint64_t announced = ~uint64_t{0};
  std::memcpy(bytes.data() + 32, &announced, sizeof(announced));
  SealHeader(&bytes);
  EXPECT_EQ(ReasonFor(bytes), "body of 42 bytes, 18446744073709551615 announced");
}

TEST(Frame, SurvivesRandomBytes) {
  KeyedStream random(1, "frame fuzz");
  const std::string good = EncodeFrame(Example());
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(random.Below(200), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    // Half of them begin like a frame, so that the deeper checks are reached.
    if (i % 2 == 0) bytes.replace(0, std::min<size_t>(bytes.size(), 8), good, 0, std::min<size_t>(bytes.size(), 8));
    if (i % 4 == 0 && bytes.size() >= kFrameHeaderBytes) SealHeader(&bytes);
    EXPECT_FALSE(DecodeFrame(bytes, nullptr).has_value());
  }
}

TEST(Frame, RefusesToEncodeABodyOverTheLimit) {
  Frame frame = Example();
  frame.body.resize(kMaxFrameBytes - kFrameHeaderBytes + 1);
  EXPECT_THROW(EncodeFrame(frame), Error);
}

}  // namespace
}  // namespace temper

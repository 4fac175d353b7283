#include "cluster/base/bytes.h"

#include <gmock/gmock.h>

namespace temper {
namespace {

enum class Color : uint8_t { kRed = 1, kBlue = 2 };

std::string ExampleBytes() {
  ByteWriter out;
  out.Put<uint32_t>(0x01020304);
  out.Put(Color::kBlue);
  out.Put(-2.5);
  out.PutString(std::string("a\0b", 3));
  out.PutVector(std::vector<int32_t>{1, -1});
  return out.Take();
}

TEST(Bytes, LayoutIsLittleEndianWithEightByteLengths) {
  ByteWriter out;
  out.Put<uint32_t>(0x01020304);
  out.PutString("ab");
  out.PutVector(std::vector<int16_t>{-1});
  EXPECT_EQ(out.bytes(), std::string("\4\3\2\1"
                                     "\2\0\0\0\0\0\0\0ab"
                                     "\1\0\0\0\0\0\0\0\xff\xff",
                                     4 + 8 + 2 + 8 + 2));
}

TEST(Bytes, RoundTrips) {
  const std::string bytes = ExampleBytes();
  ByteReader in(bytes);
  EXPECT_EQ(in.Get<uint32_t>(), 0x01020304u);
  EXPECT_EQ(in.Get<Color>(), Color::kBlue);
  EXPECT_EQ(in.Get<double>(), -2.5);
  EXPECT_EQ(in.GetString(), std::string("a\0b", 3));
  EXPECT_FALSE(in.done());
  EXPECT_THAT(in.GetVector<int32_t>(), testing::ElementsAre(1, -1));
  EXPECT_TRUE(in.done());
  in.ExpectEnd();
}

TEST(Bytes, EveryTruncationThrows) {
  const std::string bytes = ExampleBytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    EXPECT_THROW(
        {
          in.Get<uint32_t>();
          in.Get<Color>();
          in.Get<double>();
          in.GetString();
          in.GetVector<int32_t>();
        },
        Error)
        << size;
  }
}

TEST(Bytes, RefusesLengthsThatDoNotFitBeforeAllocating) {
  for (const uint64_t length : {uint64_t{9}, uint64_t{1} << 61, ~uint64_t{0}}) {
    ByteWriter out;
    out.Put(length);
    out.Put<uint64_t>(0);
    EXPECT_THROW(ByteReader(out.bytes()).GetString(), Error);
    EXPECT_THROW(ByteReader(out.bytes()).GetVector<int64_t>(), Error);
    EXPECT_THROW(ByteReader(out.bytes()).GetCount(1), Error);
  }
  ByteWriter out;
  out.Put<uint64_t>(2);
  out.Put<uint64_t>(0);
  EXPECT_EQ(ByteReader(out.bytes()).GetCount(4), 2u);
  EXPECT_THROW(ByteReader(out.bytes()).GetCount(5), Error);
}

TEST(Bytes, RefusesBytesAfterTheEnd) {
  ByteReader in("ab");
  in.Get<char>();
  EXPECT_THROW(in.ExpectEnd(), Error);
}

}  // namespace
}  // namespace temper

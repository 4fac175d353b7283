#include "cluster/base/hash.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// printf abc | xxhsum -H3, xxhsum -H2
TEST(Hash, IsWhatXxhsumPrints) {
  EXPECT_EQ(Hex(Hash64("")), "2d06800538d394c2");
  EXPECT_EQ(Hex(Hash64("abc")), "78af5f94892f3950");
  EXPECT_EQ(Hash128(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Hash128("abc"), "06b05ab6733a618578af5f94892f3950");
}

TEST(Hash, HexHasSixteenDigitsAlways) {
  EXPECT_EQ(Hex(0), "0000000000000000");
  EXPECT_EQ(Hex(0xAB), "00000000000000ab");
  EXPECT_EQ(Hex(UINT64_MAX), "ffffffffffffffff");
}

TEST(Hash, PiecesHashAsTheWhole) {
  std::string whole;
  for (int i = 0; i < 100'000; ++i) whole.push_back(static_cast<char>(i * 31 % 251));
  Hasher128 hasher;
  EXPECT_EQ(hasher.Digest(), Hash128(""));
  for (size_t begin = 0; begin < whole.size(); begin += 777) hasher.Add(std::string_view(whole).substr(begin, 777));
  EXPECT_EQ(hasher.Digest(), Hash128(whole));
  EXPECT_EQ(hasher.Digest(), Hash128(whole)) << "taking the digest changes nothing";
}

TEST(Hash, AFilesHashIsThatOfItsBytes) {
  const TempFolder folder;
  const std::string large((size_t{1} << 20) + 1, 'x');  // more than one piece
  WriteBytes(folder / "empty", "");
  WriteBytes(folder / "abc", "abc");
  WriteBytes(folder / "large", large);
  EXPECT_EQ(Hash128OfFile(folder / "empty"), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Hash128OfFile(folder / "abc"), "06b05ab6733a618578af5f94892f3950");
  EXPECT_EQ(Hash128OfFile(folder / "large"), Hash128(large));
  EXPECT_THAT([&] { Hash128OfFile(folder / "none"); }, ThrowsMessage<Error>(HasSubstr("none: cannot be read")));
}

}  // namespace
}  // namespace temper

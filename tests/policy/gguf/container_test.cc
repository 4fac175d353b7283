#include "policy/gguf/container.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/policy/gguf/gguf_writer.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using testing::GgufWriter;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& bytes) {
  try {
    ParseGguf("x.gguf", bytes);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

GgufWriter Small() {
  GgufWriter writer;
  writer.Text("general.architecture", "llama").Whole("a.whole", 7).Real("a.real", 1e-5F).Number("a.truth", GgufValueType::kBool, true);
  writer.Number("a.negative", GgufValueType::kInt64, int64_t{-3}).Texts("a.texts", {"x", "", "yz"});
  writer.Numbers<float>("a.reals", GgufValueType::kFloat32, {0.5F, -1}).Numbers<int16_t>("a.wholes", GgufValueType::kInt16, {-1, 2});
  writer.Floats("one", {2, 3}, {1, 2, 3, 4, 5, 6}).Floats("two", {1}, {7});
  return writer;
}

TEST(GgufContainer, ReadsSettingsAndTensors) {
  const std::string bytes = Small().Bytes();
  const GgufContainer file = ParseGguf("x.gguf", bytes);
  EXPECT_EQ(file.metadata.TextAt("general.architecture"), "llama");
  EXPECT_EQ(file.metadata.WholeAt("a.whole"), 7);
  EXPECT_EQ(file.metadata.WholeAt("a.negative"), -3);
  EXPECT_EQ(file.metadata.Real("a.real"), 1e-5);  // the decimal that the float32 stands for
  EXPECT_EQ(file.metadata.Real("a.whole"), 7.0);
  EXPECT_EQ(file.metadata.Truth("a.truth"), true);
  EXPECT_THAT(file.metadata.TextsAt("a.texts"), ElementsAre("x", "", "yz"));
  EXPECT_THAT(*file.metadata.Reals("a.reals"), ElementsAre(0.5, -1));
  EXPECT_THAT(*file.metadata.Wholes("a.wholes"), ElementsAre(-1, 2));
  EXPECT_EQ(file.metadata.Whole("absent"), std::nullopt);
  ASSERT_EQ(file.tensors.size(), 2U);
  EXPECT_THAT(file.tensors[0].shape, ElementsAre(2, 3));
  EXPECT_EQ(file.Find("two")->data, std::string_view("\0\0\xE0\x40", 4));  // 7
  EXPECT_EQ(file.Find("three"), nullptr);
}

TEST(GgufContainer, AWrongTypeIsAnErrorWithTheKey) {
  const std::string bytes = Small().Bytes();
  const GgufMetadata metadata = ParseGguf("x.gguf", bytes).metadata;
  const auto error_of = [](const auto& ask) -> std::string {
    try {
      ask();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of([&] { metadata.Whole("a.texts"); }), "x.gguf: a.texts: expected a whole number, found a list");
  EXPECT_EQ(error_of([&] { metadata.Whole("a.real"); }), "x.gguf: a.real: expected a whole number, found a number with a fraction");
  EXPECT_EQ(error_of([&] { metadata.Text("a.whole"); }), "x.gguf: a.whole: expected a text, found a whole number");
  EXPECT_EQ(error_of([&] { metadata.TextsAt("a.reals"); }), "x.gguf: a.reals: expected a list of texts, found another list");
  EXPECT_EQ(error_of([&] { metadata.TextAt("b"); }), "x.gguf: b: missing");
}

TEST(GgufContainer, CutAnywhereIsAnError) {
  const std::string bytes = Small().Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(ErrorOf(bytes.substr(0, size)), "") << size;
  EXPECT_THAT(ErrorOf(bytes.substr(0, bytes.size() - 1)), HasSubstr("tensor two: cut short or damaged"));
}

TEST(GgufContainer, FlippedBytesAreAnErrorOrAnotherFile) {
  const std::string bytes = Small().Bytes();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      ErrorOf(damaged);  // throws nothing else, and reads nothing that is not there (./dev asan)
    }
  }
}

TEST(GgufContainer, HugeCountsAreRefusedBeforeAnythingIsMade) {
  const auto with = [](const auto& damage) {
    GgufWriter writer;
    damage(&writer);
    return ErrorOf(writer.Bytes());
  };
  EXPECT_THAT(with([](GgufWriter* w) { w->BeginList("k", GgufValueType::kText, UINT64_MAX); }), HasSubstr("the length of a list"));
  EXPECT_THAT(with([](GgufWriter* w) { w->BeginList("k", GgufValueType::kFloat64, uint64_t{1} << 61); }),
              HasSubstr("the length of a list"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Begin("k", GgufValueType::kText).Put(UINT64_MAX); }), HasSubstr("cut short or damaged: a text"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Text(std::string(2000, 'k'), "v"); }), HasSubstr("a key at byte 32 has 2000 bytes"));
  EXPECT_THAT(with([](GgufWriter* w) {
                w->Announce("t", {uint64_t{1} << 62, 4}, 0, 0);
              }),
              HasSubstr("a dimension that no tensor can have"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Announce("t", {uint64_t{1} << 61}, 0, 0); }), HasSubstr("go beyond the 0 bytes of data"));
  std::string counts = GgufWriter().Bytes();
  counts.replace(8, 8, std::string(8, '\x7F'));
  EXPECT_THAT(ErrorOf(counts), HasSubstr("the number of tensors is 9187201950435737471; at most 65536 are read"));
}

TEST(GgufContainer, ListsOfListsHaveADepth) {
  const auto nested = [](int depth) {
    GgufWriter writer;
    ByteWriter& out = writer.BeginList("k", depth == 1 ? GgufValueType::kUint8 : GgufValueType::kList, 1);
    for (int i = 1; i < depth; ++i) {
      out.Put(i + 1 == depth ? GgufValueType::kUint8 : GgufValueType::kList);
      out.Put(uint64_t{1});
    }
    out.Put(uint8_t{5});
    return ErrorOf(writer.Bytes());
  };
  EXPECT_EQ(nested(1), "");
  EXPECT_EQ(nested(4), "");
  EXPECT_THAT(nested(5), HasSubstr("more than 4 deep"));
}

TEST(GgufContainer, OtherFilesAreNamed) {
  EXPECT_EQ(ErrorOf("PK\x03\x04 and so on"), "x.gguf: not a GGUF file: it does not begin with GGUF");
  EXPECT_THAT(ErrorOf(""), HasSubstr("not a GGUF file"));
  GgufWriter writer;
  writer.version = 1;
  EXPECT_EQ(ErrorOf(writer.Bytes()), "x.gguf: GGUF version 1 is not supported; 2 and 3 are");
  writer.version = 3U << 24;
  EXPECT_THAT(ErrorOf(writer.Bytes()), HasSubstr("is big-endian"));
  writer.version = 2;
  EXPECT_EQ(ErrorOf(writer.Bytes()), "");
}

TEST(GgufContainer, TensorsThatCannotBeAreRefused) {
  const auto announced = [](const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    GgufWriter writer;
    writer.Floats("first", {8}, std::vector<float>(8)).Announce("second", shape, type, offset);
    return ErrorOf(writer.Bytes());
  };
  EXPECT_EQ(announced({2}, 0, 0), "x.gguf: damaged: tensors first and second overlap");
  EXPECT_EQ(announced({2}, 0, 4), "x.gguf: tensor second: offset 4 is no multiple of the alignment 32");
  EXPECT_THAT(announced({2}, 0, 32), HasSubstr("go beyond the 32 bytes of data"));
  EXPECT_THAT(announced({}, 0, 0), HasSubstr("0 dimensions; 1 to 4 are supported"));
  EXPECT_THAT(announced({1, 1, 1, 1, 1}, 0, 0), HasSubstr("5 dimensions"));
  EXPECT_THAT(announced({0}, 0, 0), HasSubstr("a dimension that no tensor can have"));
  EXPECT_THAT(announced({2, 33}, 2, 0), HasSubstr("rows of 33 numbers are no whole blocks of 32 (Q4_0)"));
  EXPECT_THAT(announced({256}, 16, 0), HasSubstr("its numbers are of type 16; supported are F32, F16, BF16, Q4_0"));
  EXPECT_THAT(announced({2}, 0, UINT64_MAX - 31), HasSubstr("go beyond"));
}

TEST(GgufContainer, NamesAreThereOnce) {
  EXPECT_THAT(ErrorOf(GgufWriter().Whole("k", 1).Whole("k", 2).Bytes()), HasSubstr("k is there twice"));
  EXPECT_THAT(ErrorOf(GgufWriter().Floats("t", {1}, {1}).Floats("t", {1}, {1}).Bytes()), HasSubstr("tensor t is there twice"));
}

TEST(GgufContainer, AlignmentIsAPowerOfTwo) {
  GgufWriter writer;
  writer.alignment = 64;
  writer.Whole("general.alignment", 64).Floats("a", {1}, {1}).Floats("b", {1}, {2});
  const std::string bytes = writer.Bytes();
  EXPECT_EQ(ParseGguf("x.gguf", bytes).Find("b")->data, std::string_view("\0\0\0\x40", 4));
  for (const uint32_t alignment : {0U, 4U, 33U, 1U << 20})
    EXPECT_THAT(ErrorOf(GgufWriter().Whole("general.alignment", alignment).Bytes()), HasSubstr("no power of two from 8 to 65536"));
}

}  // namespace
}  // namespace temper

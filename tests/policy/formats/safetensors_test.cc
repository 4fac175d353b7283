#include "policy/formats/safetensors.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

std::string Scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("temper_" + name + std::to_string(::getpid()))).string();
}

// A file in memory: thousands of small files on a disk would take minutes.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : fd_(::memfd_create("safetensors", MFD_CLOEXEC)) {
    EXPECT_EQ(::write(fd_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

std::string ReadBytes(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::string FileOf(const std::string& header, const std::string& data) {
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + data;
}

std::string ReadError(const std::string& bytes) {
  const MemoryFile file(bytes);
  try {
    ReadSafetensors(file.path());
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

at::Tensor Counting(at::IntArrayRef shape, at::ScalarType type) {
  at::Tensor x = at::empty(shape, at::kFloat);
  for (int64_t i = 0; i < x.numel(); ++i) x.mutable_data_ptr<float>()[i] = static_cast<float>(i);
  return x.to(type);
}

TEST(Safetensors, ReadsBackWhatItWrites) {
  const std::string path = Scratch("safetensors_round");
  const std::vector<std::pair<std::string, at::Tensor>> tensors = {{"a.weight", Counting({2, 3}, at::kFloat)},
                                                                   {"scalar", Counting({}, at::kDouble)},
                                                                   {"empty", Counting({0, 4}, at::kHalf)},
                                                                   {"b", Counting({5}, at::kBFloat16)},
                                                                   {"ids", Counting({3}, at::kLong)}};
  WriteSafetensors(path, tensors, {{"format", "pt"}});
  const auto read = ReadSafetensors(path);
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor& other = read.at(name);
    EXPECT_EQ(other.sizes(), tensor.sizes());
    EXPECT_EQ(other.scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(tensor.nbytes() == 0 || std::memcmp(other.const_data_ptr(), tensor.const_data_ptr(), tensor.nbytes()) == 0) << name;
  }
  const std::string bytes = ReadBytes(path);
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ((8 + header) % 8, 0u);  // data aligned
  std::filesystem::remove(path);
}

TEST(Safetensors, SaysWhatIsWrong) {
  const std::string four(4, '\0');
  const std::string eight(8, '\0');
  EXPECT_THAT(ReadError("abc"), HasSubstr("not a safetensors file: 3 bytes"));
  EXPECT_THAT(ReadError(std::string(8, '\xFF')), HasSubstr("header length 18446744073709551615"));
  EXPECT_THAT(ReadError(FileOf("[]", "")), HasSubstr("does not start with '{'"));
  EXPECT_THAT(ReadError(FileOf("{\"a\":", "")), HasSubstr("not JSON"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{}})", four)), HasSubstr("stands twice"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four)),
              HasSubstr("stands twice"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", four)),
              HasSubstr("tensor \"a\": dtype \"F8_E4M3\" is not supported"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four)), HasSubstr("make 8 bytes"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight)), HasSubstr("starts at 4"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight)), HasSubstr("cover 4 of 8"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", four)), HasSubstr("leave the 4 bytes"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0.0,4]}})", four)), HasSubstr("whole number"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four)), HasSubstr("whole number"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", "")),
              HasSubstr("overflows"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}})", "")),
              HasSubstr("overflows"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "\x02")), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(ReadError(FileOf(R"({"__metadata__":{"a":1}})", "")), HasSubstr("__metadata__"));
  EXPECT_THAT(ReadError(FileOf(R"({"a":[[[[[[1]]]]]]})", "")), HasSubstr("too deep"));
  EXPECT_THAT(ReadError(FileOf("{\x01}", "")), HasSubstr("not JSON"));
}

TEST(Safetensors, NamesAFileThatIsNotThere) {
  EXPECT_THROW(ReadSafetensors("/nonexistent/model.safetensors"), ConfigError);
  EXPECT_THROW(ReadSafetensors("/tmp"), ConfigError);
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const std::string path = Scratch("safetensors_cut");
  WriteSafetensors(path, {{"a", Counting({3}, at::kFloat)}, {"b", Counting({2, 2}, at::kHalf)}}, {});
  const std::string bytes = ReadBytes(path);
  for (size_t length = 0; length < bytes.size(); ++length) EXPECT_NE(ReadError(bytes.substr(0, length)), "no error") << length;
  std::filesystem::remove(path);
}

// 25,000 damaged files: bytes flipped, inserted, removed, digits changed, stretches copied. Each is read or refused with ConfigError;
// anything else that is thrown, or a crash, fails the test.
TEST(Safetensors, DamageEndsInAConfigErrorOrATensor) {
  const std::string path = Scratch("safetensors_fuzz");
  WriteSafetensors(path, {{"a", Counting({3}, at::kFloat)}, {"b.w", Counting({2, 2}, at::kBFloat16)}, {"c", Counting({1}, at::kLong)}},
                   {{"format", "pt"}});
  const std::string original = ReadBytes(path);
  const size_t header_end = original.find('}', original.rfind("data_offsets")) + 2;
  KeyedStream random(1, "safetensors_fuzz");
  const std::string charset = "{}[]\",:0123456789-.eF32BOL \xFF";
  int refused = 0;
  constexpr int kFiles = 25000;
  for (int i = 0; i < kFiles; ++i) {
    std::string bytes = original;
    for (uint64_t edit = 0; edit <= random.Below(3); ++edit) {
      const size_t at = random.Below(std::min(header_end, bytes.size()));
      switch (random.Below(6)) {
        case 0:
          bytes[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          bytes[at] = charset[random.Below(charset.size())];
          break;
        case 2:
          bytes.erase(at, 1 + random.Below(4));
          break;
        case 3:
          bytes.insert(at, 1, charset[random.Below(charset.size())]);
          break;
        case 4:
          bytes.insert(at, bytes.substr(random.Below(bytes.size()), random.Below(40)));
          break;
        default:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
      }
      if (bytes.empty()) bytes.assign(1, 'x');
    }
    if (random.Below(2) == 0 && bytes.size() >= 8) {  // half of them with a header length that fits, to get behind that check
      const size_t close = bytes.rfind('}');
      const uint64_t length = close == std::string::npos || close < 8 ? 0 : close + 1 - 8;
      std::memcpy(bytes.data(), &length, 8);
    }
    refused += ReadError(bytes) != "no error";
  }
  EXPECT_GT(refused, kFiles / 2);
  std::filesystem::remove(path);
}

// Opening a pipe waits for who writes into it, for ever where nobody does.
TEST(Safetensors, APipeIsRefusedAtOnce) {
  const std::string pipe = Scratch("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  try {
    ReadSafetensors(pipe);
    ADD_FAILURE() << "a pipe was read";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("not a regular file"));
  }
  std::filesystem::remove(pipe);
}

}  // namespace
}  // namespace temper

#include "rollout/data/zip_entries.h"

#include <algorithm>
#include <memory>

#include <zlib.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

// Sizes and signatures of the format (PKWARE's APPNOTE 4.3).
constexpr size_t kEndBytes = 22, kEntryBytes = 46, kLocalBytes = 30, kMostComment = 65535;
constexpr uint32_t kEnd = 0x06054b50, kEntry = 0x02014b50, kLocal = 0x04034b50;
constexpr uint16_t kEncrypted = 1, kStored = 0, kDeflated = 8;

[[noreturn]] void Damaged(const char* what) { throw ConfigError(Concat("the archive is damaged: ", what)); }

// Little-endian numbers of the archive.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : bytes_(bytes) {}
  uint64_t At(size_t at, size_t width) const {
    if (at > bytes_.size() || bytes_.size() - at < width) Damaged("it ends too early");
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    return value;
  }
  std::string_view Text(size_t at, size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) Damaged("it ends too early");
    return bytes_.substr(at, size);
  }

 private:
  std::string_view bytes_;
};

size_t FindEnd(std::string_view archive) {
  const Numbers numbers(archive);
  if (archive.size() < kEndBytes) throw ConfigError("it is no ZIP archive, as an XLSX file is");
  const size_t first = archive.size() - std::min(archive.size(), kEndBytes + kMostComment);
  for (size_t at = archive.size() - kEndBytes + 1; at-- > first;)
    if (numbers.At(at, 4) == kEnd) return at;
  throw ConfigError("it is no ZIP archive, as an XLSX file is");
}

std::string Inflate(std::string_view packed, uint64_t size) {
  z_stream stream{};
  TEMPER_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib cannot be started");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
  std::string text(size, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int outcome = inflate(&stream, Z_FINISH);
  if (outcome != Z_STREAM_END || stream.total_out != size) Damaged("a file in it does not unpack to the size that it says");
  return text;
}

}  // namespace

std::map<std::string, std::string> ReadZip(std::string_view archive, uint64_t max_bytes, bool (*wanted)(std::string_view name)) {
  const Numbers numbers(archive);
  const size_t end = FindEnd(archive);
  const auto count = numbers.At(end + 10, 2);
  size_t at = numbers.At(end + 16, 4);
  uint64_t total = 0;
  std::map<std::string, std::string> files;
  for (uint64_t i = 0; i < count; ++i) {
    if (numbers.At(at, 4) != kEntry) Damaged("its table of files is none");
    const auto flags = numbers.At(at + 8, 2), method = numbers.At(at + 10, 2);
    const auto packed = numbers.At(at + 20, 4), size = numbers.At(at + 24, 4);
    const auto name_bytes = numbers.At(at + 28, 2), extra = numbers.At(at + 30, 2), comment = numbers.At(at + 32, 2);
    const size_t local = numbers.At(at + 42, 4);
    const std::string name(numbers.Text(at + kEntryBytes, name_bytes));
    at += kEntryBytes + name_bytes + extra + comment;
    if (!wanted(name)) continue;
    if ((flags & kEncrypted) != 0) throw ConfigError(Concat("its file ", name, " is encrypted"));
    if (method != kStored && method != kDeflated) throw ConfigError(Concat("its file ", name, " is packed by method ", method));
    // A stored file says its size twice; what is read is the packed one.
    if (method == kStored && packed != size) Damaged("a file in it is not of the size that it says");
    total += size;
    if (total > max_bytes) throw ConfigError(Concat("it unpacks to more than ", max_bytes, " bytes"));
    if (numbers.At(local, 4) != kLocal) Damaged("a file is not where its table says");
    const size_t begin = local + kLocalBytes + numbers.At(local + 26, 2) + numbers.At(local + 28, 2);
    const std::string_view bytes = numbers.Text(begin, packed);
    files[name] = method == kStored ? std::string(bytes) : Inflate(bytes, size);
  }
  return files;
}

}  // namespace temper

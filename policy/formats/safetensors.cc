#include "policy/formats/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <ATen/ops/all.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/formats/mapped_file.h"
#include "policy/formats/safetensors_header.h"

namespace temper {
namespace {

[[noreturn]] void Refuse(const std::string& path, const std::string& why) { throw ConfigError(Concat(path, ": ", why)); }

// An open file, closed at the end of the scope. Opening does not wait for the writer of a pipe, which Size then refuses.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode)) {
    if (fd_ < 0) Refuse(path, Concat("cannot open: ", std::strerror(errno)));
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const { return fd_; }
  uint64_t Size() const {
    struct stat info {};
    if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) Refuse(path_, "not a regular file");
    return static_cast<uint64_t>(info.st_size);
  }
  void ReadAt(uint64_t offset, void* out, uint64_t bytes) const {
    auto* to = static_cast<char*>(out);
    while (bytes > 0) {
      const ssize_t got = ::pread(fd_, to, bytes, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) Refuse(path_, got < 0 ? Concat("read failed: ", std::strerror(errno)) : "file became shorter while it was read");
      to += got;
      offset += static_cast<uint64_t>(got);
      bytes -= static_cast<uint64_t>(got);
    }
  }
  void Write(const void* data, uint64_t bytes) const {
    TEMPER_CHECK(WriteAll(fd_, {static_cast<const char*>(data), bytes}), path_, ": write failed: ", std::strerror(errno));
  }
  void Flush() const { TEMPER_CHECK(::fsync(fd_) == 0, path_, ": fsync failed: ", std::strerror(errno)); }

 private:
  std::string path_;
  int fd_;
};

// A C++ bool that is neither 0 nor 1 is undefined behaviour wherever it is read.
void CheckBooleans(const std::string& path, const SafetensorsEntry& entry, const at::Tensor& tensor) {
  const auto* bytes = static_cast<const unsigned char*>(tensor.const_data_ptr());
  if (std::any_of(bytes, bytes + tensor.nbytes(), [](unsigned char byte) { return byte > 1; }))
    Refuse(path, Concat("tensor ", PrintableName(entry.name), ": a BOOL that is neither 0 nor 1"));
}

// Calls tensor_of(entry, offset of its data in the file) for every entry of the file, whose bytes read_at(offset, out, bytes) gives.
template <typename ReadAt, typename TensorOf>
std::map<std::string, at::Tensor> ReadEntries(const std::string& path, uint64_t file_bytes, const ReadAt& read_at,
                                              const TensorOf& tensor_of) {
  if (file_bytes < 8) Refuse(path, Concat("not a safetensors file: ", file_bytes, " bytes"));
  uint64_t header_bytes = 0;
  read_at(0, &header_bytes, sizeof(header_bytes));
  if (header_bytes > std::min(kMaxSafetensorsHeaderBytes, file_bytes - 8))
    Refuse(path, Concat("header length ", header_bytes, " exceeds the file (", file_bytes, " bytes) or the limit of ",
                        kMaxSafetensorsHeaderBytes));
  std::string header(header_bytes, '\0');
  read_at(8, header.data(), header_bytes);
  std::map<std::string, at::Tensor> tensors;
  for (const SafetensorsEntry& entry : ParseSafetensorsHeader(path, header, file_bytes - 8 - header_bytes)) {
    at::Tensor tensor = tensor_of(entry, 8 + header_bytes + entry.begin);
    if (entry.type == at::kBool) CheckBooleans(path, entry, tensor);
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

// `tensor` as it is written: of `type` if it is floating, contiguous.
at::Tensor Converted(const std::string& path, const std::string& name, const at::Tensor& tensor, std::optional<at::ScalarType> type) {
  if (!type || *type == tensor.scalar_type() || !at::isFloatingType(tensor.scalar_type())) return tensor.contiguous();
  at::Tensor converted = tensor.to(*type).contiguous();
  const auto finite = [](const at::Tensor& x) { return at::all(at::isfinite(x)).item<bool>(); };
  if (*type == at::kHalf && !finite(converted) && finite(tensor))
    Refuse(path, Concat("tensor ", name, ": a value is too large for F16; write BF16 or F32"));
  return converted;
}

}  // namespace

std::map<std::string, at::Tensor> ReadSafetensors(const std::string& path) {
  const File file(path, O_RDONLY);
  const auto read_at = [&](uint64_t offset, void* out, uint64_t bytes) { file.ReadAt(offset, out, bytes); };
  return ReadEntries(path, file.Size(), read_at, [&](const SafetensorsEntry& entry, uint64_t offset) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
    if (entry.end > entry.begin) file.ReadAt(offset, tensor.mutable_data_ptr(), entry.end - entry.begin);
    return tensor;
  });
}

std::map<std::string, at::Tensor> MapSafetensors(const std::string& path) {
  const auto mapping = std::make_shared<MappedFile>(path);
  const auto read_at = [&](uint64_t offset, void* out, uint64_t bytes) { std::memcpy(out, mapping->data() + offset, bytes); };
  return ReadEntries(path, mapping->bytes().size(), read_at, [&](const SafetensorsEntry& entry, uint64_t offset) {
    const at::TensorOptions options(entry.type);
    if (entry.begin < entry.end && offset % c10::elementSize(entry.type) == 0)
      return at::from_blob(
          mapping->data() + offset, entry.shape, [mapping](void*) {}, options);
    at::Tensor tensor = at::empty(entry.shape, options);
    if (entry.begin < entry.end) std::memcpy(tensor.mutable_data_ptr(), mapping->data() + offset, entry.end - entry.begin);
    return tensor;
  });
}

void WriteSafetensors(const std::string& path, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                      std::optional<at::ScalarType> type) {
  std::vector<SafetensorsEntry> entries;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const at::ScalarType written = type && at::isFloatingType(tensor.scalar_type()) ? *type : tensor.scalar_type();
    const uint64_t bytes = static_cast<uint64_t>(tensor.numel()) * c10::elementSize(written);
    entries.push_back({name, written, tensor.sizes().vec(), offset, offset + bytes});
    offset += bytes;
  }
  const std::string header = MakeSafetensorsHeader(path, entries, metadata);
  const std::string temporary = Concat(path, ".tmp.", ::getpid());
  {
    const File file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const uint64_t header_bytes = header.size();
    file.Write(&header_bytes, sizeof(header_bytes));
    file.Write(header.data(), header.size());
    for (const auto& [name, tensor] : tensors) {
      const at::Tensor data = Converted(path, name, tensor.cpu(), type);
      file.Write(data.const_data_ptr(), data.nbytes());
    }
    file.Flush();
  }
  TEMPER_CHECK(::rename(temporary.c_str(), path.c_str()) == 0, path, ": rename failed: ", std::strerror(errno));
}

}  // namespace temper

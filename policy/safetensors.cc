#include "policy/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <tuple>

#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/error.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxNameBytes = 512;
constexpr size_t kMaxDimensions = 8;
constexpr int kMaxDepth = 4;

[[noreturn]] void Refuse(const std::string& path, const std::string& why) { throw ConfigError(Concat(path, ": ", why)); }

// An open file, closed at the end of the scope.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) Refuse(path, Concat("cannot open: ", std::strerror(errno)));
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

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
    auto* from = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t put = ::write(fd_, from, bytes);
      if (put < 0 && errno == EINTR) continue;
      TEMPER_CHECK(put > 0, path_, ": write failed: ", std::strerror(errno));
      from += put;
      bytes -= static_cast<uint64_t>(put);
    }
  }
  void Flush() const { TEMPER_CHECK(::fsync(fd_) == 0, path_, ": fsync failed: ", std::strerror(errno)); }

 private:
  std::string path_;
  int fd_;
};

// Whether every object of the text has distinct keys and nothing nests deeper than kMaxDepth; nlohmann's tree keeps the last of
// two equal keys silently, so the tokens themselves are looked at.
class StructureCheck : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override {
    keys_.emplace_back();
    return Descend();
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    problem_ = Concat("the name ", Json(name).dump(-1, ' ', true, Json::error_handler_t::replace), " stands twice in the header");
    return false;
  }
  bool start_array(size_t) override { return Descend(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = Concat("the header is not JSON (byte ", position, ")");
    return false;
  }
  const std::string& problem() const { return problem_; }

 private:
  bool Descend() {
    if (++depth_ <= kMaxDepth) return true;
    problem_ = "the header nests too deep";
    return false;
  }
  std::vector<std::set<std::string>> keys_;
  int depth_ = 0;
  std::string problem_;
};

struct DType {
  const char* name;
  at::ScalarType type;
};
constexpr DType kDTypes[] = {{"F32", at::kFloat}, {"BF16", at::kBFloat16}, {"F16", at::kHalf}, {"F64", at::kDouble}, {"I64", at::kLong},
                             {"I32", at::kInt},   {"I16", at::kShort},     {"I8", at::kChar},  {"U8", at::kByte},    {"BOOL", at::kBool}};

struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// A name as it may be printed: quoted, control characters escaped, cut.
std::string Printable(const std::string& name) { return Json(name.substr(0, 80)).dump(-1, ' ', true, Json::error_handler_t::replace); }

uint64_t Unsigned(const Json& value, const std::string& path, const std::string& where) {
  if (!value.is_number_unsigned()) Refuse(path, Concat(where, ": expected a whole number of at least 0"));
  return value.get<uint64_t>();
}

Entry ParseEntry(const std::string& path, const std::string& name, const Json& value, uint64_t data_bytes) {
  const std::string where = Concat("tensor ", Printable(name));
  if (name.empty() || name.size() > kMaxNameBytes) Refuse(path, Concat(where, ": the name must have 1 to ", kMaxNameBytes, " bytes"));
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) Refuse(path, Concat(where, ": control character in the name"));
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
    Refuse(path, Concat(where, ": expected exactly dtype, shape and data_offsets"));
  Entry entry;
  entry.name = name;
  const Json& dtype = value["dtype"];
  const auto* known = std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DType& d) { return dtype == d.name; });
  if (known == std::end(kDTypes))
    Refuse(path, Concat(where, ": dtype ", Printable(dtype.is_string() ? dtype.get<std::string>() : "?"), " is not supported"));
  entry.type = known->type;
  const Json& shape = value["shape"];
  const Json& offsets = value["data_offsets"];
  if (!shape.is_array() || shape.size() > kMaxDimensions) Refuse(path, Concat(where, ": shape must be a list of at most ", kMaxDimensions));
  if (!offsets.is_array() || offsets.size() != 2) Refuse(path, Concat(where, ": data_offsets must be two numbers"));
  entry.begin = Unsigned(offsets[0], path, where + " data_offsets");
  entry.end = Unsigned(offsets[1], path, where + " data_offsets");
  if (entry.begin > entry.end || entry.end > data_bytes)
    Refuse(path, Concat(where, ": data_offsets ", entry.begin, "..", entry.end, " leave the ", data_bytes, " bytes of data"));
  uint64_t bytes = c10::elementSize(entry.type);
  bool overflow = false;
  bool empty = false;
  for (const Json& size : shape) {
    const uint64_t count = Unsigned(size, path, where + " shape");
    if (count > static_cast<uint64_t>(INT64_MAX)) Refuse(path, Concat(where, ": shape overflows"));
    empty = empty || count == 0;
    overflow = overflow || __builtin_mul_overflow(bytes, count, &bytes);
    entry.shape.push_back(static_cast<int64_t>(count));
  }
  // A dimension of 0 makes the product 0 whatever the others say; then each of the others must still be a sane size.
  if (overflow || (empty && std::any_of(entry.shape.begin(), entry.shape.end(), [](int64_t s) { return s > (int64_t{1} << 40); })))
    Refuse(path, Concat(where, ": shape overflows"));
  if (bytes != entry.end - entry.begin)
    Refuse(path, Concat(where, ": shape and dtype make ", bytes, " bytes, data_offsets ", entry.end - entry.begin));
  return entry;
}

void CheckMetadata(const std::string& path, const Json& metadata) {
  if (!metadata.is_object()) Refuse(path, "__metadata__ is not an object");
  for (const Json& value : metadata)
    if (!value.is_string()) Refuse(path, "__metadata__ holds something that is not a text");
}

// The header's entries in the order of their data, which they cover without hole or overlap.
std::vector<Entry> ParseHeader(const std::string& path, const std::string& header, uint64_t data_bytes) {
  if (header.empty() || header[0] != '{') Refuse(path, "not a safetensors file: the header does not start with '{'");
  StructureCheck structure;
  if (!Json::sax_parse(header, &structure)) Refuse(path, structure.problem());
  const Json root = Json::parse(header, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) Refuse(path, "the header is not a JSON object");
  std::vector<Entry> entries;
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__")
      CheckMetadata(path, value);
    else
      entries.push_back(ParseEntry(path, name, value, data_bytes));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered)
      Refuse(path, Concat("tensor ", Printable(entry.name), ": data starts at ", entry.begin, ", the data before it ends at ", covered));
    covered = entry.end;
  }
  if (covered != data_bytes) Refuse(path, Concat("the tensors cover ", covered, " of ", data_bytes, " bytes of data"));
  return entries;
}

const char* NameOf(at::ScalarType type) {
  for (const DType& d : kDTypes)
    if (d.type == type) return d.name;
  return nullptr;
}

// The header as written: entries in the given order, padded with spaces so that the data starts at a multiple of 8.
std::string MakeHeader(const std::string& path, const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  if (!metadata.empty()) root["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const char* dtype = NameOf(tensor.scalar_type());
    TEMPER_CHECK(dtype != nullptr && tensor.is_contiguous() && tensor.device().is_cpu(), path, ": tensor ", name,
                 " must be contiguous, on the CPU and of a dtype safetensors knows");
    TEMPER_CHECK(!root.contains(name), path, ": two tensors are named ", name);
    root[name] = {{"dtype", dtype}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string header = root.dump();
  header.append((8 - header.size() % 8) % 8, ' ');
  return header;
}

// A C++ bool that is neither 0 nor 1 is undefined behaviour wherever it is read.
void CheckBooleans(const std::string& path, const Entry& entry, const at::Tensor& tensor) {
  const auto* bytes = static_cast<const unsigned char*>(tensor.const_data_ptr());
  if (std::any_of(bytes, bytes + tensor.nbytes(), [](unsigned char byte) { return byte > 1; }))
    Refuse(path, Concat("tensor ", Printable(entry.name), ": a BOOL that is neither 0 nor 1"));
}

}  // namespace

std::map<std::string, at::Tensor> ReadSafetensors(const std::string& path) {
  const File file(path, O_RDONLY);
  const uint64_t file_bytes = file.Size();
  if (file_bytes < 8) Refuse(path, Concat("not a safetensors file: ", file_bytes, " bytes"));
  uint64_t header_bytes = 0;
  file.ReadAt(0, &header_bytes, sizeof(header_bytes));
  if (header_bytes > std::min(kMaxHeaderBytes, file_bytes - 8))
    Refuse(path, Concat("header length ", header_bytes, " exceeds the file (", file_bytes, " bytes) or the limit of ", kMaxHeaderBytes));
  std::string header(header_bytes, '\0');
  file.ReadAt(8, header.data(), header_bytes);
  std::map<std::string, at::Tensor> tensors;
  for (const Entry& entry : ParseHeader(path, header, file_bytes - 8 - header_bytes)) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
    if (entry.end > entry.begin) file.ReadAt(8 + header_bytes + entry.begin, tensor.mutable_data_ptr(), entry.end - entry.begin);
    if (entry.type == at::kBool) CheckBooleans(path, entry, tensor);
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

void WriteSafetensors(const std::string& path, const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  const std::string header = MakeHeader(path, tensors, metadata);
  const std::string temporary = Concat(path, ".tmp.", ::getpid());
  {
    const File file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const uint64_t header_bytes = header.size();
    file.Write(&header_bytes, sizeof(header_bytes));
    file.Write(header.data(), header.size());
    for (const auto& [name, tensor] : tensors) file.Write(tensor.const_data_ptr(), tensor.nbytes());
    file.Flush();
  }
  TEMPER_CHECK(::rename(temporary.c_str(), path.c_str()) == 0, path, ": rename failed: ", std::strerror(errno));
}

}  // namespace temper

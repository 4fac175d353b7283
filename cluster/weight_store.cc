#include "cluster/weight_store.h"

#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include "cluster/bytes.h"
#include "cluster/error.h"
#include "cluster/log.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    TEMPER_CHECK(fd_ >= 0, "weights: cannot open ", path, ": ", std::strerror(errno));
  }
  ~OpenFile() { close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void Write(const char* data, uint64_t bytes) const {
    while (bytes > 0) {
      const ssize_t wrote = write(fd_, data, bytes);
      if (wrote < 0 && errno == EINTR) continue;
      TEMPER_CHECK(wrote > 0, "weights: writing ", path_, ": ", std::strerror(errno));
      data += wrote;
      bytes -= static_cast<uint64_t>(wrote);
    }
  }
  std::string Read(uint64_t offset, uint64_t bytes) const {
    std::string data(bytes, '\0');
    uint64_t done = 0;
    while (done < bytes) {
      const ssize_t got = pread(fd_, data.data() + done, bytes - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      TEMPER_CHECK(got > 0, "weights: ", path_, " ends after ", offset + done, " bytes");
      done += static_cast<uint64_t>(got);
    }
    return data;
  }

 private:
  std::string path_;
  int fd_;
};

void CheckSpace(const std::string& folder, uint64_t bytes) {
  struct statvfs info {};
  if (statvfs(folder.c_str(), &info) != 0) return;
  const uint64_t free_bytes = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  TEMPER_CHECK(free_bytes >= bytes, "weights: ", folder, " has ", free_bytes >> 20, " MiB free, a version takes ", bytes >> 20,
               " MiB; free some, enlarge it (mount -o remount,size=...), or set cluster.weight_folder to another place");
}

}  // namespace

std::string LocalHostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string WeightHash(const void* data, uint64_t bytes) {
  const XXH128_hash_t hash = XXH3_128bits(data, bytes);
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

std::string WeightRef::Encode() const {
  ByteWriter out;
  out.Put(version);
  out.PutString(hash);
  out.Put(bytes);
  out.PutString(path);
  out.PutString(host);
  return out.Take();
}

WeightRef WeightRef::Decode(const std::string& encoded) {
  ByteReader in(encoded);
  WeightRef ref;
  ref.version = in.Get<int64_t>();
  ref.hash = in.GetString();
  ref.bytes = in.Get<uint64_t>();
  ref.path = in.GetString();
  ref.host = in.GetString();
  in.ExpectEnd();
  return ref;
}

WeightPublisher::WeightPublisher(std::string folder, int64_t keep)
    : folder_(std::move(folder), "set cluster.weight_folder to a writable place"), keep_(keep) {}

WeightRef WeightPublisher::Publish(int64_t version, const void* data, uint64_t bytes) {
  CheckSpace(folder_.path(), bytes);
  WeightRef ref{version, WeightHash(data, bytes), bytes, "", LocalHostName()};
  ref.path = Concat(folder_.path(), "/version_", version, "_", ref.hash, ".bin");
  const std::string temporary = ref.path + ".tmp";
  OpenFile(temporary, O_CREAT | O_TRUNC | O_WRONLY).Write(static_cast<const char*>(data), bytes);
  fs::rename(temporary, ref.path);
  // Another arm starts from the version the one before started from: it is the newest now, and goes last.
  std::erase_if(published_, [&](const WeightRef& earlier) { return earlier.path == ref.path; });
  published_.push_back(ref);
  while (static_cast<int64_t>(published_.size()) > keep_) {
    std::error_code ignored;
    fs::remove(published_.front().path, ignored);
    published_.pop_front();
  }
  return ref;
}

std::string WeightChunkRequest::Encode() const {
  ByteWriter out;
  out.PutString(ref.Encode());
  out.Put(offset);
  return out.Take();
}

WeightChunkRequest WeightChunkRequest::Decode(const std::string& bytes) {
  ByteReader in(bytes);
  WeightChunkRequest request;
  request.ref = WeightRef::Decode(in.GetString());
  request.offset = in.Get<uint64_t>();
  in.ExpectEnd();
  return request;
}

std::string ReadWeightChunk(const std::string& request_bytes) {
  const WeightChunkRequest request = WeightChunkRequest::Decode(request_bytes);
  TEMPER_CHECK(request.offset < request.ref.bytes, "weights: chunk at ", request.offset, " of ", request.ref.bytes, " bytes");
  const uint64_t bytes = std::min(kWeightChunkBytes, request.ref.bytes - request.offset);
  ByteWriter out;
  out.Put(request.ref.version);
  out.Put(request.offset);
  out.PutString(OpenFile(request.ref.path, O_RDONLY).Read(request.offset, bytes));
  return out.Take();
}

std::string FetchWeights(const WeightRef& ref, bool force_remote, const std::function<std::string(const std::string&)>& fetch) {
  std::string data;
  if (!force_remote && ref.host == LocalHostName()) {
    data = OpenFile(ref.path, O_RDONLY).Read(0, ref.bytes);
  } else {
    data.reserve(ref.bytes);
    while (data.size() < ref.bytes) {
      const std::string chunk = fetch(WeightChunkRequest{ref, data.size()}.Encode());
      ByteReader in(chunk);
      const auto version = in.Get<int64_t>();
      const auto offset = in.Get<uint64_t>();
      if (version != ref.version || offset != data.size()) continue;  // the answer to a request that was repeated
      data += in.GetString();
    }
  }
  const std::string hash = WeightHash(data.data(), data.size());
  TEMPER_CHECK(hash == ref.hash, "weights: version ", ref.version, " arrived with hash ", hash, ", the learner published ", ref.hash);
  return data;
}

}  // namespace temper

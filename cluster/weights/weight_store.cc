#include "cluster/weights/weight_store.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "cluster/host/host_name.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// What is copied and hashed in one go: small enough that it is still in the cache for the hash.
constexpr uint64_t kPieceBytes = uint64_t{256} << 10;

// A regular file: neither a link, which may lead anywhere, nor a pipe, whose opening waits.
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags)
      : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600)) {
    TEMPER_CHECK(fd_ >= 0, "weights: cannot open ", path, ": ", std::strerror(errno));
    struct stat info {};
    if (fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) return;
    close(fd_);
    TEMPER_FAIL("weights: ", path, " is no regular file");
  }
  ~OpenFile() { close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // Whoever reads holds the lock shared, whoever writes over a version holds it alone. False when that cannot be had at once.
  bool Lock(int operation) const { return flock(fd_, operation | LOCK_NB) == 0; }
  // Whether the path still names this file.
  bool InPlace() const {
    struct stat opened {
    }, named{};
    return fstat(fd_, &opened) == 0 && stat(path_.c_str(), &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
  }
  void Resize(uint64_t bytes) const {
    TEMPER_CHECK(ftruncate(fd_, static_cast<off_t>(bytes)) == 0, "weights: resizing ", path_, ": ", std::strerror(errno));
  }
  void Write(const char* data, uint64_t bytes) const {
    TEMPER_CHECK(WriteAll(fd_, {data, bytes}), "weights: writing ", path_, ": ", std::strerror(errno));
  }
  void Read(uint64_t offset, std::span<char> out) const {
    for (uint64_t done = 0; done < out.size();) {
      const ssize_t got = pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      TEMPER_CHECK(got > 0, "weights: ", path_, " ends after ", offset + done, " bytes");
      done += static_cast<uint64_t>(got);
    }
  }

 private:
  std::string path_;
  int fd_;
};

// A published version, which is not written over while this lives.
class PublishedFile {
 public:
  explicit PublishedFile(const std::string& path) : file_(path, O_RDONLY) {
    TEMPER_CHECK(file_.Lock(LOCK_SH) && file_.InPlace(), "weights: ", path, " has been replaced by a newer version");
  }
  void Read(uint64_t offset, std::span<char> out) const { file_.Read(offset, out); }

 private:
  OpenFile file_;
};

// Calls body(begin, length) for the pieces of [0, bytes).
template <typename Body>
void ForEachPiece(uint64_t bytes, const Body& body) {
  for (uint64_t begin = 0; begin < bytes; begin += kPieceBytes) body(begin, std::min(kPieceBytes, bytes - begin));
}

void CheckSpace(const std::string& folder, uint64_t bytes) {
  struct statvfs info {};
  if (statvfs(folder.c_str(), &info) != 0) return;
  const uint64_t free_bytes = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  TEMPER_CHECK(free_bytes >= bytes, "weights: ", folder, " has ", free_bytes >> 20, " MiB free, a version takes ", bytes >> 20,
               " MiB; free some, enlarge it (mount -o remount,size=...), or set cluster.weight_folder to another place");
}

}  // namespace

std::string VersionFileName(int64_t version, const std::string& hash) {
  const bool hex = std::all_of(hash.begin(), hash.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  TEMPER_CHECK(hex && !hash.empty() && hash.size() <= 64, "weights: version ", version, " has no hash");
  return Concat("version_", version, "_", hash, ".bin");
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

// The folder may have been removed meanwhile, by an administrator or by systemd's RemoveIPC.
std::string WeightPublisher::WriteTemporary(const void* data, uint64_t bytes) {
  const std::string temporary = Temporary();
  std::error_code ignored;
  folder_.MakeAgainIfGone();
  if (fs::exists(temporary, ignored) && !OpenFile(temporary, O_WRONLY).Lock(LOCK_EX)) fs::remove(temporary, ignored);
  const uint64_t held = fs::exists(temporary, ignored) ? fs::file_size(temporary) : 0;
  if (bytes > held) CheckSpace(folder_.path(), bytes - held);
  const OpenFile file(temporary, O_CREAT | O_WRONLY);
  file.Lock(LOCK_EX);  // a reader that opened it under its old name sees that it is not to be read
  file.Resize(bytes);
  Hasher128 hasher;
  const char* from = static_cast<const char*>(data);
  ForEachPiece(bytes, [&](uint64_t begin, uint64_t length) {
    file.Write(from + begin, length);
    hasher.Add({from + begin, length});
  });
  return hasher.Digest();
}

WeightRef WeightPublisher::Publish(int64_t version, const void* data, uint64_t bytes) {
  WeightRef ref{version, WriteTemporary(data, bytes), bytes, "", LocalHostName()};
  ref.path = Concat(folder_.path(), "/", VersionFileName(version, ref.hash));
  fs::rename(Temporary(), ref.path);
  // Another arm starts from the version the one before started from: it is the newest now, and goes last.
  std::erase_if(published_, [&](const WeightRef& earlier) { return earlier.path == ref.path; });
  published_.push_back(ref);
  while (static_cast<int64_t>(published_.size()) > keep_) {
    std::error_code ignored;
    fs::rename(published_.front().path, Temporary(), ignored);
    published_.pop_front();
  }
  return ref;
}

bool WeightPublisher::PublishAgain(int64_t version, const std::string& hash, const void* data, uint64_t bytes) {
  if (published_.empty() || published_.back().version != version || published_.back().hash != hash) return false;
  if (WriteTemporary(data, bytes) != hash) return false;
  fs::rename(Temporary(), published_.back().path);
  return true;
}

std::string WeightChunkRequest::Encode() const {
  ByteWriter out;
  out.Put(version);
  out.PutString(hash);
  out.Put(offset);
  return out.Take();
}

WeightChunkRequest WeightChunkRequest::Decode(const std::string& bytes) {
  ByteReader in(bytes);
  WeightChunkRequest request;
  request.version = in.Get<int64_t>();
  request.hash = in.GetString();
  request.offset = in.Get<uint64_t>();
  in.ExpectEnd();
  return request;
}

std::string ReadWeightChunk(const WeightRef& ref, uint64_t offset) {
  TEMPER_CHECK(offset < ref.bytes, "weights: chunk at ", offset, " of ", ref.bytes, " bytes");
  const uint64_t bytes = std::min(kWeightChunkBytes, ref.bytes - offset);
  std::string chunk(bytes, '\0');
  PublishedFile(ref.path).Read(offset, chunk);
  ByteWriter out;
  out.Put(ref.version);
  out.Put(offset);
  out.PutString(chunk);
  return out.Take();
}

void FetchWeights(const WeightRef& ref, bool force_remote, const std::function<std::string(const std::string&)>& fetch,
                  std::span<char> out) {
  TEMPER_CHECK(out.size() == ref.bytes, "weights: version ", ref.version, " has ", ref.bytes, " bytes, the model takes ", out.size());
  Hasher128 hasher;
  if (!force_remote && ref.host == LocalHostName()) {
    const PublishedFile file(ref.path);
    ForEachPiece(ref.bytes, [&](uint64_t begin, uint64_t length) {
      file.Read(begin, out.subspan(begin, length));
      hasher.Add({out.data() + begin, length});
    });
  } else {
    for (uint64_t arrived = 0; arrived < ref.bytes;) {
      const std::string chunk = fetch(WeightChunkRequest{ref.version, ref.hash, arrived}.Encode());
      ByteReader in(chunk);
      const auto version = in.Get<int64_t>();
      const auto offset = in.Get<uint64_t>();
      if (version != ref.version || offset != arrived) continue;  // the answer to a request that was repeated
      const std::string bytes = in.GetString();
      TEMPER_CHECK(bytes.size() <= ref.bytes - arrived, "weights: a chunk at ", offset, " goes beyond the ", ref.bytes,
                   " bytes of version ", ref.version);
      std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(arrived));
      hasher.Add(bytes);
      arrived += bytes.size();
    }
  }
  const std::string hash = hasher.Digest();
  TEMPER_CHECK(hash == ref.hash, "weights: version ", ref.version, " arrived with hash ", hash, ", the learner published ", ref.hash);
}

}  // namespace temper

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cluster/host/owned_folder.h"

namespace temper {

// Names one published version of the weights and what must be in it. Travels with every rollout task.
struct WeightRef {
  int64_t version = 0;
  std::string hash;  // XXH3-128 of the bytes, hex
  uint64_t bytes = 0;
  std::string path;  // shared-memory file on `host`, in a publisher's folder, named VersionFileName
  std::string host;

  std::string Encode() const;
  static WeightRef Decode(const std::string& bytes);
  bool operator==(const WeightRef&) const = default;
};

// "version_7_<hash>.bin". Throws Error when the hash is malformed.
std::string VersionFileName(int64_t version, const std::string& hash);

// The learner's end. It publishes versions as files in shared memory (/dev/shm or the given
// folder), keeps the newest `keep`, and removes them all at destruction. Those of a killed
// publisher go when the next one is made beside it (OwnedFolder). The file of the version that was
// dropped last is written over with the next one, as its pages need not be asked for again, unless
// somebody still reads it. A publish that fails half-way leaves the older versions valid. Throws
// Error naming folder and free space when there is not enough.
class WeightPublisher {
 public:
  WeightPublisher(std::string folder, int64_t keep);
  WeightRef Publish(int64_t version, const void* data, uint64_t bytes);
  // Writes the file of the newest version again, under its own name: somebody found it missing or damaged, or its folder. `data` are the
  // publisher's numbers. False, with nothing changed, when another version was published last or the numbers are not those. Throws as
  // Publish.
  bool PublishAgain(int64_t version, const std::string& hash, const void* data, uint64_t bytes);

 private:
  // Fills the temporary file; returns the hash.
  std::string WriteTemporary(const void* data, uint64_t bytes);
  std::string Temporary() const { return folder_.path() + "/next.tmp"; }

  OwnedFolder folder_;
  int64_t keep_;
  std::deque<WeightRef> published_;
};

// Pieces of a published file for workers of other hosts. Request and chunk are bus bodies. Who asks names a version, never a file.
struct WeightChunkRequest {
  int64_t version = 0;
  std::string hash;
  uint64_t offset = 0;
  std::string Encode() const;
  static WeightChunkRequest Decode(const std::string& bytes);
};
inline constexpr uint64_t kWeightChunkBytes = uint64_t{1} << 20;
// The chunk's body. Throws Error when the file is gone or is no regular file, or `offset` is behind the end.
std::string ReadWeightChunk(const WeightRef& ref, uint64_t offset);

// A worker's end. Writes the bytes of a version into `out`, from the file when it lies on this host (`force_remote` false), else chunk by
// chunk through `fetch` (request body -> chunk body). Throws Error when `out` has another size, the version is gone, or the hash of what
// arrived is not that of the reference; `out` is then undefined.
void FetchWeights(const WeightRef& ref, bool force_remote, const std::function<std::string(const std::string&)>& fetch,
                  std::span<char> out);

}  // namespace temper

#include "cluster/weights/announced_weights.h"

#include <algorithm>
#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/log.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// More than any publisher keeps: what is older is gone from the disk.
constexpr size_t kMostRemembered = 1024;

}  // namespace

void AnnouncedWeights::Add(const WeightRef& ref) {
  const fs::path path = fs::path(ref.path).lexically_normal();
  const fs::path publisher = path.parent_path();
  const bool published = path.filename() == VersionFileName(ref.version, ref.hash) &&
                         publisher.filename().string().starts_with("temper-") &&
                         publisher.parent_path() == (fs::path(folder_) / "x").lexically_normal().parent_path();
  TEMPER_CHECK(published, "weights: version ", ref.version, " was published as ", ref.path, ", which is no version in ", folder_,
               " (cluster.weight_folder)");
  std::erase_if(announced_, [&](const WeightRef& known) { return known.version == ref.version && known.hash == ref.hash; });
  announced_.push_back(ref);
  if (announced_.size() > kMostRemembered) announced_.pop_front();
}

const WeightRef& AnnouncedWeights::Find(const WeightChunkRequest& request) const {
  const auto found = std::find_if(announced_.rbegin(), announced_.rend(),
                                  [&](const WeightRef& known) { return known.version == request.version && known.hash == request.hash; });
  TEMPER_CHECK(found != announced_.rend(), "weights: version ", request.version, " with hash ", request.hash.substr(0, 32),
               " was never announced");
  return *found;
}

std::optional<std::string> AnnouncedWeights::Chunk(const std::string& bytes) const {
  const WeightChunkRequest request = WeightChunkRequest::Decode(bytes);
  const WeightRef& ref = Find(request);
  TEMPER_CHECK(request.offset < ref.bytes, "weights: chunk at ", request.offset, " of ", ref.bytes, " bytes");
  try {
    return ReadWeightChunk(ref, request.offset);
  } catch (const Error& error) {  // the version is gone by now: the worker asks for the one of its next task
    TEMPER_LOG(Warn, "weight request not answered: ", error.what());
    return std::nullopt;
  }
}

}  // namespace temper

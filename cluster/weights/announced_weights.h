#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "cluster/weights/weight_store.h"

namespace temper {

// What workers that ask for weights over the bus are given: pieces of the versions that the job has announced, and of nothing else. Which
// file that is says the learner that published it, never who asks.
class AnnouncedWeights {
 public:
  // folder: cluster.weight_folder, in which every publisher has its own.
  explicit AnnouncedWeights(std::string folder) : folder_(std::move(folder)) {}

  // Throws Error when the path of the reference is no published version's.
  void Add(const WeightRef& ref);

  // The chunk that a WeightChunkRequest asks for; nothing when the version is no more to be had. Throws Error for a request that is none,
  // of a version that was not announced, or of what is behind its end.
  std::optional<std::string> Chunk(const std::string& request) const;

  // Throws Error for a request that does not decode, or of a version that was not announced.
  void CheckKnown(const std::string& request) const { Find(WeightChunkRequest::Decode(request)); }

 private:
  const WeightRef& Find(const WeightChunkRequest& request) const;

  std::string folder_;
  std::deque<WeightRef> announced_;  // the newest last
};

}  // namespace temper

#include "reward/remote/reply_cache.h"

#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "cluster/base/random_id.h"

namespace temper {
namespace {

constexpr uint64_t kMaxEntryBytes = uint64_t{4} << 20;
constexpr size_t kHashBytes = 32;

}  // namespace

std::string ReplyCache::Key(std::string_view answerer, std::string_view question) {
  return Hash128(Concat(answerer.size(), ":", answerer, question));
}

std::string ReplyCache::PathOf(const std::string& key) const { return Concat(folder_, "/", key.substr(0, 2), "/", key.substr(2)); }

// An entry: the hash of the value, a line break, the value.
std::optional<std::string> ReplyCache::Get(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::string reason;
  std::optional<std::string> entry = TryReadFile(PathOf(key), kMaxEntryBytes, &reason);
  if (!entry || entry->size() <= kHashBytes || (*entry)[kHashBytes] != '\n') return std::nullopt;
  std::string value = entry->substr(kHashBytes + 1);
  if (Hash128(value) != entry->substr(0, kHashBytes)) return std::nullopt;
  return value;
}

void ReplyCache::Put(const std::string& key, std::string_view value) {
  if (folder_.empty() || value.size() + kHashBytes >= kMaxEntryBytes) return;
  const std::string path = PathOf(key);
  const std::string fresh = Concat(path, ".", Hex(RandomId()));  // several processes may write the same entry
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
  std::string problem = failed ? failed.message() : TryWriteFile(fresh, Concat(Hash128(value), "\n", value));
  if (problem.empty()) {
    std::filesystem::rename(fresh, path, failed);
    if (failed) problem = failed.message();
  }
  if (problem.empty() || warned_) return;
  warned_ = true;
  TEMPER_LOG(Warn, "the cache of replies ", folder_, " cannot be written (", problem,
             "): replies are not kept, so a repeated question is asked again");
}

}  // namespace temper

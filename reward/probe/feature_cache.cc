#include "reward/probe/feature_cache.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "policy/formats/folder_hash.h"
#include "policy/formats/hf_checkpoint.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKeyBytes = 32;       // of Hash128
constexpr size_t kChecksumBytes = 16;  // Hash64 of key and numbers, in hexadecimal digits
constexpr size_t kTextsAtATime = 256;  // that are computed before they are kept

std::string BytesOf(std::span<const float> values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

}  // namespace

FeatureCache::FeatureCache(const std::string& folder, const std::string& model, const FeatureOptions& options, int64_t width)
    : reads_answer_(ReadsAnswer(options)), width_(static_cast<size_t>(width)) {
  if (folder.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  TEMPER_CHECK(!error, folder, ": cannot be made: ", error.message());
  path_ = fs::path(folder) / (Hash128(Concat("1\n", model, "\n", DescriptionOf(options))) + ".features");
  if (fs::exists(path_)) Load();
}

std::string FeatureCache::KeyOf(const ProbeText& text) const {
  return Hash128(Concat(text.prompt.size(), "\n", text.prompt, reads_answer_ ? text.answer : std::string_view()));
}

void FeatureCache::Load() {
  std::string bytes = ReadFile(path_, {.what = "the cache of features", .max_bytes = kMaxDataBytes});
  const size_t record = kKeyBytes + width_ * sizeof(float) + kChecksumBytes;
  for (size_t at = 0; at + record <= bytes.size(); at += record) {
    const std::string_view checked = std::string_view(bytes).substr(at, record - kChecksumBytes);
    if (Hex(Hash64(checked)) != bytes.substr(at + record - kChecksumBytes, kChecksumBytes)) continue;
    std::vector<float> values(width_);
    std::memcpy(values.data(), checked.data() + kKeyBytes, width_ * sizeof(float));
    values_.emplace(checked.substr(0, kKeyBytes), std::move(values));
  }
  if (const size_t torn = bytes.size() % record; torn > 0) fs::resize_file(path_, bytes.size() - torn);
}

const std::vector<float>* FeatureCache::Find(const ProbeText& text) const {
  const auto found = values_.find(KeyOf(text));
  return found == values_.end() ? nullptr : &found->second;
}

void FeatureCache::Add(const ProbeText& text, std::span<const float> values) {
  const std::string key = KeyOf(text);
  if (!values_.emplace(key, std::vector<float>(values.begin(), values.end())).second || path_.empty()) return;
  const std::string record = key + BytesOf(values);
  const std::string problem = AppendToFile(path_, record + Hex(Hash64(record)));
  if (problem.empty()) return;
  TEMPER_LOG(Warn, path_, ": features are not kept: ", problem);
  path_.clear();
}

FeatureRun ComputeFeatures(const std::string& folder, const FeatureOptions& options, const std::string& cache_folder,
                           std::span<const ProbeText> texts, const std::function<void(size_t done, size_t missing)>& progress) {
  FeatureRun run{HashOfHfFolder(folder), LoadHfConfig(folder).hidden_size * static_cast<int64_t>(options.features.size()), {}, 0};
  FeatureCache cache(cache_folder, run.model, options, run.width);
  std::vector<ProbeText> missing;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(missing), [&](const ProbeText& text) { return cache.Find(text) == nullptr; });
  std::unique_ptr<HiddenFeatures> features;
  if (!missing.empty()) features = std::make_unique<HiddenFeatures>(folder, options);
  for (size_t begin = 0; begin < missing.size(); begin += kTextsAtATime) {
    const auto pack = std::span(missing).subspan(begin, std::min(kTextsAtATime, missing.size() - begin));
    const std::vector<float> rows = features->Compute(pack);
    for (size_t i = 0; i < pack.size(); ++i)
      cache.Add(pack[i], std::span(rows).subspan(i * static_cast<size_t>(run.width), static_cast<size_t>(run.width)));
    progress(begin + pack.size(), missing.size());
  }
  run.computed = missing.size();
  run.rows.reserve(texts.size() * static_cast<size_t>(run.width));
  for (const ProbeText& text : texts) {
    const std::vector<float>& row = *cache.Find(text);
    run.rows.insert(run.rows.end(), row.begin(), row.end());
  }
  return run;
}

}  // namespace temper

#include "policy/formats/folder_hash.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

bool Counts(const fs::path& file) {
  static const std::set<std::string> kNames = {"config.json",         "tokenizer.json",          "tokenizer_config.json",
                                               "chat_template.jinja", "special_tokens_map.json", "model.safetensors.index.json"};
  return kNames.contains(file.filename().string()) || file.extension() == ".safetensors";
}

}  // namespace

std::string HashOfHfFolder(const std::string& folder) {
  std::error_code error;
  std::set<fs::path> files;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error))
    if (Counts(each->path())) files.insert(each->path());
  if (error) throw ConfigError(Concat(folder, ": cannot be read: ", error.message(), "; expected a Hugging Face folder"));
  if (!files.contains(fs::path(folder) / "config.json"))
    throw ConfigError(Concat(folder, ": no config.json in it; expected a Hugging Face folder"));
  Hasher128 hasher;
  for (const fs::path& file : files) hasher.Add(Concat(file.filename().string(), "\n", Hash128OfFile(file), "\n"));
  return hasher.Digest();
}

}  // namespace temper

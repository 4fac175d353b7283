#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace temper {

// Replies on disk, called by the content of what was asked: a folder that several processes, and later runs, may share. A damaged or
// missing entry is no entry; what cannot be written is not kept, with one warning. Nothing is ever removed. Nothing throws.
class ReplyCache {
 public:
  explicit ReplyCache(std::string folder) : folder_(std::move(folder)) {}  // "" = keeps nothing

  // Of who answers and what is asked.
  static std::string Key(std::string_view answerer, std::string_view question);

  std::optional<std::string> Get(const std::string& key) const;
  void Put(const std::string& key, std::string_view value);

 private:
  std::string PathOf(const std::string& key) const;

  std::string folder_;
  bool warned_ = false;
};

}  // namespace temper

#pragma once

#include <map>
#include <string>
#include <vector>

namespace temper {

// Where something of a configuration stands. A line of 0 means that `file` says it all (override "a.b=1", default).
struct ConfigMark {
  std::string file;
  int line = 0;    // from 1
  int column = 0;  // from 1, in bytes

  std::string ToString() const;  // a.yaml:3:7, or override "a.b=1"
  std::string Source() const;    // the same without the column
};

// The mistakes found in one reading, so that the user sees all of them at once. Never throws before Throw().
class ConfigErrors {
 public:
  // `path`: the dotted key, empty for the file as a whole. `message`: what is wrong; what to do about it.
  void Add(const ConfigMark& mark, const std::string& path, const std::string& message);
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const std::string& FirstMessage() const { return entries_.front().message; }
  // Dotted keys that have an error.
  std::vector<std::string> Paths() const;
  // Throws ConfigError with one line per mistake, by position: files in the order given, then everything else. At most kMaxShown
  // lines, the rest is counted.
  [[noreturn]] void Throw(const std::vector<std::string>& files);

  static constexpr size_t kMaxShown = 100;

 private:
  struct Entry {
    ConfigMark mark;
    std::string path;
    std::string message;
  };
  std::vector<Entry> entries_;
};

// Untrusted text for a message: in double quotes, on one line, control characters escaped, cut after 60 bytes.
std::string ShownText(const std::string& text);

// "a.b" from "a" and "b"; the first may be empty.
std::string JoinPath(const std::string& section, const std::string& name);

}  // namespace temper

#pragma once

#include <string>
#include <vector>

#include "cluster/config/errors.h"

namespace temper {

// A node of a parsed configuration file, free of the YAML library: what it is, its text and where it stands.
struct ConfigNode {
  enum class Kind {
    kNull,    // empty, ~ or null
    kScalar,  // `text`
    kList,    // `children`, without keys
    kMap,     // `children`, each with its key; keys are unique
    kBroken,  // an error about it was reported: whoever reads it says nothing more
  };

  Kind kind = Kind::kNull;
  bool flow = false;                 // a map or list in brackets
  bool quoted = false;               // a scalar in quotes or a block: always text, never a number
  bool reset = false;                // null given over an earlier value: an entry of a map that goes
  std::string text;                  // kScalar
  std::string raw;                   // the text before ${...} was replaced; empty where there was none
  std::string key;                   // in the parent map
  std::string folder;                // where relative paths in it start; empty = the working directory
  ConfigMark mark;                   // of the value
  ConfigMark key_mark;               // of the key
  std::vector<ConfigNode> children;  // in file order

  const ConfigNode* Find(const std::string& name) const;  // child of a map; null where absent
  ConfigNode* Find(const std::string& name);
  size_t CountNodes() const;  // itself and everything below
  size_t Depth() const;       // levels: 1 for a scalar
  const char* KindName() const;
};

inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;
inline constexpr size_t kMaxConfigNodes = 100'000;  // of all files together, after references were replaced
inline constexpr size_t kMaxConfigLevels = 64;

// Parses one YAML document of at most `max_nodes` nodes. Reports in `errors`, with positions in
// `file`, what is not YAML or too large, duplicate keys, anchors, aliases, tags and merge keys. It
// also reports keys that are not words, bytes that are not UTF-8, control characters and a second
// document. Returns what could be read, kBroken where that is nothing. An empty text is kNull.
ConfigNode ParseConfigYaml(const std::string& text, const std::string& file, size_t max_nodes, ConfigErrors* errors);

// Sets the mark of a node and of everything below it.
void SetMark(const ConfigMark& mark, ConfigNode* node);
void SetFolder(const std::string& folder, ConfigNode* node);

}  // namespace temper

#include "cluster/config/resolved.h"

#include <string>
#include <utility>

#include "cluster/config/compose.h"
#include "cluster/config/value.h"

namespace temper {
namespace {

void Collect(const ConfigNode& node, const std::string& path, std::vector<ResolvedValue>* values) {
  if (node.kind == ConfigNode::Kind::kMap && !node.flow) {
    for (const ConfigNode& child : node.children) Collect(child, JoinPath(path, child.key), values);
    return;
  }
  if (node.kind == ConfigNode::Kind::kList && !node.flow && !node.children.empty()) {  // of sections
    for (size_t i = 0; i < node.children.size(); ++i) Collect(node.children[i], JoinPath(path, std::to_string(i)), values);
    return;
  }
  std::vector<std::string> names;
  if (node.kind == ConfigNode::Kind::kMap)
    for (const ConfigNode& child : node.children) names.push_back(child.key);
  values->push_back({path, RawYamlOf(node), node.mark.Source(), std::move(names)});
}

}  // namespace

std::string OnOneLine(std::string text) {
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return text;
}

std::string ResolvedConfig::ToYaml() const {
  std::string head = "# The resolved configuration: every key, and where its value is from. Read:";
  for (const std::string& file : files) head += " " + OnOneLine(file);
  return head + "\n" + yaml;
}

ResolvedConfig ReadResolved(const std::string& path) {
  ConfigErrors errors;
  const ComposedConfig composed = ComposeConfig(path, {}, &errors);
  if (!errors.empty()) errors.Throw(composed.files);
  ResolvedConfig resolved;
  resolved.files = composed.files;
  Collect(composed.root, "", &resolved.values);
  return resolved;
}

}  // namespace temper

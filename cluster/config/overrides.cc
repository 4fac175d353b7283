#include "cluster/config/overrides.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/config/value.h"

namespace temper {
namespace {

void Flatten(const ConfigNode& node, const std::string& path, const std::string& prefix, std::vector<FlatOverride>* flat,
             ConfigErrors* errors) {
  for (const ConfigNode& child : node.children) {
    const std::string key = JoinPath(prefix, child.key);
    if (child.kind == ConfigNode::Kind::kMap && child.raw.empty() && !child.children.empty()) {
      Flatten(child, path, key, flat, errors);
    } else if (std::any_of(flat->begin(), flat->end(), [&](const FlatOverride& other) { return other.key == key; })) {
      errors->Add(child.key_mark, JoinPath(path, key), "duplicate key, once nested and once dotted");
    } else {
      flat->push_back({key, &child});
    }
  }
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
  return all;
}

}  // namespace

std::vector<FlatOverride> FlattenOverrides(const ConfigNode& map, const std::string& path, ConfigErrors* errors) {
  std::vector<FlatOverride> flat;
  Flatten(map, path, "", &flat, errors);
  return flat;
}

std::string MapProblem(const ConfigNode& entry) {
  if (entry.kind == ConfigNode::Kind::kMap) return "";
  if (entry.kind == ConfigNode::Kind::kNull) return "must be a map of keys, not empty; write {} for one without any";
  return Concat("must be a map of keys, not ", entry.KindName());
}

std::vector<OverrideAxis> ReadOverrideGrid(const ConfigNode& map, const std::string& path, ConfigErrors* errors) {
  std::vector<OverrideAxis> grid;
  for (const auto& [key, node] : FlattenOverrides(map, path, errors)) {
    if (node->reset || node->kind == ConfigNode::Kind::kBroken) continue;
    if (node->kind != ConfigNode::Kind::kList || node->children.empty()) {
      errors->Add(node->mark, JoinPath(path, key),
                  node->kind == ConfigNode::Kind::kList ? "is an empty list: there would be no run; give it values, or take the key out"
                                                        : Concat("must be a list of values, like [1, 2], not ", node->KindName()));
      continue;
    }
    OverrideAxis axis{key, {}, node->mark.Source()};
    for (const ConfigNode& value : node->children) {
      const std::string yaml = RawYamlOf(value);
      if (std::find(axis.values.begin(), axis.values.end(), yaml) != axis.values.end())
        errors->Add(value.mark, JoinPath(path, key), Concat("has ", yaml, " twice: the same run would be made twice; take one out"));
      axis.values.push_back(yaml);
    }
    grid.push_back(std::move(axis));
  }
  return grid;
}

std::vector<OverrideSet> ReadOverrideList(const ConfigNode& list, const std::string& path, ConfigErrors* errors) {
  std::vector<OverrideSet> sets;
  for (size_t i = 0; i < list.children.size(); ++i) {
    const ConfigNode& entry = list.children[i];
    const std::string entry_path = JoinPath(path, std::to_string(i));
    if (entry.kind == ConfigNode::Kind::kBroken) continue;
    const std::string problem = MapProblem(entry);
    if (!problem.empty()) errors->Add(entry.mark, entry_path, problem);
    OverrideSet set{{}, entry.mark.Source()};
    for (const auto& [key, node] : FlattenOverrides(entry, entry_path, errors)) set.values.emplace_back(key, RawYamlOf(*node));
    sets.push_back(std::move(set));
  }
  return sets;
}

std::string YamlOf(const std::vector<OverrideAxis>& grid) {
  std::vector<std::string> axes;
  for (const OverrideAxis& axis : grid) axes.push_back(QuoteYaml(axis.key) + ": [" + Joined(axis.values) + "]");
  return "{" + Joined(axes) + "}";
}

std::string YamlOf(const std::vector<OverrideSet>& list) {
  std::vector<std::string> sets;
  for (const OverrideSet& set : list) {
    std::vector<std::string> values;
    for (const auto& [key, value] : set.values) values.push_back(QuoteYaml(key) + ": " + value);
    sets.push_back("{" + Joined(values) + "}");
  }
  return "[" + Joined(sets) + "]";
}

}  // namespace temper

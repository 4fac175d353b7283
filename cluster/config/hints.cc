#include "cluster/config/hints.h"

#include <algorithm>

#include "cluster/config/errors.h"
#include "cluster/config/nearest_name.h"

namespace temper {
namespace {

constexpr size_t kMaxListedNames = 16;
constexpr size_t kMaxCandidates = 4;

std::string Words(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return NormalizedName(name);
}

std::string List(const std::vector<std::string>& names, size_t most) {
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), most); ++i) list += (i == 0 ? "" : ", ") + names[i];
  return list + (names.size() > most ? ", ..." : "");
}

// Fields below `section` ("" = all) whose name, or the end of it from some dot on, is `words`: optimizer.lr for lr.
std::vector<std::string> FieldsEndingIn(const std::string& words, const std::string& section, const std::vector<std::string>& fields) {
  const std::string below = section.empty() ? "" : section + ".";
  std::vector<std::string> found;
  for (const std::string& field : fields) {
    if (!field.starts_with(below)) continue;
    for (size_t at = below.size();; ++at) {
      if (Words(field.substr(at)) == words) {
        found.push_back(field);
        break;
      }
      at = field.find('.', at);
      if (at == std::string::npos) break;
    }
  }
  return found;
}

// Names that the key ends in: path for model_path.
std::vector<std::string> NamesAtEndOf(const std::string& words, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    if (words.ends_with("_" + Words(name))) found.push_back(name);
  }
  return found;
}

std::vector<std::string> In(const std::string& section, std::vector<std::string> names) {
  for (std::string& name : names) name = JoinPath(section, name);
  return names;
}

}  // namespace

std::string UnknownKeyHint(const std::string& key, const std::string& section, const std::vector<std::string>& siblings,
                           const std::vector<std::string>& fields) {
  if (key.find('.') != std::string::npos) return "; a dotted key is read in overrides only: in a file, nest it";
  const std::string words = Words(key);
  const std::vector<std::string> elsewhere = FieldsEndingIn(words, "", fields);
  std::vector<std::string> near;
  if (!section.empty()) near = FieldsEndingIn(words, section, fields);
  if (near.empty() && (elsewhere.empty() || !section.empty())) near = In(section, NearestNames(key, siblings));
  if (near.empty()) near = In(section, NamesAtEndOf(words, siblings));
  if (near.empty() && !section.empty()) near = FieldsEndingIn(words, section.substr(0, section.find('.')), fields);
  if (!near.empty())
    return (near.size() > 1 ? "; the nearest known ones are " : "; the nearest known one is ") + List(near, kMaxCandidates);
  std::string hint;
  if (!elsewhere.empty()) hint = (elsewhere.size() > 1 ? "; there are " : "; there is a ") + List(elsewhere, kMaxCandidates);
  // Of another section it may be another thing altogether.
  if (!elsewhere.empty() && !section.empty()) hint += " elsewhere";
  const bool list = !siblings.empty() && (elsewhere.empty() || !section.empty());
  return list ? hint + "; known here: " + List(siblings, kMaxListedNames) : hint;
}

}  // namespace temper

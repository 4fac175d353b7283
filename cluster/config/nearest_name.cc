#include "cluster/config/nearest_name.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace temper {
namespace {

// Edits (insert, delete, replace, swap of neighbours) that turn a into b: the restricted Damerau-Levenshtein distance.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({replace, last[j] + 1, current[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[b.size()];
}

}  // namespace

std::string NormalizedName(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::vector<std::string> NearestNames(const std::string& name, const std::vector<std::string>& known) {
  const std::string wanted = NormalizedName(name);
  std::vector<std::string> nearest;
  size_t nearest_distance = std::max<size_t>(1, wanted.size() / 3);
  for (const std::string& candidate : known) {
    const std::string other = NormalizedName(candidate);
    const size_t longer = std::max(wanted.size(), other.size());
    if (longer - std::min(wanted.size(), other.size()) > nearest_distance) continue;
    const size_t distance = EditDistance(wanted, other);
    if (distance > nearest_distance || distance >= longer) continue;
    if (distance < nearest_distance) nearest.clear();
    nearest.push_back(candidate);
    nearest_distance = distance;
  }
  return nearest;
}

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string> nearest = NearestNames(name, known);
  return nearest.empty() ? "" : nearest.front();
}

}  // namespace temper

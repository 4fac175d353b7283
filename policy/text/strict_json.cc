#include "policy/text/strict_json.h"

#include <unordered_set>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"

namespace temper {
namespace {

// Follows a parse through its events; what it objects to is thrown as a plain Error and caught below.
class StructureCheck {
 public:
  explicit StructureCheck(int max_depth) : max_depth_(max_depth) {}

  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    TEMPER_CHECK(depth <= max_depth_, "nested more than ", max_depth_, " levels deep");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      TEMPER_CHECK(keys_.back().insert(key).second, "duplicate key ", Quoted(key));
    }
    return true;
  }

 private:
  int max_depth_;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects now open
};

}  // namespace

std::optional<nlohmann::json> ParseStrictJson(std::string_view text, int max_depth, std::string* error) {
  StructureCheck check(max_depth);
  try {
    return nlohmann::json::parse(text.begin(), text.end(), std::ref(check));
  } catch (const nlohmann::json::exception& e) {
    *error = Quoted(e.what(), 200);
  } catch (const Error& e) {
    *error = e.what();
  }
  return std::nullopt;
}

std::string Quoted(std::string_view text, size_t limit) {
  std::string out;
  for (const char c : RepairUtf8(text.substr(0, limit))) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return text.size() > limit ? out + "..." : out;
}

}  // namespace temper

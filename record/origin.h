#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace temper {

// Where a run comes from, as its provenance.json says (record/provenance.h).
struct RunOrigin {
  std::string started, ended;                // UTC, of the first attempt and the last one; "" = not known, or not over
  std::map<std::string, std::string> facts;  // of the newest attempt: what -> value, such as "torch" -> "2.11.0", "source" -> "3a5f… clean"
  // Inputs of the run: name (data, policy_spec, base_model) -> files by name with their hashes, sorted.
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> inputs;
};

// Never throws: of a file that is missing or damaged what can be read, or nothing. It is a record, no figure depends on it.
RunOrigin ReadOrigin(const std::string& run_folder);

}  // namespace temper

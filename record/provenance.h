#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace temper {

// Where a run comes from, as provenance.json in its folder:
//   inputs: {name: [{path, bytes, xxh128}]}   every file it was made from, as it was at the newest start (xxh128sum prints the same)
//   tokenizer_xxh128                          of the tokenizer.json in use
//   started, ended                            of the first attempt, and of the last one (null while it runs); UTC
//   attempts: [{epoch, started, ended, exit_code, host, command, source, versions, environment}], a start each; ended and exit_code
//             are null where the attempt was killed. source: revision and dirty (changes not committed), null where the build knew of
//             no repository. environment: the variables of an allow-list, so that no secret gets into a run folder.
struct ProvenanceInput {
  uint64_t epoch = 0;
  std::map<std::string, std::vector<std::string>> inputs;  // name -> files and folders; a folder stands for the files right in it
  std::set<std::string> fixed;                             // names of inputs that what the run folder holds was made from
  std::string tokenizer_json;
  std::map<std::string, std::string> versions;
};

// Adds an attempt. Throws ConfigError, and adds none, when a file of a fixed input is not what it
// was at the start before. A file of the same name elsewhere is the same file. Where
// provenance.json cannot be read, there is nothing to compare with. Throws Error when an input
// cannot be read.
void RecordStart(const std::string& run_folder, const ProvenanceInput& input);
// Ends the newest attempt. Does nothing where RecordStart was not reached.
void RecordEnd(const std::string& run_folder, int exit_code);

// Where a run comes from, as views of runs need it.
struct RunOrigin {
  std::string started, ended;                // UTC, of the first attempt and the last one; "" = not known, or not over
  std::map<std::string, std::string> facts;  // of the newest attempt: what -> value, such as "torch" -> "2.11.0", "source" -> "3a5f… clean"
  // Inputs of the run: name (data, policy_spec, base_model) -> files by name with their hashes, sorted.
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> inputs;
};

// Never throws: of a file that is missing or damaged what can be read, or nothing. It is a record, no figure depends on it.
RunOrigin ReadOrigin(const std::string& run_folder);

// A file that a run was made from, as it was at the newest start.
struct InputFile {
  std::string path;  // as the config had it: from the folder that the job was started in, or absolute
  std::string xxh128;
};
// By name of the input, in the order of the record. Never throws, as ReadOrigin.
std::map<std::string, std::vector<InputFile>> ReadInputs(const std::string& run_folder);

// The variables of an environment ("NAME=value" strings) that are kept.
std::map<std::string, std::string> KeptEnvironment(const std::vector<std::string>& environment);

}  // namespace temper

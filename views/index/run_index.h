#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "evaluation/figures.h"

namespace temper {

// The runs of a folder, as their own folders tell: what index.html lists. Read from run.json, status.json, provenance.json and report.json;
// none of a run's large files is opened.

struct IndexedRun {
  std::string path;  // of its folder, from the indexed one, with '/'; bytes as in the file system
  std::string name;
  uint64_t seed = 0;
  // done | preempted | failed | unhealthy as status.json says; starting | running of a job that
  // lives. Otherwise dead (its process is gone without a word), stale (of another host, and silent)
  // or unknown (no status.json, or it is damaged).
  std::string state = "unknown";
  std::string why;         // message of a run that failed, or what could not be read
  std::string started;     // UTC, of the first attempt; "" = not known
  double duration_s = -1;  // from then to the end, or to now while it runs; -1 = not known
  int64_t steps = -1;      // RL steps done, of the arm that did most; -1 = none
  int64_t steps_of = -1;   // of how many while it runs; -1 = not known
  std::string grading;     // what graded it, a sentence (views/report/grading.h)
  std::string set;         // the evaluation set of the figures: the first of the report
  struct Arm {
    std::string name;
    std::map<std::string, Estimate> figures;  // key of FigureColumns() -> after training, all intents
  };
  std::vector<Arm> arms;
  std::vector<std::pair<std::string, std::string>> links;  // what -> path from the run's folder, of files that are there
};

// Runs that belong together: those right in the folder, or the members of a sweep or of seeds.
struct IndexedGroup {
  std::string path;              // "" = the folder itself
  bool has_comparison = false;   // report.html over its runs
  std::vector<IndexedRun> runs;  // by name, numbers by value
};

struct RunIndex {
  std::string folder;                                         // as given
  std::vector<IndexedGroup> groups;                           // the folder's own first, then by path; none is empty
  std::vector<std::pair<std::string, std::string>> left_out;  // path -> why: damaged, no run, a link
};

// Looks for runs right below the folder and right below its folders. now: seconds since 1970; host: of the caller. Throws ConfigError when
// the folder is none, or is itself a run; a folder below that cannot be read is left out and says why.
RunIndex ReadRunIndex(const std::string& folder, double now, const std::string& host);

// index.html: the same index gives the same bytes. Works from a file: URL, without any other resource.
std::string RenderHtml(const RunIndex& index);

// Reads and writes <folder>/index.html. Throws as above, ConfigError where there is no run, and Error when it cannot be written.
void WriteRunIndex(const std::string& folder);

// Numbers in names by their value: seed_2 before seed_10.
bool NaturallyBefore(const std::string& a, const std::string& b);

}  // namespace temper

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "record/run_paths.h"

namespace temper {

// The queue of record of one arm: what happened to every prompt group, append-only. The file begins
// with 16 bytes {magic "TEMPERJL", u32 version, u32 0}; a file of another version is refused. After
// them come records {u32 length, u64 XXH3, payload}. A torn last record (the process died writing)
// is cut off when the file is opened again. Damage before that is a ConfigError naming the byte.
// `consumed` is on disk (fsync) before the learner may use the step.
struct JournalRecord {
  enum class Kind : uint8_t { kAttempt = 1, kIssued, kGenerated, kGraded, kConsumed };
  Kind kind = Kind::kAttempt;
  int64_t step = 0;  // kAttempt: the step the attempt begins with (later ones are void); kConsumed: the step
  uint64_t group_id = 0;
  std::string prompt_id;           // kIssued
  std::string payload;             // kGenerated: RolloutResult, kGraded: RewardResult, as on the wire
  std::vector<uint64_t> consumed;  // kConsumed: group ids
};

class Journal {
 public:
  // Opens `path` for appending, making it when absent. Throws ConfigError for a journal of another version and for a damaged one.
  explicit Journal(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void Append(const JournalRecord& record);
  void Sync();

 private:
  void Write(const std::string& bytes);

  std::string path_;
  int fd_ = -1;
};

// The version that this program writes, and the only one that it reads.
inline constexpr uint32_t kJournalVersion = 1;

// Throws ConfigError when there is a journal of another version, or of none. Looks at nothing else.
void CheckJournalVersion(const std::string& path);

// Renames a journal that is damaged, and says so in the log. Nothing that decides a number is lost with it: a resumed run samples groups
// that were in flight again, and on-policy they come out the same. What is lost is the history. False when there is none, or a sound one.
// Throws ConfigError for one of another version.
bool SetAsideIfDamaged(const StagePaths& stage);

// Calls `visit` for every intact record in order; a missing file has none. Returns the number of bytes of a torn last record, or of a torn
// header. Throws like Journal.
uint64_t ReadJournal(const std::string& path, const std::function<void(const JournalRecord&)>& visit);

// Whether a whole record begins anywhere in the bytes behind a damaged one: then they are no torn
// end. The work grows as their number does, because only what has a record's structure is hashed.
// Where more than eight times the bytes would be hashed (somebody made them up), there may be one.
struct IntactRecord {
  bool may_be_there = false;
  uint64_t hashed_bytes = 0;  // the work that the answer took
};
IntactRecord FindIntactRecord(std::string_view bytes);

// What a resumed run can take over instead of sampling and grading again: the newest payloads of the groups of steps >= first_step.
struct RecoveredGroup {
  std::string prompt_id;
  std::string generated;
  std::string graded;
};
std::map<uint64_t, RecoveredGroup> RecoverGroups(const std::string& path, int64_t first_step);

// Checks the history of a whole journal and counts. Consumption of a step that a later attempt repeated is void.
struct JournalSummary {
  int64_t attempts = 0;
  int64_t issued = 0;
  int64_t generated = 0;
  int64_t graded = 0;
  int64_t consumed_groups = 0;
  int64_t consumed_steps = 0;
  std::vector<std::string> violations;  // consumed twice, consumed without a grade, steps out of order, ...
};
JournalSummary SummarizeJournal(const std::string& path);

}  // namespace temper

#pragma once

#include <cstdint>
#include <string>

#include "record/audit_chain.h"

namespace temper {

class SinkFailures;

// What a checkpoint remembers of a trail: all its rows, those that wait to be written among them. Rows 0 where there are none.
struct AuditMark {
  int64_t rows = 0;
  int64_t breaks = 0;  // rows whose link does not follow from the one before: behind some that were lost
  std::string link;    // of the last one
};

// Whether the file still begins with what was marked. Throws ConfigError naming the file where it
// does not; rows that waited and never were written are one reason. Warns where the file is gone,
// since the user moved it away.
void CheckAudit(const std::string& path, const AuditMark& mark);

// audit.jsonl of an arm: what it trained on. A disk that is full does not stop the job. Rows that
// cannot be written wait here, in order, for the next time, as many as kMaxWaiting bytes or those
// of one step. What is beyond that, or waits when the stage ends, is lost, counted and told in the
// log.
class AuditFile {
 public:
  // Rows after the `steps_done` are of an attempt whose steps are now repeated: they are taken
  // out, and so is a line cut short. `failures` (borrowed) counts and logs what goes wrong.
  AuditFile(std::string path, int64_t steps_done, SinkFailures* failures);
  ~AuditFile() { Finish(); }
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  // Appends whole lines, each an object, with their links of the chain (record/audit_chain.h), after those that wait.
  void Write(const std::string& lines);
  // For a checkpoint: tries to write what waits, and flushes the file to disk. Throws Error where that cannot be done.
  AuditMark Mark();
  // The last try, whichever way the stage ends. Rows that still cannot be written are lost; says in the log how many, and what to do.
  void Finish() noexcept;
  int64_t lost() const { return lost_; }  // rows

  static constexpr size_t kMaxWaiting = size_t{64} << 20;

 private:
  std::string WriteWaiting();

  std::string path_;
  SinkFailures* failures_;
  AuditChain chain_;
  AuditMark mark_;
  bool gap_ = false;  // the rows before the next one are lost
  std::string waiting_;
  int64_t lost_ = 0;
  bool told_ = false;  // Finish has said what is lost
};

}  // namespace temper

#pragma once

#include <cstdint>
#include <string>

#include "record/audit_chain.h"

namespace temper {

class SinkFailures;

// audit.jsonl of an arm: what it trained on. A disk that is full does not stop the job: rows that cannot be written wait here, in order,
// for the next time, as many as kMaxWaiting bytes or those of one step; what is beyond that, or waits when the stage ends, is lost, counted
// and told in the log.
class AuditFile {
 public:
  // Rows of `first_step` and later are of an attempt whose steps are now repeated: they are taken out, and so is a line cut short.
  // `failures` is told of what goes wrong, borrowed.
  AuditFile(std::string path, int64_t first_step, SinkFailures* failures);
  ~AuditFile() { Finish(); }
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  // Appends whole lines, each an object, with their links of the chain (record/audit_chain.h), after those that wait.
  void Write(const std::string& lines);
  // The last try, whichever way the stage ends. Rows that still cannot be written are lost; says in the log how many, and what to do.
  void Finish() noexcept;
  int64_t lost() const { return lost_; }  // rows

  static constexpr size_t kMaxWaiting = size_t{64} << 20;

 private:
  std::string path_;
  SinkFailures* failures_;
  AuditChain chain_;
  std::string waiting_;
  int64_t lost_ = 0;
  bool told_ = false;  // Finish has said what is lost
};

}  // namespace temper

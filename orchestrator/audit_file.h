#pragma once

#include <cstdint>
#include <string>

namespace temper {

// audit.jsonl of an arm: what it trained on. A disk that is full does not stop the job: rows that cannot be written wait here, in order,
// for the next time, as many as kMaxWaiting bytes; what is beyond that is lost and counted.
class AuditFile {
 public:
  // Rows of `first_step` and later are of an attempt whose steps are now repeated: they are taken out, and so is a line cut short.
  AuditFile(std::string path, int64_t first_step);

  // Appends whole lines, after those that wait. Returns why it could not and what became of them, "" = all are written.
  std::string Write(std::string lines);
  const std::string& path() const { return path_; }
  int64_t lost() const { return lost_; }  // rows

  static constexpr size_t kMaxWaiting = size_t{64} << 20;

 private:
  std::string path_;
  std::string waiting_;
  int64_t lost_ = 0;
};

}  // namespace temper

#pragma once

#include <cstdint>
#include <string>

namespace temper {

// A file of lines that is appended to and never larger than its limit together with its
// predecessor. When half the limit is reached it is renamed to <path>.1, in place of the one
// before. For what a job can do without: nothing here throws, and a full or vanished disk costs
// lines, one warning, and another try ten seconds later. Lines are whole: one that did not fit is
// taken back.
class BoundedFile {
 public:
  BoundedFile() = default;  // writes nothing
  // `header`: "", or the line, with its end, that begins every new file. A file that is there with another first line, or its predecessor
  // with one, is of another format: it is renamed to <its name>.old, with a warning.
  BoundedFile(std::string path, int64_t limit_bytes, std::string header = "");
  ~BoundedFile();
  BoundedFile(BoundedFile&& other) noexcept;
  BoundedFile& operator=(BoundedFile&& other) noexcept;

  void Append(const std::string& lines);      // each with its line end
  int64_t failed() const { return failed_; }  // calls whose lines were lost

 private:
  bool Open();
  void SetForeignAside();
  void Rotate();
  void Fail(const std::string& what);
  void Close();

  std::string path_;
  int64_t limit_bytes_ = 0;
  std::string header_;
  int fd_ = -1;
  int64_t size_ = 0;
  int64_t failed_ = 0;
  int64_t retry_at_ms_ = 0;
  int64_t missed_ = 0;  // calls, since the last that was written
};

}  // namespace temper

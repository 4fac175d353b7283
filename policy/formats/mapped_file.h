#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace temper {

// A file's bytes in memory, read on demand. Nobody may write or shorten the file meanwhile; renaming and deleting it do no harm.
class MappedFile {
 public:
  // Throws ConfigError with the path where there is no such file, or none that is regular. Does not wait for the writer of a pipe.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, bytes_}; }
  char* data() const { return data_; }  // for what is read alone and wants no const: writing to it faults

 private:
  char* data_ = nullptr;  // null where the file is empty
  uint64_t bytes_ = 0;
};

}  // namespace temper

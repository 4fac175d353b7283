#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace temper::testing {

// A fenced block of a Markdown page.
struct PageBlock {
  std::string language;  // as it stands behind the fence
  std::string file;      // the name that the line before gives it, `NAME`: alone or at its end; "" = none
  std::string text;      // with its last line break
  int line = 0;          // of the fence, from 1
};
std::vector<PageBlock> BlocksOf(const std::string& page);

// Runs a page as its reader does who pastes every block, from the top: blocks that have a file's name become files of a fresh folder, those
// of the language sh are given to a shell there that ends with the first command that fails. The folder goes with the object, and so does
// what still runs in it.
class PageRunner {
 public:
  // page: the file; binary: the program whose folder comes first in PATH.
  PageRunner(const std::string& page, const std::string& binary);
  ~PageRunner();
  PageRunner(const PageRunner&) = delete;
  PageRunner& operator=(const PageRunner&) = delete;

  // Runs the next sh block, which must hold `command`, after writing the files up to it. What it printed, standard error included; fails
  // the test where a command of it fails or the page has another block there.
  std::string Next(const std::string& command);
  // Names of the sh blocks that have not been run, by their lines; "" = none is left.
  std::string Left() const;
  std::string Read(const std::string& file) const;  // "" when there is no such file
  const std::string& folder() const { return folder_; }

 private:
  std::string page_, path_, folder_;
  std::vector<PageBlock> blocks_;
  size_t next_ = 0;
};

}  // namespace temper::testing

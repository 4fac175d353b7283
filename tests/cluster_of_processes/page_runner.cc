#include "tests/cluster_of_processes/page_runner.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/job_process.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kBlockDeadline(40);

// The name between the last two ticks of a line that ends with `NAME`:
std::string NameBefore(const std::string& line) {
  if (!line.ends_with("`:")) return "";
  const size_t end = line.size() - 2;
  const size_t begin = line.rfind('`', end - 1);
  return begin == std::string::npos ? "" : line.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::vector<PageBlock> BlocksOf(const std::string& page) {
  std::vector<PageBlock> blocks;
  std::istringstream in(page);
  std::string before;  // the last line that holds something
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) {
      if (!inside) blocks.push_back({line.substr(3), NameBefore(before), "", number});
      inside = !inside;
      before.clear();
    } else if (inside) {
      blocks.back().text += line + "\n";
    } else if (!line.empty()) {
      before = line;
    }
  }
  EXPECT_FALSE(inside) << "a block without an end";
  return blocks;
}

PageRunner::PageRunner(const std::string& page, const std::string& binary)
    : page_(fs::path(page).filename()), path_(fs::path(binary).parent_path()), blocks_(BlocksOf(ReadText(page))) {
  std::string pattern = (fs::temp_directory_path() / "temper_page_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  folder_ = pattern;
}

PageRunner::~PageRunner() {
  KillAllWith(folder_);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string PageRunner::Next(const std::string& command) {
  for (; next_ < blocks_.size() && blocks_[next_].language != "sh"; ++next_) {
    if (!blocks_[next_].file.empty()) std::ofstream(folder_ + "/" + blocks_[next_].file) << blocks_[next_].text;
  }
  if (next_ == blocks_.size()) {
    ADD_FAILURE() << page_ << " has no further block of commands, and the test looks for " << command;
    return "";
  }
  const PageBlock& block = blocks_[next_++];
  EXPECT_NE(block.text.find(command), std::string::npos) << page_ << ":" << block.line << " has no " << command << ":\n" << block.text;
  JobProcess shell({"bash", "-ec", "cd " + folder_ + "\nexport PATH=" + path_ + ":$PATH\n" + block.text}, folder_ + "/.printed");
  const auto code = shell.Wait(kBlockDeadline);
  const std::string printed = shell.Output();
  EXPECT_TRUE(code.has_value()) << page_ << ":" << block.line << " still runs after " << kBlockDeadline.count() << " s:\n" << printed;
  EXPECT_EQ(code.value_or(-1), 0) << page_ << ":" << block.line << " failed:\n" << printed;
  return printed;
}

std::string PageRunner::Left() const {
  std::string left;
  for (size_t i = next_; i < blocks_.size(); ++i)
    if (blocks_[i].language == "sh") left += page_ + ":" + std::to_string(blocks_[i].line) + "\n" + blocks_[i].text;
  return left;
}

std::string PageRunner::Read(const std::string& file) const { return ReadText(folder_ + "/" + file); }

}  // namespace temper::testing

// Every command of docs/CLUSTER.md is run by a test: each block of commands has a name, by which tests/hosts or tests/slurm run it.
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = TEMPER_SOURCE_DIR;

std::set<std::string> NamesAfter(const std::string& mark, const std::string& text, const std::string& ends_at) {
  std::set<std::string> names;
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const size_t begin = at + mark.size();
    names.insert(text.substr(begin, text.find_first_of(ends_at, begin) - begin));
  }
  return names;
}

TEST(ClusterDocument, EachBlockOfCommandsHasAName) {
  std::istringstream document(ReadBytes(kSource / "docs/CLUSTER.md"));
  int blocks = 0;
  bool inside = false;
  std::string before;
  for (std::string line; std::getline(document, line); before = line) {
    if (!line.starts_with("```")) continue;
    inside = !inside;
    if (!inside) continue;
    ++blocks;
    EXPECT_TRUE(before.starts_with("<!-- run: ")) << "before a block of commands: " << before;
  }
  EXPECT_FALSE(inside);
  EXPECT_GE(blocks, 10);
}

TEST(ClusterDocument, EachNamedBlockIsRunByATest) {
  const auto named = NamesAfter("<!-- run: ", ReadBytes(kSource / "docs/CLUSTER.md"), " ");
  std::set<std::string> run;
  for (const char* cases : {"tests/hosts/cases.sh", "tests/slurm/cases.sh"})
    run.merge(NamesAfter("  doc ", ReadBytes(kSource / cases), " \n"));
  EXPECT_EQ(named, run);
}

}  // namespace
}  // namespace temper

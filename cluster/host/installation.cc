#include "cluster/host/installation.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cluster/host/program_path.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr char kShared[] = "share/temper";           // from the prefix; the program is in bin/
constexpr char kRevisionFile[] = "temper.revision";  // in share/temper, or beside a program that is not installed

std::string TextOf(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string SharedFolder() {
  std::error_code none;
  const fs::path folder = fs::path(ProgramPath()).parent_path().parent_path() / kShared;
  return fs::is_directory(folder, none) ? folder.string() : "";
}

std::string FindShippedIn(const std::string& shared, const std::string& path) {
  std::error_code none;
  if (shared.empty() || path.empty() || fs::path(path).is_absolute() || fs::exists(path, none)) return path;
  for (const fs::path& found : {fs::path(shared) / path, fs::path(shared) / "configs" / path})
    if (fs::is_regular_file(found, none)) return found.string();
  return path;
}

std::string FindShipped(const std::string& path) { return FindShippedIn(SharedFolder(), path); }

std::optional<SourceRevision> ParseRevision(const std::string& text) {
  std::istringstream words(text);
  std::string commit, state;
  if (!(words >> commit >> state)) return std::nullopt;
  return SourceRevision{commit, state != "clean"};
}

std::optional<SourceRevision> ProgramRevision() {
  const std::string shared = SharedFolder();
  if (!shared.empty()) return ParseRevision(TextOf(fs::path(shared) / kRevisionFile));
  return ParseRevision(TextOf(fs::path(ProgramPath()).parent_path() / kRevisionFile));
}

}  // namespace temper

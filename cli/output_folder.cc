#include "cli/output_folder.h"

#include <cerrno>
#include <filesystem>

#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {

void MakeOutputFolder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (!failed && access(folder.c_str(), W_OK | X_OK) != 0) failed = std::error_code(errno, std::generic_category());
  if (failed) throw ConfigError(Concat("-o ", folder, ": cannot be written: ", failed.message()));
}

}  // namespace temper

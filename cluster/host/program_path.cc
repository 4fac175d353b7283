#include "cluster/host/program_path.h"

#include <filesystem>

namespace temper {

std::string ProgramPath() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace temper

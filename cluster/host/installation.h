#pragma once

#include <optional>
#include <string>

namespace temper {

// What lies beside the running program. An installation is a prefix with bin/temper and share/temper (cmake/TemperInstall.cmake) that may
// be moved; a program in a build folder belongs to none.

// share/temper of the installation; "" = none.
std::string SharedFolder();

// `path` as given where something is there, or where it is absolute. Otherwise the file of that
// name below SharedFolder(), or below its configs/. So configs/quickstart.yaml and quickstart.yaml
// name the shipped file from any folder. As given where neither has it.
std::string FindShipped(const std::string& path);

// The same beside `shared`, a folder as SharedFolder() gives it.
std::string FindShippedIn(const std::string& shared, const std::string& path);

// What the program was built from.
struct SourceRevision {
  std::string commit;  // as git names it
  bool dirty = false;  // with changes that were not committed
};

// Nothing where the sources lay in no repository.
std::optional<SourceRevision> ProgramRevision();

// Of one text of cmake/WriteRevision.cmake: "<revision> clean" or "<revision> dirty".
std::optional<SourceRevision> ParseRevision(const std::string& text);

}  // namespace temper

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/host/owned_folder.h"

namespace temper {

// A file that travels by its content.
struct SentFile {
  std::string name;  // below the folder it is written to: "grader.py", "words/bad.txt"
  std::string content;
  bool executable = false;
};

template <typename V>
void Fields(V& v, SentFile& f) {
  v(f.name, f.content, f.executable);
}

inline constexpr uint64_t kMaxSentBytes = uint64_t{32} << 20;  // of all files together
inline constexpr size_t kMaxSentFiles = 1000;

// The file at this path, by its own name; or, where it is a folder, all that are in it, by their place in it. Hidden files, __pycache__ and
// what is no regular file are left out. "" = none. Throws ConfigError: what cannot be read, too much.
std::vector<SentFile> ReadSentFiles(const std::string& path);

// The paths of the files that ReadSentFiles reads.
std::vector<std::string> SentFilePaths(const std::string& path);

// Writes the files into a fresh folder below `parent` ("" = the system's temporary folder) that this user alone can read. It goes with the
// object, or, when the process is killed, with the next such folder that is made there. Throws Error.
std::unique_ptr<OwnedFolder> WriteSentFiles(const std::vector<SentFile>& files, const std::string& parent = "");

}  // namespace temper

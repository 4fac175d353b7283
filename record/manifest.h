#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace temper {

// manifest.json of a folder: {"files": {"name": {"bytes": ..., "xxh128": ...}}}, with every file of the folder and of those in it, by its
// path from there. Written last, so that a folder with one is whole; read again before anything in the folder decides a number.

std::string ManifestPath(const std::string& folder);

// Flushes every file and adds the manifest. `step` stands in it too, where there is one. Files are read in pieces, whatever their size.
// Returns the bytes of all files together.
uint64_t WriteManifest(const std::string& folder, std::optional<int64_t> step);

// Nothing when the folder has the files of its manifest, each with its size and hash, and no
// others, those of `needed` among them. Otherwise what is wrong, beginning with the file's name.
// Whatever the folder holds, it is a value: links that lead in a circle, pipes and what may not be
// read are named as well. Reads no file before all names and sizes are right, and none that is
// nearly all holes.
std::optional<std::string> ManifestProblem(const std::string& folder, const std::vector<std::string>& needed);

}  // namespace temper

// Reads the includes of every source under the rooms and fails on an arrow that the architecture does not have (docs/ARCHITECTURE.md).
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// In dependency order: a room includes from itself and from those before it.
const std::vector<std::string> kRooms = {"cluster", "policy", "rollout", "reward", "learner", "workers", "orchestrator"};

using Sources = std::map<std::string, std::string>;  // path from the repository root -> text

// The place in kRooms of the room a path is in; kRooms.size() for none.
size_t RoomOf(const std::string& path) {
  const std::string folder = path.find('/') == std::string::npos ? "" : path.substr(0, path.find('/'));
  return static_cast<size_t>(std::find(kRooms.begin(), kRooms.end(), folder) - kRooms.begin());
}

// What a text includes, with the line of each. Includes that are commented out do not count.
std::vector<std::pair<std::string, int>> IncludesOf(const std::string& text) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"].*");
  std::vector<std::pair<std::string, int>> includes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (line.find("include") != std::string::npos && std::regex_match(line, match, kInclude)) includes.emplace_back(match[1], number);
  }
  return includes;
}

bool StartsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

bool IsTensorHeader(const std::string& header) {
  return StartsWith(header, "ATen/") || StartsWith(header, "torch/") || StartsWith(header, "c10/");
}

// Why `path` must not include `header` itself, "" where it may.
std::string Objection(const std::string& path, const std::string& header) {
  static const std::set<std::string> kMachineHeaders = {"mpi.h", "nccl.h", "zmq.h", "zmq.hpp"};
  const std::string room = path.substr(0, path.find('/'));
  if (RoomOf(header) < kRooms.size() && RoomOf(header) > RoomOf(path)) return "a room must not include from one after it";
  if (kMachineHeaders.count(header) > 0 && (room != "cluster" || !path.ends_with(".cc"))) return "belongs into cluster/*.cc";
  if (StartsWith(header, "yaml-cpp/") && path != "cluster/config_node.cc") return "belongs into cluster/config_node.cc";
  if (header == "torch/torch.h" || header == "torch/all.h" || header == "ATen/ATen.h") return "include the narrow headers it stands for";
  return "";
}

// Every header that a file sees through the project's own headers, itself included.
void Collect(const Sources& sources, const std::string& path, std::set<std::string>* seen) {
  const auto source = sources.find(path);
  if (!seen->insert(path).second || source == sources.end()) return;
  for (const auto& [header, line] : IncludesOf(source->second)) Collect(sources, header, seen);
}

// All violations, one line each.
std::vector<std::string> Violations(const Sources& sources) {
  std::vector<std::string> violations;
  for (const auto& [path, text] : sources) {
    for (const auto& [header, line] : IncludesOf(text)) {
      const std::string objection = Objection(path, header);
      if (!objection.empty()) violations.push_back(path + ":" + std::to_string(line) + ": " + header + ": " + objection);
    }
    std::set<std::string> seen;
    Collect(sources, path, &seen);
    const bool logs = std::any_of(seen.begin(), seen.end(), [](const auto& header) { return StartsWith(header, "spdlog/"); });
    if (logs && std::any_of(seen.begin(), seen.end(), IsTensorHeader)) {
      violations.push_back(path + ": sees spdlog and LibTorch, which bring two versions of fmt");
    }
  }
  return violations;
}

Sources ReadRooms() {
  namespace fs = std::filesystem;
  const fs::path root = TEMPER_SOURCE_DIR;
  Sources sources;
  for (const std::string& room : kRooms) {
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      std::ifstream file(entry.path());
      sources[fs::relative(entry.path(), root).string()] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
  }
  return sources;
}

TEST(Layering, TheTreeKeepsItsArrows) {
  const Sources sources = ReadRooms();
  for (const std::string& room : kRooms) {
    const auto in_room = [&room](const auto& source) { return StartsWith(source.first, room + "/"); };
    EXPECT_GT(std::count_if(sources.begin(), sources.end(), in_room), 0) << "no sources found in " << room;
  }
  EXPECT_THAT(Violations(sources), IsEmpty());
}

TEST(Layering, AWrongArrowIsFound) {
  EXPECT_THAT(Violations({{"policy/a.cc", "#include \"policy/a.h\"\n#include \"cluster/error.h\"\n#include \"reward/grade.h\"\n"}}),
              ElementsAre("policy/a.cc:3: reward/grade.h: a room must not include from one after it"));
  EXPECT_THAT(Violations({{"cluster/launch/a.h", "  #  include <orchestrator/x.h>  // why\n"}}),
              ElementsAre("cluster/launch/a.h:1: orchestrator/x.h: a room must not include from one after it"));
  EXPECT_THAT(Violations({{"orchestrator/a.cc", "#include \"workers/w.h\"\n#include <vector>\n"}}), IsEmpty());
  EXPECT_THAT(Violations({{"policy/a.cc", "// #include \"reward/grade.h\"\n"}}), IsEmpty());
}

TEST(Layering, MachineHeadersStayInClusterSources) {
  EXPECT_THAT(Violations({{"cluster/a.cc", "#include <mpi.h>\n#include <nccl.h>\n#include <zmq.h>\n"}}), IsEmpty());
  EXPECT_THAT(Violations({{"cluster/a.h", "#include <mpi.h>\n"}}), ElementsAre("cluster/a.h:1: mpi.h: belongs into cluster/*.cc"));
  EXPECT_THAT(Violations({{"workers/a.cc", "#include <zmq.hpp>\n#include \"nccl.h\"\n"}}),
              ElementsAre("workers/a.cc:1: zmq.hpp: belongs into cluster/*.cc", "workers/a.cc:2: nccl.h: belongs into cluster/*.cc"));
}

TEST(Layering, YamlStaysInOneFile) {
  EXPECT_THAT(Violations({{"cluster/config_node.cc", "#include <yaml-cpp/parser.h>\n"}}), IsEmpty());
  EXPECT_THAT(Violations({{"cluster/config_reader.cc", "#include <yaml-cpp/yaml.h>\n"}}),
              ElementsAre("cluster/config_reader.cc:1: yaml-cpp/yaml.h: belongs into cluster/config_node.cc"));
}

TEST(Layering, UmbrellaHeadersOfLibTorchAreFound) {
  EXPECT_THAT(Violations({{"learner/a.cc", "#include <torch/torch.h>\n"}}),
              ElementsAre("learner/a.cc:1: torch/torch.h: include the narrow headers it stands for"));
  EXPECT_THAT(Violations({{"learner/a.cc", "#include <ATen/core/Tensor.h>\n"}}), IsEmpty());
}

TEST(Layering, SpdlogBesideLibTorchIsFoundThroughHeaders) {
  EXPECT_THAT(Violations({{"cluster/l.h", "#include <spdlog/spdlog.h>\n"},
                          {"policy/a.h", "#include <ATen/core/Tensor.h>\n"},
                          {"policy/a.cc", "#include \"policy/a.h\"\n#include \"cluster/l.h\"\n"}}),
              ElementsAre("policy/a.cc: sees spdlog and LibTorch, which bring two versions of fmt"));
}

}  // namespace
}  // namespace temper

// Reads the includes of every source under the rooms and fails on an arrow that the architecture does not have (docs/ARCHITECTURE.md), on
// units that include each other in a circle, and on folders and files that have outgrown their walls.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
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

struct Wing {
  std::string path;                  // a folder
  std::vector<std::string> allowed;  // wings, and rooms of several wings (all of them), that it may include from, beside itself
};

// From the ground up: a wing includes only from wings above its line, and from every one that its line names.
const std::vector<Wing> kWings = {
    {"cluster/base", {}},
    {"cluster/config", {"cluster/base"}},
    {"cluster/collectives", {"cluster/base"}},
    {"cluster/host", {"cluster/base"}},
    {"cluster/weights", {"cluster/base", "cluster/host"}},
    {"cluster/bus", {"cluster/base"}},
    {"cluster/telemetry", {"cluster/base", "cluster/host"}},
    {"cluster/metrics", {"cluster/base", "cluster/host"}},
    {"policy/text", {"cluster/base"}},
    {"policy/tokenizer", {"cluster/base", "policy/text"}},
    {"policy/jinja", {"cluster/base", "policy/text"}},
    {"policy/chat", {"cluster/base", "policy/jinja", "policy/text", "policy/tokenizer"}},
    {"policy/kernels", {"cluster/base"}},
    {"policy/model", {"cluster/base", "cluster/config", "policy/kernels", "policy/text"}},
    {"policy/formats", {"cluster/base", "policy/model", "policy/text", "policy/tokenizer"}},
    {"policy/directions", {"cluster/base", "policy/chat", "policy/model", "policy/text", "policy/tokenizer"}},
    {"policy/gguf", {"cluster/base", "policy/formats", "policy/model", "policy/text", "policy/tokenizer"}},
    {"rollout/data", {"cluster/base", "cluster/config", "policy/text"}},
    {"rollout/engine", {"cluster/base", "cluster/config", "policy/kernels", "policy/model", "policy/tokenizer"}},
    {"reward/grade", {"cluster/base"}},
    {"reward/spec", {"cluster/base", "cluster/config", "reward/grade"}},
    {"reward/text", {"cluster/base"}},
    {"reward/linear", {"cluster/base", "reward/text"}},
    {"reward/classifier", {"cluster/base", "reward/grade", "reward/linear", "reward/text", "rollout/data"}},
    {"reward/tsetlin", {"cluster/base", "reward/grade"}},
    {"reward/rbr", {"cluster/base", "policy/text", "reward/classifier", "reward/spec"}},
    {"reward/answers", {"cluster/base", "reward/spec"}},
    {"reward/openai", {"cluster/base", "policy/text"}},
    {"reward/remote", {"cluster/base", "cluster/host", "policy/text", "reward/grade"}},
    {"reward/probe",
     {"cluster/base", "policy/chat", "policy/formats", "policy/model", "policy/text", "policy/tokenizer", "reward/classifier"}},
    {"reward/graders",
     {"cluster/base", "cluster/config", "policy/formats", "reward/answers", "reward/classifier", "reward/grade", "reward/openai",
      "reward/probe", "reward/rbr", "reward/remote", "reward/spec", "reward/tsetlin"}},
    {"reward/compose", {"cluster/base", "cluster/config", "reward/grade"}},
    {"reward/advantage", {"cluster/base", "cluster/config"}},
    {"world", {"cluster/base", "cluster/config", "policy/tokenizer"}},
    {"rewrites/text", {"cluster/base"}},
    {"rewrites/transforms",
     {"cluster/base", "cluster/config", "policy/text", "reward/graders", "reward/remote", "rewrites/text", "rollout/data", "world"}},
    {"evaluation", {"cluster/base", "cluster/config", "reward/grade", "rollout/data"}},
    {"evaluation/suites", {"cluster/base", "cluster/config", "evaluation", "policy/text", "reward/grade", "rollout/data"}},
    {"evaluation/qualify", {"cluster/base", "evaluation", "reward/grade", "rollout/data"}},
    {"evaluation/attacks", {"cluster/base", "evaluation", "reward/grade", "rewrites/text"}},
    {"record",
     {"cluster/base", "cluster/bus", "cluster/config", "cluster/host", "cluster/metrics", "cluster/telemetry", "evaluation",
      "evaluation/attacks", "evaluation/qualify", "policy/text", "reward/compose", "reward/grade"}},
    {"record/suites", {"cluster/base", "evaluation/suites", "policy/text"}},
    {"record/release", {"cluster/base", "evaluation", "policy/text", "record"}},
    {"views/page", {"cluster/base", "evaluation"}},
    {"views/audit", {"cluster/base", "record", "reward/advantage", "reward/compose", "reward/graders", "views/page"}},
    {"views/trace", {"cluster/base", "cluster/telemetry", "record"}},
    {"views/suites", {"cluster/base", "evaluation", "evaluation/suites", "views/page"}},
    {"views/report",
     {"cluster/base", "cluster/metrics", "evaluation", "record", "reward/grade", "views/page", "views/suites", "views/trace"}},
    {"views/compare", {"cluster/base", "evaluation", "record", "views/page", "views/report"}},
    {"views/index", {"cluster/base", "cluster/host", "evaluation", "record", "views/page", "views/report"}},
    {"views/export", {"cluster/base", "cluster/config", "record"}},
    {"views/live", {"cluster/base", "cluster/bus", "cluster/host", "record", "reward/grade"}},
    {"learner",
     {"cluster/base", "cluster/collectives", "cluster/config", "cluster/telemetry", "policy/formats", "policy/kernels", "policy/model",
      "reward/advantage"}},
    {"serve",
     {"cluster/base", "policy/chat", "policy/directions", "policy/formats", "policy/model", "policy/text", "policy/tokenizer",
      "rollout/engine"}},
    {"workers",
     {"cluster/base", "cluster/bus", "cluster/collectives", "cluster/host", "cluster/metrics", "cluster/telemetry", "cluster/weights",
      "learner", "policy/formats", "policy/kernels", "record", "reward/grade", "reward/graders", "rollout/engine"}},
    {"orchestrator/config",
     {"cluster/base", "cluster/collectives", "cluster/config", "cluster/host", "cluster/metrics", "evaluation", "evaluation/suites", "learner",
      "policy/kernels", "policy/model", "record", "reward/advantage", "reward/compose", "reward/grade", "reward/graders", "reward/spec",
      "rewrites/transforms", "rollout", "world"}},
    {"orchestrator/flow",
     {"cluster/base", "cluster/bus", "cluster/host", "cluster/metrics", "cluster/telemetry", "cluster/weights", "orchestrator/config",
      "policy/tokenizer", "record", "rollout", "workers"}},
    {"orchestrator/data",
     {"cluster/base", "evaluation", "evaluation/qualify", "evaluation/suites", "learner", "orchestrator/config", "policy/chat",
      "policy/formats", "policy/model", "policy/text", "policy/tokenizer", "record", "reward/compose", "reward/graders", "reward/spec",
      "rewrites/transforms", "rollout", "world"}},
    {"orchestrator/stages",
     {"cluster/base", "cluster/config", "cluster/host", "cluster/metrics", "cluster/telemetry", "evaluation", "orchestrator/config",
      "orchestrator/data", "orchestrator/flow", "record", "reward/advantage", "reward/compose", "reward/grade", "rollout"}},
    {"orchestrator/job",
     {"cluster/base", "cluster/bus", "cluster/collectives", "cluster/host", "cluster/metrics", "cluster/weights", "orchestrator/config",
      "evaluation/qualify", "orchestrator/data", "orchestrator/flow", "orchestrator/stages", "policy/kernels", "record", "reward/grade",
      "reward/graders", "reward/spec", "workers"}},
    {"orchestrator/launch", {"cluster/base", "cluster/config", "cluster/host", "orchestrator/config", "orchestrator/job", "record"}},
    {"cli/help", {"cluster/base"}},
    {"cli",
     {"cli/help",
      "cluster/base",
      "cluster/collectives",
      "cluster/config",
      "cluster/host",
      "cluster/metrics",
      "orchestrator/config",
      "orchestrator/job",
      "orchestrator/launch",
      "policy/chat",
      "policy/formats",
      "policy/gguf",
      "policy/kernels",
      "policy/model",
      "policy/text",
      "policy/tokenizer",
      "record",
      "record/release",
      "serve",
      "views/audit",
      "views/compare",
      "views/export",
      "views/index",
      "views/live",
      "views/page",
      "views/report",
      "views/trace",
      "workers",
      "world"}},
    {"cli/evaluate",
     {"cli", "cluster/base", "cluster/host", "evaluation/suites", "orchestrator/config", "orchestrator/job", "orchestrator/launch",
      "policy/kernels", "record", "record/suites", "reward/graders", "reward/spec", "serve", "views/suites"}},
    {"cli/graders",
     {"cli",
      "cluster/base",
      "cluster/collectives",
      "cluster/host",
      "evaluation",
      "evaluation/attacks",
      "evaluation/qualify",
      "orchestrator/config",
      "orchestrator/data",
      "orchestrator/job",
      "policy/formats",
      "policy/kernels",
      "policy/text",
      "record",
      "reward/compose",
      "reward/grade",
      "reward/graders",
      "reward/openai",
      "reward/spec",
      "rewrites/transforms",
      "rollout/data",
      "rollout/engine",
      "serve",
      "views/page",
      "views/report",
      "world"}},
    {"cli/learned",
     {"cli", "cluster/base", "cluster/host", "evaluation", "policy/chat", "policy/directions", "policy/formats", "policy/kernels",
      "policy/model", "reward/classifier", "reward/probe", "reward/rbr", "reward/spec", "reward/text", "reward/tsetlin", "rollout/data"}},
    {"cli/release", {"cli", "cluster/base", "orchestrator/config", "record", "record/release", "views/page"}},
};

constexpr size_t kMaxUnits = 30;   // directly in a folder
constexpr size_t kMaxLines = 400;  // of a file

using Sources = std::map<std::string, std::string>;  // path from the repository root -> text

bool StartsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

std::string FolderOf(const std::string& path) { return path.find('/') == std::string::npos ? "" : path.substr(0, path.rfind('/')); }

std::string UnitOf(const std::string& path) { return path.substr(0, path.rfind('.')); }

std::string RoomOf(const std::string& path) { return path.substr(0, path.find('/')); }

bool IsRoom(const std::string& name) {
  return std::any_of(kWings.begin(), kWings.end(), [&](const Wing& wing) { return RoomOf(wing.path) == name; });
}

const Wing* WingOf(const std::string& path) {
  const auto wing = std::find_if(kWings.begin(), kWings.end(), [&](const Wing& each) { return each.path == FolderOf(path); });
  return wing == kWings.end() ? nullptr : &*wing;
}

// Whether a name in the table stands for that wing: it is the wing's own, or that of its room, which is no wing itself.
bool StandsFor(const std::vector<Wing>& table, const std::string& name, const std::string& wing) {
  return name == wing || (name == RoomOf(wing) && std::none_of(table.begin(), table.end(), [&](const Wing& w) { return w.path == name; }));
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

bool IsTensorHeader(const std::string& header) {
  return StartsWith(header, "ATen/") || StartsWith(header, "torch/") || StartsWith(header, "c10/");
}

// Why a file of one wing must not include a header of the house, "" where it may.
std::string WrongArrow(const std::string& path, const std::string& header) {
  if (!IsRoom(RoomOf(header)) || header.find('/') == std::string::npos) return "";
  const Wing *from = WingOf(path), *to = WingOf(header);
  if (from == nullptr) return "its folder is no wing: add it to the table";
  if (to == nullptr) return "there is no wing " + FolderOf(header);
  if (from == to) return "";
  const bool allowed =
      std::any_of(from->allowed.begin(), from->allowed.end(), [&](const std::string& each) { return StandsFor(kWings, each, to->path); });
  return allowed ? "" : from->path + " must not include from " + to->path;
}

// Why `path` must not include `header` itself, "" where it may.
std::string Objection(const std::string& path, const std::string& header) {
  static const std::set<std::string> kMachineHeaders = {"mpi.h", "nccl.h", "zmq.h", "zmq.hpp"};
  const std::string arrow = WrongArrow(path, header);
  if (!arrow.empty()) return arrow;
  if (kMachineHeaders.count(header) > 0 && (RoomOf(path) != "cluster" || !path.ends_with(".cc"))) return "belongs into a .cc of cluster";
  if (StartsWith(header, "yaml-cpp/") && path != "cluster/config/node.cc") return "belongs into cluster/config/node.cc";
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

// What the table allows and nobody does: a wing, what it may include from, and where that is a room the wing of it that is not used.
std::vector<std::string> UnusedGrants(const std::vector<Wing>& table, const Sources& sources) {
  std::map<std::string, std::set<std::string>> used;  // folder -> folders that its files include from
  for (const auto& [path, text] : sources) {
    for (const auto& [header, line] : IncludesOf(text)) used[FolderOf(path)].insert(FolderOf(header));
  }
  std::vector<std::string> unused;
  for (const Wing& wing : table) {
    for (const std::string& grant : wing.allowed) {
      for (const Wing& to : table) {
        if (to.path == wing.path || !StandsFor(table, grant, to.path) || used[wing.path].count(to.path) > 0) continue;
        unused.push_back(wing.path + " does not use " + grant + (grant == to.path ? "" : ": " + to.path));
      }
    }
  }
  return unused;
}

// Unit (a .cc with its .h) -> units that it includes.
std::map<std::string, std::set<std::string>> UnitGraph(const Sources& sources) {
  std::map<std::string, std::set<std::string>> graph;
  for (const auto& [path, text] : sources) {
    for (const auto& [header, line] : IncludesOf(text)) {
      if (sources.count(header) > 0 && UnitOf(header) != UnitOf(path)) graph[UnitOf(path)].insert(UnitOf(header));
    }
  }
  return graph;
}

// A circle of units as "a -> b -> a", each circle that a depth-first walk meets.
std::vector<std::string> Circles(const Sources& sources) {
  const auto graph = UnitGraph(sources);
  std::vector<std::string> circles, way;
  std::set<std::string> done;
  const std::function<void(const std::string&)> walk = [&](const std::string& unit) {
    const auto on_way = std::find(way.begin(), way.end(), unit);
    if (on_way != way.end()) {
      std::string circle;
      for (auto each = on_way; each != way.end(); ++each) circle += *each + " -> ";
      circles.push_back(circle + unit);
      return;
    }
    if (done.count(unit) > 0) return;
    way.push_back(unit);
    if (const auto edges = graph.find(unit); edges != graph.end()) std::for_each(edges->second.begin(), edges->second.end(), walk);
    way.pop_back();
    done.insert(unit);
  };
  for (const auto& [unit, edges] : graph) walk(unit);
  return circles;
}

// Folders with too many units, files with too many lines.
std::vector<std::string> Outgrown(const Sources& sources) {
  std::vector<std::string> outgrown;
  std::map<std::string, std::set<std::string>> units;
  for (const auto& [path, text] : sources) {
    units[FolderOf(path)].insert(UnitOf(path));
    const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    if (lines > kMaxLines) outgrown.push_back(path + ": " + std::to_string(lines) + " lines");
  }
  for (const auto& [folder, all] : units) {
    if (all.size() > kMaxUnits) outgrown.push_back(folder + "/: " + std::to_string(all.size()) + " units");
  }
  return outgrown;
}

Sources ReadRooms() {
  namespace fs = std::filesystem;
  static const std::set<std::string> kExtensions = {".h", ".cc", ".cuh", ".cu", ".inc"};
  const fs::path root = TEMPER_SOURCE_DIR;
  std::set<std::string> rooms;
  for (const Wing& wing : kWings) rooms.insert(RoomOf(wing.path));
  Sources sources;
  for (const std::string& room : rooms) {
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      if (kExtensions.count(entry.path().extension().string()) == 0) continue;
      std::ifstream file(entry.path());
      sources[fs::relative(entry.path(), root).string()] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
  }
  return sources;
}

TEST(Layering, TheTreeKeepsItsArrows) {
  const Sources sources = ReadRooms();
  for (const Wing& wing : kWings) {
    const auto in_wing = [&wing](const auto& source) { return FolderOf(source.first) == wing.path; };
    EXPECT_GT(std::count_if(sources.begin(), sources.end(), in_wing), 0) << "no sources found in " << wing.path;
  }
  EXPECT_THAT(Violations(sources), IsEmpty());
}

TEST(Layering, NoUnitsIncludeEachOtherInACircle) { EXPECT_THAT(Circles(ReadRooms()), IsEmpty()); }

TEST(Layering, NoFolderAndNoFileHasOutgrownItsWalls) { EXPECT_THAT(Outgrown(ReadRooms()), IsEmpty()); }

TEST(Layering, TheTableItselfHasNoArrowUp) {
  std::set<std::string> known;
  for (const Wing& wing : kWings) {
    for (const std::string& allowed : wing.allowed) {
      EXPECT_EQ(known.count(allowed), 1U) << wing.path << " may include from " << allowed << ", which does not stand above it";
    }
    known.insert(wing.path);
    known.insert(RoomOf(wing.path));
  }
}

TEST(Layering, TheTableAllowsNothingThatNobodyDoes) { EXPECT_THAT(UnusedGrants(kWings, ReadRooms()), IsEmpty()); }

TEST(Layering, AGrantThatNobodyUsesIsFound) {
  const std::vector<Wing> table = {{"a/x", {}}, {"a/y", {"a/x"}}, {"b", {}}, {"b/z", {"b"}}, {"c", {"a", "b", "a/y"}}};
  const Sources sources = {{"a/y/u.cc", "#include \"a/x/u.h\"\n"}, {"c/u.cc", "#include \"a/x/u.h\"\n#include \"b/z/u.h\"\n"}};
  EXPECT_THAT(UnusedGrants(table, sources),
              ElementsAre("b/z does not use b", "c does not use a: a/y", "c does not use b", "c does not use a/y"));
}

TEST(Layering, AWrongArrowIsFound) {
  EXPECT_THAT(Violations({{"policy/text/a.cc",
                           "#include \"policy/text/a.h\"\n#include \"cluster/base/error.h\"\n"
                           "#include \"reward/grade/grade.h\"\n"}}),
              ElementsAre("policy/text/a.cc:3: reward/grade/grade.h: policy/text must not include from reward/grade"));
  EXPECT_THAT(Violations({{"cluster/base/a.cuh", "  #  include <cluster/host/x.h>  // why\n"}}),
              ElementsAre("cluster/base/a.cuh:1: cluster/host/x.h: cluster/base must not include from cluster/host"));
  EXPECT_THAT(Violations({{"orchestrator/job/a.cc", "#include \"workers/w.h\"\n#include <vector>\n#include \"reward/spec/x.h\"\n"}}),
              IsEmpty());
  EXPECT_THAT(Violations({{"policy/text/a.cc", "// #include \"reward/grade/grade.h\"\n"}}), IsEmpty());
  EXPECT_THAT(Violations({{"policy/attic/a.cc", "#include \"cluster/base/error.h\"\n"}}),
              ElementsAre("policy/attic/a.cc:1: cluster/base/error.h: its folder is no wing: add it to the table"));
  EXPECT_THAT(Violations({{"cli/a.cc", "#include \"policy/attic/a.h\"\n"}}),
              ElementsAre("cli/a.cc:1: policy/attic/a.h: there is no wing policy/attic"));
}

TEST(Layering, ACircleIsFound) {
  EXPECT_THAT(Circles({{"a/x.h", "#include \"a/y.h\"\n"}, {"a/y.h", ""}, {"a/y.cc", "#include \"a/y.h\"\n"}}), IsEmpty());
  EXPECT_THAT(
      Circles(
          {{"a/x.h", "#include \"a/y.h\"\n"}, {"a/y.h", ""}, {"a/y.cc", "#include \"b/z.inc\"\n"}, {"b/z.inc", "#include \"a/x.h\"\n"}}),
      ElementsAre("a/x -> a/y -> b/z -> a/x"));
}

TEST(Layering, WhatHasOutgrownItsWallsIsFound) {
  Sources sources;
  for (size_t i = 0; i <= kMaxUnits; ++i) sources["a/u" + std::to_string(i) + ".cc"] = sources["a/u" + std::to_string(i) + ".h"] = "";
  sources["b/long.cc"] = std::string(kMaxLines + 1, '\n');
  EXPECT_THAT(Outgrown(sources), ElementsAre("b/long.cc: 401 lines", "a/: 31 units"));
}

TEST(Layering, MachineHeadersStayInClusterSources) {
  EXPECT_THAT(Violations({{"cluster/bus/a.cc", "#include <mpi.h>\n#include <nccl.h>\n#include <zmq.h>\n"}}), IsEmpty());
  EXPECT_THAT(Violations({{"cluster/bus/a.h", "#include <mpi.h>\n"}}),
              ElementsAre("cluster/bus/a.h:1: mpi.h: belongs into a .cc of cluster"));
  EXPECT_THAT(
      Violations({{"workers/a.cc", "#include <zmq.hpp>\n#include \"nccl.h\"\n"}}),
      ElementsAre("workers/a.cc:1: zmq.hpp: belongs into a .cc of cluster", "workers/a.cc:2: nccl.h: belongs into a .cc of cluster"));
}

TEST(Layering, YamlStaysInOneFile) {
  EXPECT_THAT(Violations({{"cluster/config/node.cc", "#include <yaml-cpp/parser.h>\n"}}), IsEmpty());
  EXPECT_THAT(Violations({{"cluster/config/reader.cc", "#include <yaml-cpp/yaml.h>\n"}}),
              ElementsAre("cluster/config/reader.cc:1: yaml-cpp/yaml.h: belongs into cluster/config/node.cc"));
}

TEST(Layering, UmbrellaHeadersOfLibTorchAreFound) {
  EXPECT_THAT(Violations({{"learner/a.cc", "#include <torch/torch.h>\n"}}),
              ElementsAre("learner/a.cc:1: torch/torch.h: include the narrow headers it stands for"));
  EXPECT_THAT(Violations({{"learner/a.cc", "#include <ATen/core/Tensor.h>\n"}}), IsEmpty());
}

TEST(Layering, SpdlogBesideLibTorchIsFoundThroughHeaders) {
  EXPECT_THAT(Violations({{"cluster/base/l.h", "#include <spdlog/spdlog.h>\n"},
                          {"policy/model/a.h", "#include <ATen/core/Tensor.h>\n"},
                          {"policy/model/a.cc", "#include \"policy/model/a.h\"\n#include \"cluster/base/l.h\"\n"}}),
              ElementsAre("policy/model/a.cc: sees spdlog and LibTorch, which bring two versions of fmt"));
}

}  // namespace
}  // namespace temper

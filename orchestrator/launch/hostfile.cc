#include "orchestrator/launch/hostfile.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "cluster/base/error.h"
#include "cluster/base/file.h"

namespace temper {
namespace {

constexpr int kMaxSlots = 100'000;

int ParseSlots(const std::string& text, const std::string& where) {
  int slots = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), slots);
  if (failed != std::errc() || stop != text.data() + text.size() || slots < 1 || slots > kMaxSlots) {
    throw ConfigError(Concat(where, ": slots=", text, ": expected a number from 1 to ", kMaxSlots));
  }
  return slots;
}

}  // namespace

std::vector<HostSlots> ReadHostfile(const std::string& path) {
  std::istringstream file(ReadUserFile(path, {.what = "the hostfile", .hint = "a line a host, e.g.  node01 slots=8"}));
  std::vector<HostSlots> hosts;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string where = Concat(path, ":", ++number);
    std::istringstream words(line.substr(0, line.find('#')));
    std::string host;
    if (!(words >> host)) continue;
    int slots = 1;
    for (std::string word; words >> word;) {
      if (!word.starts_with("slots=")) throw ConfigError(Concat(where, ": ", word, ": expected slots=NUMBER after the host's name"));
      slots = ParseSlots(word.substr(6), where);
    }
    const auto known = std::find_if(hosts.begin(), hosts.end(), [&](const HostSlots& h) { return h.host == host; });
    if (known == hosts.end()) {
      hosts.push_back({host, slots});
    } else {
      known->slots += slots;
    }
  }
  if (hosts.empty()) throw ConfigError(Concat(path, ": names no host; a line a host, e.g.  node01 slots=8"));
  return hosts;
}

std::vector<std::string> HostsByRank(const std::vector<HostSlots>& hosts, int num_ranks, const std::string& path) {
  std::vector<std::string> by_rank;
  for (const HostSlots& host : hosts) by_rank.insert(by_rank.end(), static_cast<size_t>(host.slots), host.host);
  if (static_cast<int>(by_rank.size()) < num_ranks) {
    throw ConfigError(Concat(path, ": ", by_rank.size(), " slots, the job has ", num_ranks, " ranks; raise slots= or add hosts"));
  }
  by_rank.resize(static_cast<size_t>(num_ranks));
  return by_rank;
}

}  // namespace temper

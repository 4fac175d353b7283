#include "orchestrator/launch/hostfile.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>

#include <sys/mman.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/config/errors.h"

namespace temper {
namespace {

constexpr int kMaxSlots = 100'000;
constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
constexpr char kBlanks[] = " \t\r\v\f";

// mpirun's words for one thing.
const std::map<std::string, bool> kIsMaximum = {
    {"slots", false},    {"count", false},    {"cpu", false},      {"slots_max", true}, {"slots-max", true},
    {"max_slots", true}, {"max-slots", true}, {"count_max", true}, {"count-max", true}, {"max_count", true},
    {"max-count", true}, {"cpu_max", true},   {"cpu-max", true},   {"max_cpu", true},   {"max-cpu", true},
};

constexpr const char* kUserWords[] = {"username", "user-name", "user_name"};

// A line of the file, without its comment.
struct HostLine {
  std::string where;
  std::string host;
  std::string user;
  std::optional<int> slots;
  std::optional<int> max_slots;
};

// The words of a line; = is a word of its own.
std::vector<std::string> WordsOf(const std::string& line) {
  std::vector<std::string> words;
  for (size_t at = 0; (at = line.find_first_not_of(kBlanks, at)) != std::string::npos;) {
    const size_t end = line[at] == '=' ? at + 1 : std::min(line.find_first_of(std::string(kBlanks) + "=", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

int ParseSlots(const std::string& word, const std::string& text, const std::string& where) {
  int slots = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), slots);
  if (failed != std::errc() || stop != text.data() + text.size() || slots < 1 || slots > kMaxSlots) {
    throw ConfigError(Concat(where, ": ", word, "=", ShownText(text), ": expected a number from 1 to ", kMaxSlots));
  }
  return slots;
}

void CheckHostName(const std::string& host, const std::string& where) {
  constexpr char kAllowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  if (!host.empty() && host.size() <= 253 && host[0] != '-' && host[0] != '.' && host.find_first_not_of(kAllowed) == std::string::npos)
    return;
  throw ConfigError(Concat(where, ": ", ShownText(host), " is neither a host's name nor an IPv4 address"));
}

void SetUser(const std::string& user, HostLine* line) {
  constexpr char kAllowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (user.empty() || user.size() > 32 || user[0] == '-' || user.find_first_not_of(kAllowed) != std::string::npos)
    throw ConfigError(Concat(line->where, ": ", ShownText(user), " is not a user's name"));
  if (!line->user.empty()) throw ConfigError(Concat(line->where, ": a user is named twice"));
  line->user = user;
}

HostLine ParseLine(const std::vector<std::string>& words, const std::string& where) {
  HostLine line{.where = where, .host = words[0], .user = "", .slots = {}, .max_slots = {}};
  if (const size_t at = line.host.find('@'); at != std::string::npos) {
    SetUser(line.host.substr(0, at), &line);
    line.host.erase(0, at + 1);
  }
  CheckHostName(line.host, where);
  for (size_t i = 1; i < words.size(); i += 3) {
    if (std::count(std::begin(kUserWords), std::end(kUserWords), words[i]) > 0 && i + 2 < words.size() && words[i + 1] == "=") {
      SetUser(words[i + 2], &line);
      continue;
    }
    const auto known = kIsMaximum.find(words[i]);
    if (known == kIsMaximum.end() || i + 1 >= words.size() || words[i + 1] != "=") {
      throw ConfigError(Concat(where, ": ", ShownText(words[i]), ": expected slots=NUMBER or max_slots=NUMBER after the host's name"));
    }
    std::optional<int>& value = known->second ? line.max_slots : line.slots;
    if (value) throw ConfigError(Concat(where, ": ", words[i], "= is given twice"));
    value = ParseSlots(words[i], i + 2 < words.size() ? words[i + 2] : "", where);
  }
  if (line.slots && line.max_slots && *line.max_slots < *line.slots) {
    throw ConfigError(Concat(where, ": max_slots=", *line.max_slots, " is below slots=", *line.slots));
  }
  return line;
}

bool IsAddress(const std::string& host) { return host.find_first_not_of("0123456789.") == std::string::npos; }

// What mpirun tells hosts apart by.
std::string KeyOf(const std::string& host) { return IsAddress(host) ? host : host.substr(0, host.find('.')); }

// The host that mpirun runs on, as mpirun does.
void PutFirst(const std::string& here, std::vector<HostSlots>* hosts) {
  std::stable_partition(hosts->begin(), hosts->end(),
                        [&](const HostSlots& host) { return host.host == "localhost" || KeyOf(host.host) == KeyOf(here); });
}

// Adds a line's host, or its slots to those of the same host.
void Add(const HostLine& line, std::vector<HostSlots>* hosts, std::map<std::string, HostLine>* first_lines) {
  const auto [first, fresh] = first_lines->emplace(KeyOf(line.host), line);
  if (fresh) {
    hosts->push_back({line.host, line.slots.value_or(line.max_slots.value_or(1)), line.user});
    return;
  }
  const HostLine& before = first->second;
  const bool same = before.host == line.host || before.host == first->first || line.host == first->first;
  if (!same) {
    throw ConfigError(Concat(line.where, ": mpirun takes ", line.host, " and ", before.host, " for one host, ", first->first,
                             ": it reads a name up to its first dot; write their addresses instead"));
  }
  if (before.user != line.user) throw ConfigError(Concat(line.where, ": ", line.host, " has another user in ", before.where));
  if (before.slots || before.max_slots || line.slots || line.max_slots) {
    throw ConfigError(Concat(line.where, ": ", line.host, " stands in ", before.where,
                             " too; give a host one line with slots=, or one line without slots= for each rank"));
  }
  for (HostSlots& host : *hosts) {
    if (host.host == before.host) ++host.slots;
  }
}

}  // namespace

std::vector<HostSlots> ReadHostfile(const std::string& path) {
  std::string text = ReadUserFile(path, {.what = "the hostfile", .hint = "a line a host, e.g.  node01 slots=8"});
  if (text.starts_with(kByteOrderMark)) text.erase(0, sizeof(kByteOrderMark) - 1);
  std::vector<HostSlots> hosts;
  std::map<std::string, HostLine> first_lines;
  int number = 0;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    line = line.substr(0, std::min(line.find('#'), line.find("//")));
    const std::string where = Concat(path, ":", ++number);
    const std::vector<std::string> words = WordsOf(line);
    if (!words.empty()) Add(ParseLine(words, where), &hosts, &first_lines);
  }
  if (hosts.empty()) throw ConfigError(Concat(path, ": names no host; a line a host, e.g.  node01 slots=8"));
  return hosts;
}

std::string HostsArgument(const std::vector<HostSlots>& hosts) {
  std::string text;
  for (const HostSlots& host : hosts) text += Concat(text.empty() ? "" : ",", host.host, ":", host.slots);
  return text;
}

bool AnyUser(const std::vector<HostSlots>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(), [](const HostSlots& host) { return !host.user.empty(); });
}

MpirunHostfile::MpirunHostfile(std::vector<HostSlots> hosts, const std::string& here)
    : file_(memfd_create("temper-hostfile", MFD_CLOEXEC)) {
  TEMPER_CHECK(file_ >= 0, "cannot make a hostfile for mpirun: ", std::strerror(errno));
  PutFirst(here, &hosts);
  std::string text;
  for (const HostSlots& host : hosts) text += Concat(host.user, host.user.empty() ? "" : "@", host.host, " slots=", host.slots, "\n");
  TEMPER_CHECK(write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
               "cannot write a hostfile for mpirun: ", std::strerror(errno));
}

MpirunHostfile::~MpirunHostfile() { close(file_); }

std::string MpirunHostfile::path() const { return Concat("/proc/", getpid(), "/fd/", file_); }

std::vector<std::string> HostsByRank(std::vector<HostSlots> hosts, int num_ranks, const std::string& path, const std::string& here) {
  PutFirst(here, &hosts);
  std::vector<std::string> by_rank;
  for (const HostSlots& host : hosts) by_rank.insert(by_rank.end(), static_cast<size_t>(host.slots), host.host);
  if (static_cast<int>(by_rank.size()) < num_ranks) {
    throw ConfigError(Concat(path, ": ", by_rank.size(), " slots, the job has ", num_ranks, " ranks; raise slots= or add hosts"));
  }
  by_rank.resize(static_cast<size_t>(num_ranks));
  return by_rank;
}

}  // namespace temper

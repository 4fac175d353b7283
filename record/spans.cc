#include "record/spans.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <tuple>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/role.h"
#include "record/run_paths.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

constexpr char kSpansFormat[] = "temper-spans";
constexpr int kVersion = 2;  // 1 counted steps from 0

std::string HeaderLine() { return ordered_json({{"format", kSpansFormat}, {"version", kVersion}}).dump() + "\n"; }

ordered_json JsonOf(const Span& span) {
  const double count = std::isfinite(span.count) ? span.count : 0;
  return {span.name, static_cast<int>(span.lane), span.begin_us, span.duration_us, span.step, span.version, count};
}

Span SpanOf(const nlohmann::json& j) {
  Span span;
  span.name = j.at(0).get<std::string>();
  span.lane = j.at(1).get<int>() == Span::kPart ? Span::kPart : Span::kPhase;
  span.begin_us = j.at(2).get<int64_t>();
  span.duration_us = std::max<int64_t>(0, j.at(3).get<int64_t>());
  span.step = j.at(4).get<int64_t>();
  span.version = j.at(5).get<int64_t>();
  span.count = j.at(6).get<double>();
  return span;
}

TraceProcess* Find(TraceData* data, const TraceProcess& wanted) {
  for (TraceProcess& p : data->processes) {
    if (p.attempt == wanted.attempt && p.role == wanted.role && p.rank == wanted.rank && p.pid == wanted.pid && p.host == wanted.host)
      return &p;
  }
  data->processes.push_back(wanted);
  return &data->processes.back();
}

int64_t EndOf(const Span& span) { return span.begin_us + span.duration_us; }

void Tidy(std::vector<Span>* spans) {
  std::sort(spans->begin(), spans->end(), [](const Span& a, const Span& b) {
    return std::tie(a.lane, a.begin_us, a.duration_us) < std::tie(b.lane, b.begin_us, b.duration_us);
  });
  std::vector<Span> tidy;
  for (Span& span : *spans) {
    if (!tidy.empty() && tidy.back().lane == span.lane) {
      Span& before = tidy.back();
      if (span.lane == Span::kPhase && span.name == before.name && span.step == before.step && span.version == before.version &&
          std::abs(span.begin_us - EndOf(before)) <= 2000) {
        before.duration_us = std::max(before.duration_us, EndOf(span) - before.begin_us);
        before.count += span.count;
        continue;
      }
      // The offset of the clocks is estimated again with each report: what it moved back must not overlap.
      const int64_t overlap = EndOf(before) - span.begin_us;
      if (overlap > 0) {
        span.begin_us += overlap;
        span.duration_us = std::max<int64_t>(0, span.duration_us - overlap);
      }
    }
    tidy.push_back(std::move(span));
  }
  *spans = std::move(tidy);
}

// Of what is there: opening a pipe in a file's place would wait for ever, and a folder that cannot be read must not throw.
std::vector<std::string> SpanFiles(const std::string& run_folder) {
  const std::string path = RunPaths(run_folder).Spans();
  std::vector<std::string> files;
  for (const std::string& file : {path + ".1", path}) {
    std::error_code unreadable;
    if (std::filesystem::is_regular_file(file, unreadable)) files.push_back(file);
  }
  return files;
}

// One line of the file into the data. False when it is none.
bool AddLine(const std::string& line, TraceData* data) {
  const nlohmann::json j = nlohmann::json::parse(line, nullptr, false);
  if (!j.is_object()) return false;
  try {
    TraceProcess process;
    process.attempt = j.at("attempt").get<int64_t>();
    process.role = j.at("role").get<std::string>();
    process.rank = j.at("rank").get<int64_t>();
    process.peer = j.at("peer").get<std::string>();
    process.host = j.at("host").get<std::string>();
    process.pid = j.at("pid").get<int64_t>();
    std::vector<Span> spans;
    for (const nlohmann::json& span : j.at("spans")) spans.push_back(SpanOf(span));
    TraceProcess* known = Find(data, process);
    known->clock_error_us = j.at("clock_error_us").get<int64_t>();
    known->dropped = j.value("dropped", int64_t{0});
    known->spans.insert(known->spans.end(), spans.begin(), spans.end());
    if (const auto limit = j.find("max_staleness"); limit != j.end()) known->max_staleness.insert(limit->get<int64_t>());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

// Refuses a file whose first line, `header`, is not of this version.
void CheckHeader(const std::string& header, const std::string& path) {
  if (header + "\n" == HeaderLine()) return;
  const nlohmann::json found = nlohmann::json::parse(header, nullptr, false);
  const auto format = found.is_object() ? found.find("format") : found.end();
  const bool versioned = format != found.end() && *format == kSpansFormat && found.contains("version");
  throw ConfigError(Concat(path, ": spans ", versioned ? "of version " + found["version"].dump() : "without a version",
                           ", but this Temper reads version ", kVersion,
                           "; look at them with the Temper that wrote them, or move the file away"));
}

void ReadFile(const std::string& path, TraceData* data) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line) || in.eof()) return;  // nothing yet, or a header that is just being written
  CheckHeader(line, path);
  while (std::getline(in, line)) {
    if (!AddLine(line, data) && !in.eof()) ++data->damaged;  // the last line may just be written
  }
}

}  // namespace

std::string TraceProcess::Name() const {
  if (rank < 0) return Concat(role, " (joined) pid ", pid, " on ", host);
  return Concat(role, " rank ", rank, " on ", host);
}

BoundedFile MakeSpansFile(const std::string& run_folder, int64_t limit_bytes) {
  return BoundedFile(RunPaths(run_folder).Spans(), limit_bytes, HeaderLine());
}

std::string SpansLine(const TraceProcess& process) {
  ordered_json line;
  line["attempt"] = process.attempt;
  line["role"] = process.role;
  line["rank"] = process.rank;
  line["peer"] = process.peer;
  line["host"] = process.host;
  line["pid"] = process.pid;
  line["clock_error_us"] = process.clock_error_us;
  if (process.dropped > 0) line["dropped"] = process.dropped;
  if (!process.max_staleness.empty()) line["max_staleness"] = *process.max_staleness.rbegin();
  for (const Span& span : process.spans) line["spans"].push_back(JsonOf(span));
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void FinishTrace(TraceData* data) {
  for (TraceProcess& process : data->processes) Tidy(&process.spans);
  std::stable_sort(data->processes.begin(), data->processes.end(), [](const TraceProcess& a, const TraceProcess& b) {
    return std::make_tuple(OrderOf(a.role), a.rank < 0, a.rank, a.attempt, a.pid) <
           std::make_tuple(OrderOf(b.role), b.rank < 0, b.rank, b.attempt, b.pid);
  });
}

bool HasTrace(const std::string& run_folder) { return !SpanFiles(run_folder).empty(); }

TraceData ReadTrace(const std::string& run_folder, int64_t attempt) {
  const std::vector<std::string> files = SpanFiles(run_folder);
  if (files.empty()) {
    throw ConfigError(Concat(RunPaths(run_folder).Spans(), ": no spans that can be read; is ", run_folder,
                             " a run's folder, and was it run with monitor.cluster_log_s above 0?"));
  }
  TraceData data;
  for (const std::string& file : files) ReadFile(file, &data);
  if (attempt > 0) std::erase_if(data.processes, [&](const TraceProcess& p) { return p.attempt != attempt; });
  FinishTrace(&data);
  return data;
}

}  // namespace temper

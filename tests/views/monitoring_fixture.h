#pragma once

#include <string>
#include <vector>

#include "record/spans.h"

namespace temper {

// Hand-made traces, in milliseconds.
class TraceBuilder {
 public:
  TraceProcess* Process(const std::string& role, int64_t rank, const std::string& host = "n1") {
    TraceProcess process;
    process.role = role;
    process.rank = rank;
    process.host = host;
    process.pid = 100 + rank;
    data_.processes.push_back(process);
    return &data_.processes.back();
  }
  static void Add(TraceProcess* process, const std::string& name, int64_t begin_ms, int64_t end_ms, int64_t step = -1, double count = 0,
                  int64_t version = -1, Span::Lane lane = Span::kPhase) {
    process->spans.push_back({name, lane, begin_ms * 1000, (end_ms - begin_ms) * 1000, step, version, count});
  }
  TraceBuilder() { data_.processes.reserve(16); }
  TraceData Finished() {
    FinishTrace(&data_);
    return data_;
  }

 private:
  TraceData data_;
};

}  // namespace temper

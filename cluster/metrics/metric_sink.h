#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace temper {

// What is known of one step: names are those of the metric table.
struct StepRow {
  std::string stage = {};  // sft | rl | eval
  int64_t step = 0;        // its number (StepNumber), from 1; of eval the updates behind the weights
  double time = 0;         // s since 1970
  std::map<std::string, double> values = {};
  std::map<std::string, std::vector<double>> distributions = {};
  std::vector<std::pair<std::string, std::string>> texts = {};  // name -> Markdown: transcripts
};

// A place rows go to. Used by one thread.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual std::string Name() const = 0;  // what it is and where, for messages
  // Returns why the row could not be taken, "" = taken. Never throws for what the world did: a full disk, a folder that is gone.
  virtual std::string Write(const StepRow& row) = 0;
};

// Counts what sinks could not take, over all stages of a job: sys/sink_failures.
class SinkFailures {
 public:
  // Warns when a sink of this name begins to fail, counts what is lost. lost: 0 where what could not be written waits for the next try.
  void Report(const std::string& sink, const std::string& error, int64_t lost = 1);
  // Tells that a sink which failed is written again, and what it has missed; the next failure is news then.
  void Recovered(const std::string& sink);
  // Of what is written elsewhere, so far: cluster.jsonl, spans, status.json.
  void SetElsewhere(int64_t count) { elsewhere_ = count; }
  int64_t count() const { return count_ + elsewhere_; }

 private:
  std::map<std::string, int64_t> missed_;  // writes, by sink that fails now
  int64_t count_ = 0;
  int64_t elsewhere_ = 0;
};

// Gives each row to every sink. A dead sink never stops the job: it is reported to `failures`, and asked again at the next row.
class MetricSinks {
 public:
  explicit MetricSinks(SinkFailures* failures) : failures_(failures) {}  // borrowed
  void Add(std::unique_ptr<MetricSink> sink) { sinks_.push_back(std::move(sink)); }
  // Adds sys/sink_failures and hands the row out. Throws Error for a name that is not declared, before any sink has seen it.
  void Write(StepRow row);

 private:
  SinkFailures* failures_;
  std::vector<std::unique_ptr<MetricSink>> sinks_;
};

}  // namespace temper

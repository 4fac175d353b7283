#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cluster/metrics/metric_sink.h"

namespace temper {

struct EndpointOptions {
  std::string address = "127.0.0.1";
  int port = 0;                               // 0 = off
  std::map<std::string, std::string> labels;  // of every series: run, role, rank, host
};

// This process's metrics as Prometheus reads them: GET http://address:port/metrics. The owner's thread sets values, the library's own
// threads (started here: never before a fork) answer; memory and processor time are read when asked. Off, it does nothing.
//
// A port that cannot be had is a WARN and a count in sys/sink_failures, and the endpoint stays off. Names that the metric table does not
// have, or has as another kind, throw Error.
class MetricsEndpoint {
 public:
  explicit MetricsEndpoint(const EndpointOptions& options);
  ~MetricsEndpoint();
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

  bool on() const { return server_ != nullptr; }
  int port() const { return port_; }                // 0 when off
  std::string failure() const { return failure_; }  // why a wanted port could not be had, "" = nothing failed

  void Set(std::string_view name, double value);      // of a gauge, or the absolute count of a counter
  void Observe(std::string_view name, double value);  // one more value of a histogram; buckets are those of seconds
  // The values of a row, with its labels arm and stage, in place of those of the row before.
  void SetRow(const std::string& arm, const StepRow& row);

 private:
  struct Series;
  struct Server;
  std::shared_ptr<Series> series_;  // shared with the library, which holds it weakly
  std::unique_ptr<Server> server_;
  int port_ = 0;
  std::string failure_;
};

// The rows of one arm or stage, at the orchestrator's endpoint (borrowed).
class EndpointSink : public MetricSink {
 public:
  EndpointSink(MetricsEndpoint* endpoint, std::string arm) : endpoint_(endpoint), arm_(std::move(arm)) {}
  std::string Name() const override { return "Prometheus endpoint"; }
  std::string Write(const StepRow& row) override {
    endpoint_->SetRow(arm_, row);
    return "";
  }

 private:
  MetricsEndpoint* endpoint_;
  std::string arm_;
};

}  // namespace temper

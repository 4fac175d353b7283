#include "cluster/metrics/metrics_endpoint.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <netdb.h>
#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/host/process_stats.h"
#include "cluster/metrics/metric_table.h"

namespace temper {
namespace {

using prometheus::ClientMetric;
using Labels = std::map<std::string, std::string>;

constexpr int kMaxPort = 65535;
// A request that does not come to its end, by mistake or on purpose, holds a thread for so long; others are served beside it.
constexpr const char* kRequestTimeoutMs = "500";
constexpr const char* kThreads = "8";
constexpr auto kKnockAgain = std::chrono::milliseconds(5);
// Upper limits of the buckets of a live histogram, in seconds.
constexpr double kBuckets[] = {1e-4, 2.5e-4, 1e-3, 2.5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1, 2.5, 10, 25, 100};

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kHistogram:
      return prometheus::MetricType::Histogram;
    default:
      return prometheus::MetricType::Gauge;
  }
}

struct LiveHistogram {
  std::vector<uint64_t> counts = std::vector<uint64_t>(std::size(kBuckets) + 1);  // the last one is for what is above all limits
  double sum = 0;

  void Observe(double value) {
    ++counts[static_cast<size_t>(std::lower_bound(std::begin(kBuckets), std::end(kBuckets), value) - std::begin(kBuckets))];
    sum += value;
  }
  ClientMetric::Histogram Cumulated() const {
    ClientMetric::Histogram histogram;
    for (size_t i = 0; i < counts.size(); ++i) {
      histogram.sample_count += counts[i];
      const double limit = i < std::size(kBuckets) ? kBuckets[i] : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({histogram.sample_count, limit});
    }
    histogram.sample_sum = sum;
    return histogram;
  }
};

// Connects to whoever listens there, and leaves.
void Knock(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    (void)connect(fd, found->ai_addr, found->ai_addrlen);
    close(fd);
  }
  freeaddrinfo(found);
}

}  // namespace

// What is served, behind one mutex: the owner writes, the library's threads read.
struct MetricsEndpoint::Series : public prometheus::Collectable {
  explicit Series(Labels process_labels) : labels(std::move(process_labels)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Gathered gathered;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [name, value] : values) Add(name, value, {}, &gathered);
      for (const auto& [name, value] : row) Add(name, value, row_labels, &gathered);
      for (const auto& [name, histogram] : histograms) {
        ClientMetric metric = Labelled(FindMetric(name), {});
        metric.histogram = histogram.Cumulated();
        FamilyOf(*FindMetric(name).spec, &gathered).metric.push_back(std::move(metric));
      }
    }
    const ProcessStats stats = ReadProcessStats();
    Add("sys/rss_bytes", stats.rss_bytes, {}, &gathered);
    Add("sys/rss_peak_bytes", stats.rss_peak_bytes, {}, &gathered);
    Add("sys/cpu_s", stats.cpu_s, {}, &gathered);
    std::vector<prometheus::MetricFamily> families;
    for (auto& [spec, family] : gathered) families.push_back(std::move(family));
    return families;
  }

  mutable std::mutex mutex;
  const Labels labels;
  std::map<std::string, double, std::less<>> values;
  std::map<std::string, LiveHistogram, std::less<>> histograms;
  std::map<std::string, double> row;
  Labels row_labels;

 private:
  using Gathered = std::map<const MetricSpec*, prometheus::MetricFamily>;

  static prometheus::MetricFamily& FamilyOf(const MetricSpec& spec, Gathered* gathered) {
    prometheus::MetricFamily& family = (*gathered)[&spec];
    family.name = PrometheusName(spec);
    family.help = Concat(spec.name, " [", spec.unit, "]: ", spec.meaning);
    family.type = TypeOf(spec.kind);
    return family;
  }
  ClientMetric Labelled(const DeclaredMetric& metric, const Labels& more) const {
    ClientMetric labelled;
    for (const auto& [name, value] : labels) labelled.label.push_back({name, value});
    for (const auto& [name, value] : more) labelled.label.push_back({name, value});
    if (!metric.scope.empty()) labelled.label.push_back({std::string(ScopeWord(*metric.spec)), std::string(metric.scope)});
    return labelled;
  }
  void Add(std::string_view name, double value, const Labels& more, Gathered* gathered) const {
    const DeclaredMetric found = FindMetric(name);
    ClientMetric metric = Labelled(found, more);
    metric.gauge.value = metric.counter.value = value;
    FamilyOf(*found.spec, gathered).metric.push_back(std::move(metric));
  }
};

struct MetricsEndpoint::Server {
  Server(const std::string& listen_address, int listen_port)
      : address(listen_address),
        port(listen_port),
        exposer(std::make_unique<prometheus::Exposer>(std::vector<std::string>{"listening_ports", Concat(address, ":", port), "num_threads",
                                                                               kThreads, "request_timeout_ms", kRequestTimeoutMs,
                                                                               "enable_keep_alive", "no"})) {}
  // The library's listening thread looks every 2 s whether it shall end, and whenever somebody connects.
  ~Server() {
    const std::jthread knocking([this](const std::stop_token& stopped) {
      while (!stopped.stop_requested()) {
        Knock(address, port);
        std::this_thread::sleep_for(kKnockAgain);
      }
    });
    exposer.reset();
  }
  std::string address;
  int port;
  std::unique_ptr<prometheus::Exposer> exposer;
};

MetricsEndpoint::MetricsEndpoint(const EndpointOptions& options) : series_(std::make_shared<Series>(options.labels)) {
  if (options.port == 0) return;
  const std::string address = Concat(options.address, ":", options.port);
  if (options.port < 0 || options.port > kMaxPort) {
    failure_ = Concat(address, ": ports end at ", kMaxPort);
  } else {
    try {  // the library says so by throwing; a job does without the endpoint
      server_ = std::make_unique<Server>(options.address, options.port);
      server_->exposer->RegisterCollectable(series_);
      port_ = options.port;
    } catch (const std::exception& error) {
      server_.reset();
      failure_ = Concat("cannot listen on ", address, " (", error.what(), "), is it taken by another program?");
    }
  }
  if (on()) return;
  TEMPER_LOG(Warn, "Prometheus endpoint: ", failure_, "; this process has none (monitor.prometheus_port + rank)");
}

MetricsEndpoint::~MetricsEndpoint() = default;

// Both are called in inner loops, every decoding step and every graded completion: a name is looked up in the metric table only when it is
// new here.
void MetricsEndpoint::Set(std::string_view name, double value) {
  if (!on()) return;
  const std::lock_guard lock(series_->mutex);
  if (const auto found = series_->values.find(name); found != series_->values.end()) {
    found->second = value;
    return;
  }
  TEMPER_CHECK(RequireMetric(name).kind != MetricKind::kHistogram, "metric ", name, " is a histogram: Observe it");
  series_->values.emplace(name, value);
}

void MetricsEndpoint::Observe(std::string_view name, double value) {
  if (!on()) return;
  const std::lock_guard lock(series_->mutex);
  auto found = series_->histograms.find(name);
  if (found == series_->histograms.end()) {
    TEMPER_CHECK(RequireMetric(name).kind == MetricKind::kHistogram, "metric ", name, " is no histogram: Set it");
    found = series_->histograms.emplace(name, LiveHistogram{}).first;
  }
  found->second.Observe(value);
}

void MetricsEndpoint::SetRow(const std::string& arm, const StepRow& row) {
  if (!on()) return;
  std::map<std::string, double> values;
  for (const auto& [name, value] : row.values) {
    // What is also live belongs to the process, not to a row: memory is read when asked.
    if ((RequireMetric(name).places & kLive) == 0)
      values[name] = value;
    else if (name != "sys/rss_bytes" && name != "sys/rss_peak_bytes")
      Set(name, value);
  }
  const std::lock_guard lock(series_->mutex);
  series_->row = std::move(values);
  series_->row_labels = {{"arm", arm}, {"stage", row.stage}};
}

}  // namespace temper

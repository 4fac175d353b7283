#include "cluster/telemetry/telemetry_report.h"

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr uint16_t kVersion = 1;  // of the layout below
constexpr size_t kMaxText = 256;
constexpr size_t kMaxItems = 4096;

void PutSpan(const Span& span, ByteWriter* out) {
  out->PutString(span.name);
  out->Put(span.lane);
  out->Put(span.begin_us);
  out->Put(span.duration_us);
  out->Put(span.step);
  out->Put(span.version);
  out->Put(span.count);
}

std::string GetText(ByteReader* in) {
  std::string text = in->GetString();
  TEMPER_CHECK(text.size() <= kMaxText, "a text of ", text.size(), " bytes in a telemetry report");
  return text;
}

Span GetSpan(ByteReader* in) {
  Span span;
  span.name = GetText(in);
  span.lane = in->Get<Span::Lane>();
  TEMPER_CHECK(span.lane <= Span::kPart, "a span in lane ", static_cast<int>(span.lane));
  span.begin_us = in->Get<int64_t>();
  span.duration_us = in->Get<int64_t>();
  TEMPER_CHECK(span.duration_us >= 0, "a span of ", span.duration_us, " us");
  span.step = in->Get<int64_t>();
  span.version = in->Get<int64_t>();
  span.count = in->Get<double>();
  return span;
}

uint64_t GetItems(ByteReader* in) {
  const uint64_t count = in->GetCount(sizeof(int64_t));
  TEMPER_CHECK(count <= kMaxItems, count, " items in a telemetry report");
  return count;
}

}  // namespace

std::string TelemetryReport::Encode() const {
  ByteWriter out;
  out.Put(kVersion);
  out.PutString(host);
  out.Put(pid);
  out.Put(rank);
  out.PutString(state);
  for (const int64_t value : {state_age_us, step, policy_version}) out.Put(value);
  out.Put(units_per_s);
  out.Put<uint64_t>(gauges.size());
  for (const auto& [name, value] : gauges) {
    out.PutString(name);
    out.Put(value);
  }
  out.Put(cpu_percent);
  out.Put(rss_bytes);
  out.Put<uint64_t>(gpus.size());
  for (const GpuUse& gpu : gpus) {
    out.Put(gpu.index);
    out.Put(gpu.util_percent);
    out.Put(gpu.memory_used_bytes);
    out.Put(gpu.memory_total_bytes);
  }
  out.Put(clock_offset_us);
  out.Put(clock_error_us);
  out.Put<uint64_t>(spans.size());
  for (const Span& span : spans) PutSpan(span, &out);
  out.Put(spans_dropped);
  return out.Take();
}

TelemetryReport TelemetryReport::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  const auto version = in.Get<uint16_t>();
  TEMPER_CHECK(version == kVersion, "a telemetry report of layout ", version, ", this program knows ", kVersion,
               ": are all processes of the job of one build?");
  TelemetryReport r;
  r.host = GetText(&in);
  r.pid = in.Get<int64_t>();
  r.rank = in.Get<int64_t>();
  r.state = GetText(&in);
  for (int64_t* value : {&r.state_age_us, &r.step, &r.policy_version}) *value = in.Get<int64_t>();
  r.units_per_s = in.Get<double>();
  for (uint64_t n = GetItems(&in); n > 0; --n) {
    const std::string name = GetText(&in);
    r.gauges[name] = in.Get<double>();
  }
  r.cpu_percent = in.Get<double>();
  r.rss_bytes = in.Get<int64_t>();
  r.gpus.resize(GetItems(&in));
  for (GpuUse& gpu : r.gpus) {
    gpu.index = in.Get<int64_t>();
    gpu.util_percent = in.Get<double>();
    gpu.memory_used_bytes = in.Get<int64_t>();
    gpu.memory_total_bytes = in.Get<int64_t>();
  }
  r.clock_offset_us = in.Get<int64_t>();
  r.clock_error_us = in.Get<int64_t>();
  for (uint64_t n = GetItems(&in); n > 0; --n) r.spans.push_back(GetSpan(&in));
  r.spans_dropped = in.Get<int64_t>();
  in.ExpectEnd();
  return r;
}

}  // namespace temper

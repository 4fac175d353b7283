#include "cluster/metrics/event_encoding.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "cluster/metrics/crc32c.h"

namespace temper {
namespace {

constexpr int kWireVarint = 0, kWire64 = 1, kWireBytes = 2, kWire32 = 5;
constexpr size_t kBuckets = 30;

// Field numbers of the messages.
constexpr int kEventWallTime = 1, kEventStep = 2, kEventFileVersion = 3, kEventSummary = 5, kEventSessionLog = 7;
constexpr int kValueTag = 1, kValueSimple = 2, kValueHistogram = 5, kValueTensor = 8, kValueMetadata = 9;
constexpr uint64_t kSessionStart = 1;
constexpr int kDtString = 7;

template <typename T>
std::string LittleEndian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

std::string Event(double wall_time, int64_t step, int field, const ProtoMessage& content) {
  ProtoMessage event;
  event.Double(kEventWallTime, wall_time);
  if (step != 0) event.Varint(kEventStep, static_cast<uint64_t>(step));
  event.Message(field, content);
  return event.bytes();
}

// SummaryMetadata{plugin_data{plugin_name, content}}
ProtoMessage PluginMetadata(const std::string& plugin, const std::string& content) {
  ProtoMessage data;
  data.Bytes(1, plugin);
  if (!content.empty()) data.Bytes(2, content);
  ProtoMessage metadata;
  metadata.Message(1, data);
  return metadata;
}

// The range of the values in equal buckets, each with its upper limit. One bucket when all are equal.
ProtoMessage HistogramOf(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const size_t count = *low < *high ? kBuckets : 1;
  const double width = (*high - *low) / static_cast<double>(count);
  std::vector<double> limits, counts(count, 0);
  for (size_t i = 0; i < count; ++i) limits.push_back(i + 1 == count ? *high : *low + width * static_cast<double>(i + 1));
  double sum = 0, squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
    const auto bucket = width > 0 ? static_cast<size_t>((value - *low) / width) : 0;
    counts[std::min(bucket, count - 1)] += 1;
  }
  ProtoMessage histogram;
  histogram.Double(1, *low);
  histogram.Double(2, *high);
  histogram.Double(3, static_cast<double>(values.size()));
  histogram.Double(4, sum);
  histogram.Double(5, squares);
  histogram.PackedDoubles(6, limits);
  histogram.PackedDoubles(7, counts);
  return histogram;
}

// A setting as the plugin has it: its DataType, and its google.protobuf.Value.
struct Setting {
  uint64_t type = 0;
  ProtoMessage value;
};

Setting SettingOf(const std::string& text) {
  constexpr uint64_t kString = 1, kBool = 2, kFloat64 = 3;
  Setting setting;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (!text.empty() && *end == '\0' && std::isfinite(number)) {
    setting.type = kFloat64;
    setting.value.Double(2, number);
  } else if (text == "true" || text == "false") {
    setting.type = kBool;
    setting.value.Varint(4, text == "true" ? 1 : 0);
  } else {
    setting.type = kString;
    setting.value.Bytes(3, text);
  }
  return setting;
}

// One of the messages of the hparams plugin (2 experiment, 3 session start), under the tag it is looked for.
std::string HparamsEvent(double wall_time, const std::string& tag, int field, const ProtoMessage& content) {
  ProtoMessage data;
  data.Message(field, content);
  ProtoMessage value;
  value.Bytes(kValueTag, tag);
  value.Message(kValueMetadata, PluginMetadata("hparams", data.bytes()));
  ProtoMessage summary;
  summary.Message(1, value);
  return Event(wall_time, 0, kEventSummary, summary);
}

}  // namespace

void ProtoMessage::RawVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

void ProtoMessage::Tag(int field, int wire_type) { RawVarint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type)); }

void ProtoMessage::Varint(int field, uint64_t value) {
  Tag(field, kWireVarint);
  RawVarint(value);
}

void ProtoMessage::Double(int field, double value) {
  Tag(field, kWire64);
  bytes_ += LittleEndian(value);
}

void ProtoMessage::Float(int field, float value) {
  Tag(field, kWire32);
  bytes_ += LittleEndian(value);
}

void ProtoMessage::Bytes(int field, std::string_view value) {
  Tag(field, kWireBytes);
  RawVarint(value.size());
  bytes_ += value;
}

void ProtoMessage::PackedDoubles(int field, const std::vector<double>& values) {
  std::string packed;
  for (const double value : values) packed += LittleEndian(value);
  Bytes(field, packed);
}

std::string TfRecord(std::string_view data) {
  const std::string length = LittleEndian(static_cast<uint64_t>(data.size()));
  return length + LittleEndian(MaskedCrc32c(length)) + std::string(data) + LittleEndian(MaskedCrc32c(data));
}

std::string FileVersionEvent(double wall_time) {
  ProtoMessage event;
  event.Double(kEventWallTime, wall_time);
  event.Bytes(kEventFileVersion, "brain.Event:2");
  return event.bytes();
}

std::string RestartEvent(double wall_time, int64_t step) {
  ProtoMessage log;
  log.Varint(1, kSessionStart);
  return Event(wall_time, step, kEventSessionLog, log);
}

void SummaryEvent::Scalar(const std::string& tag, double value) {
  ProtoMessage entry;
  entry.Bytes(kValueTag, tag);
  entry.Float(kValueSimple, static_cast<float>(value));
  summary_.Message(1, entry);
}

void SummaryEvent::Histogram(const std::string& tag, const std::vector<double>& values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](double value) { return std::isfinite(value); });
  if (finite.empty()) return;
  ProtoMessage entry;
  entry.Bytes(kValueTag, tag);
  entry.Message(kValueHistogram, HistogramOf(finite));
  summary_.Message(1, entry);
}

void SummaryEvent::Text(const std::string& tag, const std::string& markdown) {
  ProtoMessage dimension;
  dimension.Varint(1, 1);
  ProtoMessage shape;
  shape.Message(2, dimension);
  ProtoMessage tensor;
  tensor.Varint(1, kDtString);
  tensor.Message(2, shape);
  tensor.Bytes(8, markdown);
  ProtoMessage entry;
  entry.Bytes(kValueTag, tag);
  entry.Message(kValueTensor, tensor);
  entry.Message(kValueMetadata, PluginMetadata("text", ""));
  summary_.Message(1, entry);
}

std::string SummaryEvent::Encode() const { return Event(wall_time_, step_, kEventSummary, summary_); }

// Experiment{time_created_secs 3, hparam_infos 4 [{name 1, type 4}], metric_infos 5 [{name 1 {tag 2}}]}
std::string HparamsExperimentEvent(double wall_time, const HparamsSession& session) {
  ProtoMessage experiment;
  experiment.Double(3, wall_time);
  for (const auto& [name, value] : session.values) {
    ProtoMessage info;
    info.Bytes(1, name);
    info.Varint(4, SettingOf(value).type);
    experiment.Message(4, info);
  }
  for (const std::string& tag : session.metrics) {
    ProtoMessage name, info;
    name.Bytes(2, tag);
    info.Message(1, name);
    experiment.Message(5, info);
  }
  return HparamsEvent(wall_time, "_hparams_/experiment", 2, experiment);
}

// SessionStartInfo{hparams 1 (a map), group_name 4, start_time_secs 5}
std::string HparamsStartEvent(double wall_time, const HparamsSession& session) {
  ProtoMessage start;
  for (const auto& [name, value] : session.values) {
    ProtoMessage entry;
    entry.Bytes(1, name);
    entry.Message(2, SettingOf(value).value);
    start.Message(1, entry);
  }
  start.Bytes(4, session.group);
  start.Double(5, wall_time);
  return HparamsEvent(wall_time, "_hparams_/session_start_info", 3, start);
}

}  // namespace temper

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// The bytes of TensorBoard's event files: TFRecords of Event messages (tensorboard/compat/proto/*.proto, plugins/hparams/api.proto), in
// protobuf's wire format, fields in ascending order as protobuf itself writes them.

// A protobuf message under construction. Fields that hold their default (0, "") are left out where proto3 does so.
class ProtoMessage {
 public:
  void Varint(int field, uint64_t value);
  void Double(int field, double value);
  void Float(int field, float value);
  void Bytes(int field, std::string_view value);
  void Message(int field, const ProtoMessage& value) { Bytes(field, value.bytes_); }
  void PackedDoubles(int field, const std::vector<double>& values);
  const std::string& bytes() const { return bytes_; }

 private:
  void Tag(int field, int wire_type);
  void RawVarint(uint64_t value);
  std::string bytes_;
};

// One record: length, its checksum, the data, its checksum.
std::string TfRecord(std::string_view data);

// Event messages. `wall_time` in s since 1970.
std::string FileVersionEvent(double wall_time);
// The stage begins at `step` (again): TensorBoard forgets what it has from there on.
std::string RestartEvent(double wall_time, int64_t step);

// The values of one step, each a Summary.Value.
class SummaryEvent {
 public:
  SummaryEvent(double wall_time, int64_t step) : wall_time_(wall_time), step_(step) {}
  void Scalar(const std::string& tag, double value);
  // Values that are not finite are left out; without any other there is no histogram. At most 30 buckets of equal width.
  void Histogram(const std::string& tag, const std::vector<double>& values);
  void Text(const std::string& tag, const std::string& markdown);
  std::string Encode() const;

 private:
  double wall_time_;
  int64_t step_;
  ProtoMessage summary_;
};

// The settings of a run for the HPARAMS tab: one event that declares names and metrics, one that gives this run's values. A value that
// reads as a number or as true/false is one.
struct HparamsSession {
  std::map<std::string, std::string> values;
  std::vector<std::string> metrics;  // tags to show beside them
  std::string group;                 // name of the run
};
std::string HparamsExperimentEvent(double wall_time, const HparamsSession& session);
std::string HparamsStartEvent(double wall_time, const HparamsSession& session);

}  // namespace temper

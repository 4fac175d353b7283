#include "record/journal.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"
#include "cluster/base/odd_file.h"
#include "cluster/base/step_number.h"

namespace temper {
namespace {

constexpr uint32_t kMaxRecordBytes = uint32_t{1} << 30;
constexpr size_t kHeadBytes = sizeof(uint32_t) + sizeof(uint64_t);
constexpr uint64_t kMaxHashedPerByte = 8;  // of the bytes behind damage, however they were made up
constexpr std::string_view kMagic = "TEMPERJL";
constexpr size_t kFileHeadBytes = kMagic.size() + 2 * sizeof(uint32_t);

std::string FileHead() {
  ByteWriter out;
  out.Put(kJournalVersion);
  out.Put(uint32_t{0});
  return std::string(kMagic) + out.Take();
}

bool AllZeros(const std::string& bytes) { return bytes.find_first_not_of('\0') == std::string::npos; }

// The first bytes of a file, at most `count`.
std::string FirstBytes(std::ifstream& file, size_t count) {
  std::string bytes(count, '\0');
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  file.clear();
  return bytes;
}

[[noreturn]] void RefuseVersion(const std::string& path, const std::string& found) {
  throw ConfigError(Concat("journal ", path, " is ", found, ", but this Temper reads version ", kJournalVersion,
                           "; go on with the Temper that wrote it, or start without it (--resume never)"));
}

std::string Encode(const JournalRecord& r) {
  ByteWriter out;
  out.Put(r.kind);
  out.Put(r.step);
  out.Put(r.group_id);
  out.PutString(r.prompt_id);
  out.PutString(r.payload);
  out.PutVector(r.consumed);
  return out.Take();
}

JournalRecord Decode(std::string_view bytes) {
  ByteReader in(bytes);
  JournalRecord r;
  r.kind = in.Get<JournalRecord::Kind>();
  r.step = in.Get<int64_t>();
  r.group_id = in.Get<uint64_t>();
  r.prompt_id = in.GetString();
  r.payload = in.GetString();
  r.consumed = in.GetVector<uint64_t>();
  in.ExpectEnd();
  return r;
}

// Whether `length` bytes that begin with those of `payload` can be a record's payload: its own counts must add up to just that. `payload`
// ends where the file does. A look at a few numbers, where the checksum would have to read all of it.
bool FitsARecord(std::string_view payload, uint64_t length) {
  constexpr uint64_t kFixed = sizeof(JournalRecord::Kind) + sizeof(int64_t) + sizeof(uint64_t);
  constexpr uint64_t kCount = sizeof(uint64_t);
  if (length < kFixed + 3 * kCount || length > payload.size()) return false;
  const auto kind = static_cast<uint8_t>(payload[0]);
  if (kind < static_cast<uint8_t>(JournalRecord::Kind::kAttempt) || kind > static_cast<uint8_t>(JournalRecord::Kind::kConsumed))
    return false;
  uint64_t at = kFixed;
  for (const uint64_t element : {sizeof(char), sizeof(char), sizeof(uint64_t)}) {  // prompt id, payload, consumed
    uint64_t count;
    if (length - at < kCount) return false;
    std::memcpy(&count, payload.data() + at, kCount);
    at += kCount;
    if (count > (length - at) / element) return false;
    at += count * element;
  }
  return at == length;
}

std::string ReadRest(std::ifstream& file, uint64_t offset, uint64_t size) {
  std::string rest(size - offset, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(rest.data(), static_cast<std::streamsize>(rest.size()));
  return rest;
}

// The payload of the record at the offset; false when it is cut short or its checksum does not hold.
bool ReadPayload(std::ifstream& file, uint64_t offset, uint64_t size, std::string* payload) {
  char head[kHeadBytes];
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  if (size < offset + kHeadBytes || !file.read(head, kHeadBytes)) return false;
  uint32_t length;
  uint64_t hash;
  std::memcpy(&length, head, sizeof(length));
  std::memcpy(&hash, head + sizeof(length), sizeof(hash));
  if (length > kMaxRecordBytes || length > size - offset - kHeadBytes) return false;
  payload->resize(length);
  file.read(payload->data(), length);
  return Hash64(*payload) == hash;
}

enum class FileHeadState { kWhole, kToBeWritten, kDamaged };

// Refuses a journal of another version. Zeros alone are what a power failure leaves of a journal that was just made. Behind a header that
// was of this version the first record is whole.
FileHeadState StateOfHead(std::ifstream& file, uint64_t size, const std::string& path) {
  const std::string head = FirstBytes(file, kFileHeadBytes);
  if (AllZeros(head) && AllZeros(FirstBytes(file, size))) return FileHeadState::kToBeWritten;
  if (FileHead().starts_with(head)) return head.size() == kFileHeadBytes ? FileHeadState::kWhole : FileHeadState::kToBeWritten;
  if (!head.starts_with(kMagic)) {
    std::string payload;
    if (ReadPayload(file, kFileHeadBytes, size, &payload)) return FileHeadState::kDamaged;
    RefuseVersion(path, "without a version");
  }
  if (head.size() < kFileHeadBytes) RefuseVersion(path, "of another version");
  ByteReader in(std::string_view(head).substr(kMagic.size()));
  const auto version = in.Get<uint32_t>();
  if (version != kJournalVersion) RefuseVersion(path, Concat("of version ", version));
  return FileHeadState::kDamaged;
}

uint64_t SizeOf(std::ifstream& file) {
  file.seekg(0, std::ios::end);
  return static_cast<uint64_t>(file.tellg());
}

// How the reading of a journal ended.
struct Reading {
  uint64_t torn = 0;                  // bytes of a torn last record or header
  std::optional<uint64_t> damage_at;  // the byte, where there is damage before that
};

constexpr char kNoJournal[] = "put the journal back, or move this away: the job then goes on from its newest checkpoint";

Reading ReadUpToDamage(const std::string& path, const std::function<void(const JournalRecord&)>& visit) {
  RefuseOddFile(path, kNoJournal);
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  const uint64_t size = SizeOf(file);
  const FileHeadState head = StateOfHead(file, size, path);
  if (head == FileHeadState::kToBeWritten) return {.torn = size, .damage_at = {}};
  if (head == FileHeadState::kDamaged) return {.torn = 0, .damage_at = 0};
  std::string payload;
  for (uint64_t offset = kFileHeadBytes; offset < size; offset += kHeadBytes + payload.size()) {
    if (ReadPayload(file, offset, size, &payload)) {
      visit(Decode(payload));
      continue;
    }
    // Only what was being written when the process died may be bad (cut short, or zeros after a power failure): nothing intact can follow.
    if (FindIntactRecord(ReadRest(file, offset + 1, size)).may_be_there) return {.torn = 0, .damage_at = offset};
    return {.torn = size - offset, .damage_at = {}};
  }
  return {};
}

}  // namespace

IntactRecord FindIntactRecord(std::string_view bytes) {
  IntactRecord found;
  for (size_t start = 0; start + kHeadBytes < bytes.size(); ++start) {
    uint32_t length;
    uint64_t hash;
    std::memcpy(&length, bytes.data() + start, sizeof(length));
    const std::string_view payload = bytes.substr(start + kHeadBytes);
    if (length > payload.size() || !FitsARecord(payload, length)) continue;
    found.hashed_bytes += length;
    std::memcpy(&hash, bytes.data() + start + sizeof(length), sizeof(hash));
    found.may_be_there = Hash64(payload.substr(0, length)) == hash || found.hashed_bytes > kMaxHashedPerByte * bytes.size();
    if (found.may_be_there) return found;
  }
  return found;
}

void CheckJournalVersion(const std::string& path) {
  RefuseOddFile(path, kNoJournal);
  std::ifstream file(path, std::ios::binary);
  if (file) StateOfHead(file, SizeOf(file), path);
}

uint64_t ReadJournal(const std::string& path, const std::function<void(const JournalRecord&)>& visit) {
  const Reading reading = ReadUpToDamage(path, visit);
  if (!reading.damage_at) return reading.torn;
  throw ConfigError(Concat("journal ", path, " is damaged at byte ", *reading.damage_at,
                           "; the next start of the job sets it aside and goes on from the newest checkpoint"));
}

bool SetAsideIfDamaged(const StagePaths& stage) {
  int64_t consumed = -1;
  const Reading reading = ReadUpToDamage(stage.Journal(), [&](const JournalRecord& record) {
    if (record.kind == JournalRecord::Kind::kConsumed) consumed = record.step;
  });
  if (!reading.damage_at) return false;
  int n = 1;
  while (std::filesystem::exists(stage.DamagedJournal(n))) ++n;
  std::filesystem::rename(stage.Journal(), stage.DamagedJournal(n));
  FlushToDisk(stage.JournalFolder());
  TEMPER_LOG(Warn, "journal ", stage.Journal(), " is damaged at byte ", *reading.damage_at, ", after its record of step ",
             StepNumber(consumed), ": renamed to ", stage.DamagedJournal(n),
             "; groups that were in flight are sampled again, and a new journal begins with the step that the newest checkpoint is of");
  return true;
}

Journal::Journal(const std::string& path) : path_(path) {
  const uint64_t torn = ReadJournal(path, [](const JournalRecord&) {});
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  TEMPER_CHECK(fd_ >= 0, "journal: cannot open ", path, ": ", std::strerror(errno));
  struct stat info {};
  TEMPER_CHECK(fstat(fd_, &info) == 0, "journal: cannot inspect ", path, ": ", std::strerror(errno));
  const off_t whole = info.st_size - static_cast<off_t>(torn);
  if (torn > 0) {
    TEMPER_CHECK(ftruncate(fd_, whole) == 0, "journal: cannot cut the torn end of ", path, ": ", std::strerror(errno));
    TEMPER_LOG(Warn, "journal ", path, ": cut a torn end of ", torn, " bytes");
  }
  if (whole > 0) return;
  Write(FileHead());
  Sync();
}

Journal::~Journal() {
  if (fd_ >= 0) close(fd_);
}

void Journal::Append(const JournalRecord& record) {
  const std::string payload = Encode(record);
  ByteWriter out;
  out.Put(static_cast<uint32_t>(payload.size()));
  out.Put<uint64_t>(Hash64(payload));
  Write(out.Take() + payload);
}

void Journal::Write(const std::string& bytes) {
  TEMPER_CHECK(WriteAll(fd_, bytes), "journal: writing ", path_, ": ", std::strerror(errno));
}

void Journal::Sync() { TEMPER_CHECK(fdatasync(fd_) == 0, "journal: flushing ", path_, ": ", std::strerror(errno)); }

std::map<uint64_t, RecoveredGroup> RecoverGroups(const std::string& path, int64_t first_step) {
  std::map<uint64_t, RecoveredGroup> groups;
  ReadJournal(path, [&](const JournalRecord& r) {
    using Kind = JournalRecord::Kind;
    if (r.kind == Kind::kAttempt || r.kind == Kind::kConsumed || static_cast<int64_t>(r.group_id >> 20) < first_step) return;
    RecoveredGroup& group = groups[r.group_id];
    if (r.kind == Kind::kIssued) group = {r.prompt_id, "", ""};
    if (r.kind == Kind::kGenerated) group.generated = r.payload;
    if (r.kind == Kind::kGraded) group.graded = r.payload;
  });
  return groups;
}

namespace {

// Follows a journal record by record, and notes what no job may do.
class JournalCheck {
 public:
  void Take(const JournalRecord& r) {
    switch (r.kind) {
      case JournalRecord::Kind::kAttempt:
        return Begin(r.step);
      case JournalRecord::Kind::kIssued:
        if (!issued_.insert(r.group_id).second) Violation("group ", r.group_id, " issued twice in one attempt");
        return;
      case JournalRecord::Kind::kGenerated:
        if (!issued_.contains(r.group_id)) Violation("group ", r.group_id, " generated but never issued");
        if (!generated_.insert(r.group_id).second) Violation("group ", r.group_id, " generated twice in one attempt");
        return;
      case JournalRecord::Kind::kGraded:
        if (!generated_.contains(r.group_id)) Violation("group ", r.group_id, " graded but never generated");
        if (!graded_.insert(r.group_id).second) Violation("group ", r.group_id, " graded twice in one attempt");
        return;
      case JournalRecord::Kind::kConsumed:
        return Consume(r);
    }
  }

  JournalSummary Summary() {
    std::set<uint64_t> consumed;
    int64_t expected = steps_.empty() ? 0 : steps_.begin()->first;
    for (const auto& [step, ids] : steps_) {
      if (step != expected++) Violation("step ", StepNumber(expected - 1), " was never consumed");
      for (const uint64_t id : ids) {
        if (!consumed.insert(id).second) Violation("group ", id, " consumed twice");
      }
    }
    summary_.issued = static_cast<int64_t>(issued_.size());
    summary_.generated = static_cast<int64_t>(generated_.size());
    summary_.graded = static_cast<int64_t>(graded_.size());
    summary_.consumed_groups = static_cast<int64_t>(consumed.size());
    summary_.consumed_steps = static_cast<int64_t>(steps_.size());
    return summary_;
  }

 private:
  template <typename... Words>
  void Violation(const Words&... words) {
    summary_.violations.push_back(Concat(words...));
  }

  // An attempt makes everything of its first step and later void.
  void Begin(int64_t step) {
    ++summary_.attempts;
    steps_.erase(steps_.lower_bound(step), steps_.end());
    for (auto* ids : {&issued_, &generated_, &graded_}) ids->erase(ids->lower_bound(static_cast<uint64_t>(step) << 20), ids->end());
  }

  void Consume(const JournalRecord& r) {
    if (!steps_.emplace(r.step, r.consumed).second) Violation("step ", StepNumber(r.step), " consumed twice");
    for (const uint64_t id : r.consumed) {
      if (!graded_.contains(id)) Violation("group ", id, " consumed without a grade");
    }
  }

  JournalSummary summary_;
  std::set<uint64_t> issued_, generated_, graded_;
  std::map<int64_t, std::vector<uint64_t>> steps_;
};

}  // namespace

JournalSummary SummarizeJournal(const std::string& path) {
  JournalCheck check;
  ReadJournal(path, [&check](const JournalRecord& r) { check.Take(r); });
  return check.Summary();
}

}  // namespace temper

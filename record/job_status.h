#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace temper {

// Where a job stands: what status.json holds. The orchestrator writes it every second; temper status and temper top read it.
struct JobStatus {
  std::string state = "starting";  // starting | running | done | preempted | failed | unhealthy
  std::string message;             // why it ended, unless done
  std::string missing;             // whom it waits for and who is not there; "" = nobody
  std::string run, host, endpoint;
  int64_t pid = 0;
  int64_t pid_start = 0;  // of the process, in clock ticks since the host's start: tells it from a later one with its number
  int64_t attempt = 1;    // starts of the run
  double started = 0;     // of the attempt, in seconds since 1970
  double updated = 0;     // when this was written
  std::string arm, stage;
  int64_t step = 0;       // of the stage, done
  int64_t steps = 0;      // of the stage; 0 = not known
  double eta_s = -1;      // until the stage's last step; -1 = not known
  double job_eta_s = -1;  // until the job's end; -1 = not known, as before the first step of every kind of stage
  std::string graded_by;  // what reward, safety and helpfulness are by, a sentence (record/grading.h); "" = not known
  int64_t policy_version = -1;
  std::map<std::string, double> last;      // of the last RL step: reward, safety, helpfulness, staleness_mean, staleness_max, step_s, ...
  std::map<std::string, int64_t> queues;   // rollout, reward: tasks nobody has; leased; groups_in_flight
  std::map<std::string, int64_t> workers;  // by role, alive; lost: since the start of the attempt
  std::map<std::string, std::string> versions;
  std::vector<std::string> warnings;

  double percent() const { return steps > 0 ? 100.0 * static_cast<double>(step) / static_cast<double>(steps) : 0; }
};

std::string ToJson(const JobStatus& status);  // indented, with a line end

// The metrics that a run's views draw curves of.
inline constexpr std::array kStatusCurves = {"reward/mean", "reward/safety_mean", "reward/helpfulness_mean", "actor/loss"};

// ToJson's text. Nothing, and why in `*problem` after `origin`, when it is malformed.
std::optional<JobStatus> ParseJobStatus(const std::string& text, const std::string& origin, std::string* problem);
// From the run's folder. Nothing, and why in `*problem`, when there is no status.json or it is
// malformed.
std::optional<JobStatus> ReadJobStatus(const std::string& run_folder, std::string* problem);

// Whether the run's status says that its job came to its end.
bool IsDone(const std::string& run_folder);

// Whether the job that wrote the status is there.
enum class JobLife {
  kAlive,    // its process runs on this host, or the status is fresh
  kWaiting,  // as kAlive, but it waits for somebody who is not there
  kDead,     // its process is gone without having said why
  kUnknown,  // of another host, and silent for longer than kSilentSeconds
  kEnded,    // it said how it ended
};
inline constexpr double kSilentSeconds = 30;
inline bool IsThere(JobLife life) { return life == JobLife::kAlive || life == JobLife::kWaiting; }
// now: seconds since 1970; host: of the caller.
JobLife LifeOf(const JobStatus& status, double now, const std::string& host);

// Field 22 of /proc/PID/stat; -1 when there is no such process, or it has ended.
int64_t ProcessStart(int64_t pid);

}  // namespace temper

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/job_process.h"

namespace temper::testing {

// One run of the temper program on tiny.yaml in a folder of its own, removed with the object. The folder's name stands in the command line
// of every process of the run, so that they can be found and counted.
class TinyJob {
 public:
  // name: of the run's folder; overrides: a.b=value. Jobs of the same name are the same run: the second goes on with the first.
  explicit TinyJob(std::string name, std::vector<std::string> overrides = {});
  ~TinyJob();
  TinyJob(const TinyJob&) = delete;
  TinyJob& operator=(const TinyJob&) = delete;

  const std::string& folder() const { return folder_; }  // of the run
  const std::string& dir() const { return dir_; }        // run.dir, the folder around it
  std::string config = TEMPER_SOURCE_DIR "/tests/cluster_of_processes/tiny.yaml";
  std::vector<std::string> overrides;

  std::unique_ptr<JobProcess> StartMpirun(int ranks);
  std::unique_ptr<JobProcess> StartInProcess();  // all roles in one process
  std::unique_ptr<JobProcess> StartLaunch();
  // Runs to the end; the output is in output(). The exit code, or -1 (with a test failure) when it took longer than the deadline. Fails the
  // test when a process of the run is left behind.
  int Run(int ranks, Seconds deadline = Seconds(90));
  int Finish(JobProcess* process, Seconds deadline = Seconds(90));
  const std::string& output() const { return output_; }

  // Roles by rank, from the layout that the job printed.
  std::vector<std::string> PrintedLayout() const;
  int64_t NewestCheckpoint(const std::string& stage) const;    // steps of the newest one in the stage's folder ("sft", an arm); 0 = none
  std::string Weights(const std::string& arm = "main") const;  // bytes of the only trained model of the arm; fails the test if absent
  std::vector<nlohmann::json> Rows(const std::string& file) const;  // of a JSONL file in the run's folder
  std::vector<nlohmann::json> RlRows(const std::string& arm = "main") const { return Rows(arm + "/metrics.jsonl"); }
  // What `temper journal` prints: attempts, steps, issued, generated, graded, consumed, violations.
  std::map<std::string, int64_t> Journal(const std::string& arm = "main") const;
  std::string Log(const std::string& role) const;  // all of a role's logs, of every attempt

  // Waits for the step's metrics row, and then keeps the job from getting further than the step after it until Release: its rollout workers
  // are stopped (SIGSTOP) as soon as the row is there. However slow the machine is, what the test does next finds the job in its middle.
  // False when the deadline passed first.
  bool HoldAtRlStep(int64_t step, Seconds deadline = Seconds(60));
  bool HoldWhen(const std::function<bool()>& condition, Seconds deadline = Seconds(60));  // in place of a row
  bool HoldAtSftStep(int64_t step, Seconds deadline = Seconds(60));                       // stops the learner of rank 1
  void Release();
  std::vector<pid_t> Workers(const std::string& role) const;  // `temper worker` processes
  pid_t Rank(int rank) const;                                 // 0 when there is none

 private:
  std::unique_ptr<JobProcess> Start(const std::vector<std::string>& command);
  // Stops what `find` finds as soon as `condition` holds. The processes are looked for before: that takes time.
  bool Hold(const std::function<std::vector<pid_t>()>& find, const std::function<bool()>& condition, Seconds deadline);
  bool HasRows(const std::string& file, int64_t more_than) const;

  std::string dir_;
  std::string folder_;
  std::string shared_memory_;
  std::string output_;
  std::vector<pid_t> held_;
};

// The checks that every finished run passes: all metrics rows once, a clean journal in which every group was consumed at most once, an
// audit row for each completion trained on, report files, no process left.
void ExpectComplete(const TinyJob& job, int64_t steps, int64_t group_size, const std::string& arm = "main");

}  // namespace temper::testing

#include "views/live/job_connection.h"

#include <cstdlib>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "record/rendezvous.h"

namespace temper {
namespace {

bool IsEndpoint(const std::string& connect) { return connect.find("://") != std::string::npos; }

BusContact ContactOf(const std::string& connect) {
  if (IsEndpoint(connect)) {
    const char* keys = std::getenv(kBusKeysVariable);
    return {connect, 0, BusKeys::Decode(keys == nullptr ? "" : keys, kBusKeysVariable)};
  }
  const auto contact = ReadRendezvous(connect);
  if (!contact) throw ConfigError(Concat("--connect ", connect, ": no job runs there (a run folder has a rendezvous.json while one does)"));
  return *contact;
}

}  // namespace

JobConnection::JobConnection(std::string connect)
    : connect_(std::move(connect)), contact_(ContactOf(connect_)), observer_(std::make_unique<BusObserver>(contact_)) {}

// A job that was started again has another bus. True when there is one.
bool JobConnection::Follow() {
  if (IsEndpoint(connect_)) return false;
  const auto contact = ReadRendezvous(connect_);
  if (!contact || contact->run_id == contact_.run_id) return false;
  contact_ = *contact;
  observer_ = std::make_unique<BusObserver>(contact_);
  return true;
}

RunView JobConnection::Look(std::chrono::milliseconds deadline) {
  std::string problem;
  try {
    if (auto answer = observer_->Ask(deadline, &problem)) {
      answer_ = std::move(*answer);
      answered_at_ = NowSeconds();
    } else {
      Follow();
    }
  } catch (const ConfigError& error) {
    if (!Follow()) throw;
    problem = error.what();
  }
  RunView view;
  if (!answer_.empty()) view = ViewOfPicture(answer_, NowSeconds() - answered_at_);
  if (view.folder.empty()) view.folder = contact_.endpoint;
  if (!problem.empty()) view.problems.insert(view.problems.begin(), problem);
  return view;
}

WatchedRun::WatchedRun(const std::string& command, const std::string& run_folder, const std::string& connect) : run_folder_(run_folder) {
  if (run_folder.empty() == connect.empty()) throw ConfigError(Concat(command, ": name a run's folder, or a running job with --connect"));
  if (!connect.empty()) job_ = std::make_unique<JobConnection>(connect);
}

RunView WatchedRun::Look(std::chrono::milliseconds deadline) { return job_ ? job_->Look(deadline) : ReadRun(run_folder_); }

}  // namespace temper

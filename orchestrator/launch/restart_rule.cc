#include "orchestrator/launch/restart_rule.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr int kMaxRestartsWithoutProgress = 3;
constexpr int kMaxWaitSeconds = 60;

bool IsFinal(int code) { return code == kExitDone || code == kExitConfig || code == kExitPreempted || code == kExitUnhealthy; }

}  // namespace

AfterJob RestartRule::After(int exit_code, bool stop_asked, bool progress) {
  if (IsFinal(exit_code)) return {AfterJob::Next::kEnd, exit_code};
  if (stop_asked) return {AfterJob::Next::kEnd, kExitRetry};  // mpirun's own code after a second signal would mean nothing to whoever asks
  without_progress_ = progress ? 0 : without_progress_ + 1;
  if (without_progress_ >= kMaxRestartsWithoutProgress) return {AfterJob::Next::kGiveUp, kExitRetry};
  return {AfterJob::Next::kRestart, 0, std::min(kMaxWaitSeconds, 1 << without_progress_)};
}

}  // namespace temper

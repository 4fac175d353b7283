#include "reward/graders/panel.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr std::chrono::milliseconds kLookAround{2};

class Panel : public Grader {
 public:
  explicit Panel(const GraderPlan& plan) : plan_(plan) {
    for (const GraderConfig& config : plan_.graders) {
      members_.push_back({&config, MakeGrader(config), {}});
      id_ += Concat(id_.empty() ? "" : " + ", config.name, "=", members_.back().grader->id());
    }
  }

  Handle Start(std::vector<GradeRequest> requests) override {
    const Handle handle = ++last_;
    Batch& batch = batches_[handle];
    for (const GradeRequest& request : requests) batch.categories.push_back(request.category);
    batch.said.resize(requests.size(), std::vector<std::optional<Grade>>(members_.size()));
    for (size_t m = 0; m < members_.size(); ++m) {
      Asked asked{handle, {}, NowSeconds()};
      std::vector<GradeRequest> subset;
      for (size_t i = 0; i < requests.size(); ++i) {
        if (!AllHold(members_[m].config->only, requests[i])) continue;
        asked.places.push_back(i);
        subset.push_back(requests[i]);
      }
      if (subset.empty()) continue;
      ++batch.open;
      members_[m].asked[members_[m].grader->Start(std::move(subset))] = std::move(asked);
    }
    return handle;
  }

  std::vector<Finished> Collect(std::chrono::milliseconds timeout) override {
    const double until = NowSeconds() + 1e-3 * static_cast<double>(timeout.count());
    for (bool first = true;; first = false) {
      for (size_t m = 0; m < members_.size(); ++m) CollectOf(m, first ? std::chrono::milliseconds(0) : kLookAround);
      std::vector<Finished> finished = TakeFinished();
      if (!finished.empty() || batches_.empty() || NowSeconds() >= until) return finished;
    }
  }

  std::string id() const override { return id_; }

 private:
  // Requests in a member's hands.
  struct Asked {
    Handle batch = 0;
    std::vector<size_t> places;  // of the batch's requests
    double since = 0;
  };
  struct Member {
    const GraderConfig* config = nullptr;
    std::unique_ptr<Grader> grader;
    std::map<Handle, Asked> asked;
  };
  struct Batch {
    std::vector<std::string> categories;                  // of each request
    std::vector<std::vector<std::optional<Grade>>> said;  // [request][member]; none = the member is not for it
    size_t open = 0;                                      // members that have not answered
  };

  void CollectOf(size_t m, std::chrono::milliseconds wait) {
    Member& member = members_[m];
    if (member.asked.empty()) return;
    for (Finished& finished : member.grader->Collect(wait)) {
      const auto found = member.asked.find(finished.handle);
      if (found == member.asked.end()) continue;  // given up meanwhile
      Settle(m, found->second, std::move(finished.grades));
      member.asked.erase(found);
    }
    for (auto each = member.asked.begin(); each != member.asked.end();) {
      const double waited = NowSeconds() - each->second.since;
      if (waited < member.config->deadline_s) {
        ++each;
        continue;
      }
      const Grade late = OverdueGrade(*member.grader, waited, member.config->deadline_s);
      Settle(m, each->second, std::vector<Grade>(each->second.places.size(), late));
      each = member.asked.erase(each);
    }
  }

  void Settle(size_t m, const Asked& asked, std::vector<Grade> grades) {
    const auto batch = batches_.find(asked.batch);
    if (batch == batches_.end()) return;
    for (size_t i = 0; i < asked.places.size(); ++i) batch->second.said[asked.places[i]][m] = std::move(grades.at(i));
    --batch->second.open;
  }

  std::vector<Finished> TakeFinished() {
    std::vector<Finished> finished;
    for (auto batch = batches_.begin(); batch != batches_.end();) {
      if (batch->second.open > 0) {
        ++batch;
        continue;
      }
      finished.push_back({batch->first, Combined(&batch->second)});
      batch = batches_.erase(batch);
    }
    return finished;
  }

  std::vector<Grade> Combined(Batch* batch) const {
    std::vector<Grade> grades;
    for (size_t i = 0; i < batch->said.size(); ++i) {
      std::vector<Said> said;
      for (size_t m = 0; m < members_.size(); ++m)
        if (batch->said[i][m]) said.push_back({members_[m].config, std::move(*batch->said[i][m])});
      grades.push_back(Combine(plan_.combine, batch->categories[i], said));
      grades.back().grader = id_;
    }
    return grades;
  }

  const GraderPlan plan_;
  std::vector<Member> members_;
  std::string id_;
  std::map<Handle, Batch> batches_;
  Handle last_ = 0;
};

bool SaysAllOfEveryRow(const GraderConfig& config) {
  return config.steers && config.only.empty() && config.gives.size() == static_cast<size_t>(kNumGradeParts);
}

}  // namespace

std::unique_ptr<Grader> MakeGraders(const GraderPlan& plan) {
  TEMPER_CHECK(!plan.graders.empty(), "the orchestrator names no grader");
  if (plan.graders.size() == 1 && SaysAllOfEveryRow(plan.graders[0])) return MakeGrader(plan.graders[0]);
  return std::make_unique<Panel>(plan);
}

}  // namespace temper

#include "learner/global_stats.h"

#include <algorithm>
#include <cmath>

namespace temper {

GlobalStats::GlobalStats(const std::vector<std::string>& sums, const std::vector<std::string>& maxima) {
  for (const std::string& name : sums) sums_[name] = 0;
  for (const std::string& name : maxima) maxima_[name] = 0;
}

void GlobalStats::Max(const std::string& name, double value) {
  double& largest = maxima_.at(name);
  // NaN wins and stays, so that a broken figure is seen.
  if (value > largest || std::isnan(value)) largest = value;
}

void GlobalStats::AllReduce(Communicator& communicator, const std::string& operation) {
  // The communicator adds only: every learner writes its maxima into its own slots of an otherwise zero table.
  const size_t slots = maxima_.size();
  std::vector<double> wire(sums_.size() + slots * communicator.size(), 0.0);
  size_t at = 0;
  for (const auto& [name, value] : sums_) wire[at++] = value;
  at += slots * communicator.rank();
  for (const auto& [name, value] : maxima_) wire[at++] = value;
  communicator.AllReduceSum(wire.data(), wire.size(), operation);
  at = 0;
  for (auto& [name, value] : sums_) value = wire[at++];
  for (auto& [name, value] : maxima_) value = 0;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    for (const auto& [name, value] : maxima_) Max(name, wire[at++]);
  }
}

}  // namespace temper

#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/collectives/communicator.h"

namespace temper {

// Named figures that are added up, or whose largest is taken, over micro-batches and then over learners. Every learner names the same
// figures, whether it has data or not, so that one collective carries them all.
class GlobalStats {
 public:
  // Sums start at 0, maxima at 0 (they are for figures that are never negative).
  GlobalStats(const std::vector<std::string>& sums, const std::vector<std::string>& maxima);

  void Add(const std::string& name, double value) { sums_.at(name) += value; }
  void Max(const std::string& name, double value);
  // Afterwards the getters answer for all learners. Call once.
  void AllReduce(Communicator& communicator, const std::string& operation);

  double sum(const std::string& name) const { return sums_.at(name); }
  double max(const std::string& name) const { return maxima_.at(name); }
  const std::map<std::string, double>& maxima() const { return maxima_; }

 private:
  std::map<std::string, double> sums_, maxima_;
};

}  // namespace temper

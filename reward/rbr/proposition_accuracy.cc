#include "reward/rbr/proposition_accuracy.h"

#include "cluster/base/error.h"

namespace temper {

std::vector<PropositionAccuracy> MeasurePropositions(const std::vector<std::map<std::string, double>>& said_by_people,
                                                     const std::vector<std::map<std::string, double>>& values) {
  TEMPER_CHECK(said_by_people.size() == values.size(), said_by_people.size(), " rows of people beside ", values.size());
  std::map<std::string, PropositionAccuracy> measured;
  for (size_t i = 0; i < values.size(); ++i) {
    for (const auto& [name, truth] : said_by_people[i]) {
      const auto value = values[i].find(name);
      if (value == values[i].end()) continue;
      PropositionAccuracy& entry = measured[name];
      const bool yes = truth >= 0.5, says = value->second >= 0.5;
      ++entry.rows;
      entry.yes += yes;
      entry.said_yes += says;
      entry.right += yes == says;
      entry.true_positives += yes && says;
    }
  }
  std::vector<PropositionAccuracy> all;
  for (auto& [name, entry] : measured) {
    entry.proposition = name;
    all.push_back(entry);
  }
  return all;
}

}  // namespace temper

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace temper {

// How well one proposition agrees with people's yes and no.
struct PropositionAccuracy {
  std::string proposition;
  int64_t rows = 0;
  int64_t yes = 0;             // people's
  int64_t right = 0;           // value >= 0.5 where they said yes, below where they said no
  int64_t true_positives = 0;  // both say yes
  int64_t said_yes = 0;        // the value's

  double accuracy() const { return Share(right, rows); }
  double majority() const { return Share(yes * 2 > rows ? yes : rows - yes, rows); }  // always saying what people say most
  double precision() const { return Share(true_positives, said_yes); }
  double recall() const { return Share(true_positives, yes); }
  double f1() const { return Share(2 * true_positives, yes + said_yes); }

 private:
  static double Share(int64_t part, int64_t of) { return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of); }
};

// Of each proposition that people said something of and that has values; by name.
std::vector<PropositionAccuracy> MeasurePropositions(const std::vector<std::map<std::string, double>>& said_by_people,
                                                     const std::vector<std::map<std::string, double>>& values);

}  // namespace temper

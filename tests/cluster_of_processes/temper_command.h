#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {

// What a command left behind.
struct Printed {
  int code = -1;
  std::string text;
};

// `temper` with these words, run to its end beside the job.
inline Printed Temper(const TinyJob& job, std::vector<std::string> words) {
  words.insert(words.begin(), TEMPER_BINARY);
  JobProcess process(words, job.dir() + "/command.txt");
  Printed printed;
  printed.code = process.Wait(Seconds(20)).value_or(-1);
  printed.text = process.Output();
  return printed;
}

}  // namespace temper::testing

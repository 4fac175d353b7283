#pragma once

#include <string>
#include <string_view>

namespace temper {

// What of mpirun's error output is worth a user's while. When a job ends with an exit code of its
// own, mpirun prints one or two boxes about it. They stand between rules of dashes, under the line
// in which the job has said what was wrong. Those boxes are left out; of the one about a rank that
// died of a signal the sentence is kept. Everything else goes through untouched and at once,
// mpirun's own failures too. (`mpirun --quiet` would leave those out as well.) Known to Open MPI
// 4.1; a box of other words is shown.
class MpirunOutput {
 public:
  std::string Feed(std::string_view bytes);  // what to print now
  std::string Finish();                      // what is still held back; call at the end

 private:
  std::string EndLine();

  std::string line_;      // so far, where it may turn out to be mpirun's
  std::string box_;       // from its first rule on; "" outside a box
  bool passing_ = false;  // the rest of this line goes through
};

}  // namespace temper

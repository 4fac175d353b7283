#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace temper {

struct ComposerOptions {
  std::string type = "safe_completion";  // safe_completion | refusal_baseline | weighted | lagrangian
  double weight_helpfulness = 1.0;       // weighted: r = w_h h + w_s s
  double weight_safety = 1.0;
  // Controls, off by default: they change what is rewarded so that a run can be seen to follow its reward.
  std::string safety_control = "none";       // none | invert (1 - s) | one (s = 1)
  std::string helpfulness_control = "none";  // none | one (h = 1)
  // lagrangian: r = h with costs; per constraint a limit on the mean cost. Known costs: safety (1 - s), over_refusal (0 or 1).
  std::map<std::string, double> cost_limits;
  double lambda_init = 1.0;
  double lambda_lr = 0.05;
  double lambda_max = 10.0;
  int64_t lambda_window = 128;  // episodes the mean cost is taken over
};

}  // namespace temper

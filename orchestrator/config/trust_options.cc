#include "orchestrator/config/trust_options.h"

namespace temper {

void Describe(GoldConfig& c, ConfigFields& f) {
  f.Path(
      "path", &c.path,
      "answers that people labelled harmful or not (.jsonl, .json or .csv): some are graded in every RL step as if they were the policy's, "
      "and never learned from; empty = none");
  f.String("prompt", &c.prompt, "column of the prompt");
  f.String("response", &c.response, "column of the answer");
  f.String("label", &c.label, "column that says whether the answer is harmful: yes, no, true, false or a number");
  f.String("category", &c.category, "column of the policy spec's category; empty = none");
  f.Real("yes_from", &c.yes_from, {-1e9, 1e9}, "a number of at least so much in the label's column is a yes");
  f.Int("per_step", &c.per_step, {1, 10'000}, "probes a step, drawn with replacement");
  f.Real(
      "flip_rate", &c.flip_rate, {0.01, 1},
      "share of turned verdicts that the drift test is tuned to find; fewer takes it longer, more is found sooner. Any alarm in a run in "
      "which the grader stays as it is has a chance of at most 1 %");
  f.Real("floor", &c.floor, {0, 1}, "also an alarm: accuracy over the probes of the last floor_steps steps below this; 0 = none");
  f.Int("floor_steps", &c.floor_steps, {1, 1'000'000}, "steps that gold/accuracy_recent and floor look at");
  f.Enum("on_drift", &c.on_drift,
         "what an alarm does: warn, or stop, which ends the run with exit code 76 before the step is learned from");
}

void Describe(NoiseConfig& c, ConfigFields& f) {
  f.Real("flip_safe", &c.flip_safe, {0, 1}, "share of answers without a violation that count as one of high severity");
  f.Real("flip_unsafe", &c.flip_unsafe, {0, 1}, "share of violations that count as none");
  f.Int("from_step", &c.from_step, {1, 1'000'000'000}, "first RL step with flips, counted from 1");
}

}  // namespace temper

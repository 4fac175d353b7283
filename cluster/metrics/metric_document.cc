#include "cluster/metrics/metric_document.h"

#include "cluster/base/error.h"
#include "cluster/metrics/metric_table.h"

namespace temper {
namespace {

constexpr const char* kHead = R"(# Metrics

<!-- Generated from the table in cluster/metrics/ by `temper metrics`: do not edit, run `./dev metrics`. -->

Every number a job writes is declared once, in the table this page is made from (`cluster/metrics/metric_table_*.cc`); a sink refuses a name that is
not in it. Sinks are

| sink | place | what |
|---|---|---|
| `metrics.jsonl`, `eval_metrics.jsonl` | `<run>/<arm>/`, `<run>/sft/` | one JSON object a step: `stage`, `step`, `time` (UTC) and the values. `step` counts from 1: the row of step N is of the update that makes `weights/step_N` (in `eval_metrics.jsonl`: the updates behind the weights). What is not finite is `null`, its name stands in `nonfinite` |
| TensorBoard | `<run>/tb/<stage or arm>/` | the same values as scalars, distributions as histograms, transcripts of `monitor.traces_every` as text, the settings as hparams: `tensorboard --logdir <run>/tb` |
| Prometheus | `http://monitor.prometheus_address:monitor.prometheus_port + rank/metrics` of every process | the rows as gauges at the orchestrator, *live* metrics at each process. Off unless a port is set; `<run.dir>/prometheus_targets/<run>.json` lists the endpoints while the job runs. Dashboard, rules and an example configuration are in `cluster/metrics/` |

A sink that fails (disk full, folder removed, port taken) is named in one WARN and counted in `sys/sink_failures`; training goes on. A resumed run drops
the rows of the steps it does again, so every step has one row. `temper export` writes them as CSV, or for Weights & Biases and MLflow.

Names are `group/name`; `<word>` stands for what is filled in. In Prometheus a name begins with `temper_`, has `_` for every other character, `_total`
at the end of a counter, and the `<word>` as a label. *Over* is the exact denominator of a mean, or what a sum or
maximum runs over. *All learners* means that sums and counts are added over all ranks before anything is divided. *In* says which rows have it: of SFT,
of RL (rl), of an evaluation (eval), or a live endpoint. A value that does not apply to a step (an update that did not happen, a mean over nothing) is absent.
Two figures tell of safety, and they differ. **s** is the mean of the graders' score (`reward/safety_mean`; `s` in step lines and `temper top`): a mild violation
still counts for something. The **safe rate** is the share of answers without any violation (`safety/safe_rate`, `eval/<set>/safe_rate`). Tables of evaluations
call it so; its key in `report.json`, `eval_cells.csv` and `during/*` is `safety`.
"Healthy" is what the safe_completion arm of the quickstart shows on the built-in world; other data shifts the levels, not the signs to look for.
)";

std::string Places(unsigned places) {
  std::string text;
  const auto add = [&](MetricPlace place, const char* word) {
    if ((places & place) != 0) text += (text.empty() ? "" : ", ") + std::string(word);
  };
  add(kSftRow, "sft");
  add(kRlRow, "rl");
  add(kEvalRow, "eval");
  add(kLive, "live");
  return text;
}

std::string ReductionOf(const MetricSpec& spec) {
  if (spec.kind == MetricKind::kGauge) return std::string(NameOf(spec.reduction));
  return std::string(NameOf(spec.kind));
}

}  // namespace

std::string MetricDocument() {
  std::string text = kHead;
  for (const MetricGroup& group : MetricTable()) {
    text += Concat("\n## ", group.name, "\n\n", group.about, "\n\n| metric | unit | reduction | over | in | healthy | meaning |\n",
                   "|---|---|---|---|---|---|---|\n");
    for (const MetricSpec& spec : group.metrics) {
      text += Concat("| `", spec.name, "` | ", spec.unit, " | ", ReductionOf(spec), " | ", spec.over, " | ", Places(spec.places), " | ",
                     spec.healthy, " | ", spec.meaning, " |\n");
    }
  }
  return text;
}

}  // namespace temper

#include "cluster/metrics/metric_groups.h"

namespace temper {
namespace {

constexpr auto kGauge = MetricKind::kGauge;
constexpr auto kCounter = MetricKind::kCounter;
constexpr auto kHistogram = MetricKind::kHistogram;
constexpr auto kMean = Reduction::kMean;
constexpr auto kMax = Reduction::kMax;
constexpr auto kSum = Reduction::kSum;
constexpr auto kValue = Reduction::kValue;
constexpr auto kBoth = kSftRow | kRlRow;

constexpr MetricSpec kQueue[] = {
    {"queue/groups_replaced", "groups", kGauge, kSum, "the step", kRlRow, "up to `rl.max_resampled_per_step`",
     "groups sampled beyond `rl.prompts_per_step` to replace dead, stale or failed ones"},
    {"queue/groups_stale", "groups", kGauge, kSum, "the step", kRlRow, "0", "dropped for being older than `rl.max_staleness`"},
    {"queue/groups_failed", "groups", kGauge, kSum, "the step", kRlRow, "0", "dropped because fewer than two of their grades succeeded"},
    {"queue/groups_refused", "groups", kGauge, kSum, "the step", kRlRow, "0",
     "of those failed: refused by a worker, which says why in the log"},
    {"queue/groups_in_flight", "groups", kGauge, kValue, "", kRlRow, "0 on-policy",
     "issued and not complete when the step ended: what runs ahead"},
    {"queue/rollout/depth", "tasks", kGauge, kValue, "", kRlRow, "near 0", "sampling tasks no worker has room for, when the step ended"},
    {"queue/reward/depth", "tasks", kGauge, kValue, "", kRlRow, "near 0", "grading tasks no worker has room for, when the step ended"},
    {"queue/rollout/wait_s_mean", "s", kGauge, kMean, "groups", kRlRow, "small beside `timing_s/rollout`",
     "from issuing a group to its result, less the time the worker was busy with it: queue and wire"},
    {"queue/rollout/wait_s_max", "s", kGauge, kMax, "groups", kRlRow, "", "the same"},
    {"queue/reward/wait_s_mean", "s", kGauge, kMean, "groups", kRlRow, "small beside `timing_s/rollout`",
     "from a group's completions to its grades, less the graders' own time: queue and wire"},
    {"queue/reward/wait_s_max", "s", kGauge, kMax, "groups", kRlRow, "", "the same"},
    {"queue/tasks_held", "tasks", kGauge, kValue, "this worker", kLive, "at most its capacity", "groups this rollout worker has in hand"},
};

constexpr MetricSpec kTiming[] = {
    {"timing_s/step", "s", kGauge, kValue, "", kBoth, "steady",
     "wall clock from one row to the next: the values of a stage add up to its duration. The sections record, checkpoint, data, rollout, "
     "reward, compose and learner_round_trip add up to it"},
    {"timing_s/record", "s", kGauge, kValue, "", kBoth, "below 1 % of the step",
     "section: writing the row of the step before to every sink"},
    {"timing_s/checkpoint", "s", kGauge, kValue, "", kBoth, "0 but for every `checkpoint.every`-th step",
     "section: saving the checkpoint that follows the step before; training stands still for as long"},
    {"timing_s/eval", "s", kGauge, kValue, "", kRlRow, "absent but after every `eval.every`-th step",
     "section: an evaluation between two steps, counted in the next"},
    {"timing_s/data", "s", kGauge, kValue, "", kSftRow, "small", "section: picking and sending out the batch"},
    {"timing_s/rollout", "s", kGauge, kValue, "", kRlRow, "",
     "section: until the last completion of the step. With `rl.max_staleness` above 0 sampling began before, and this is what was left to "
     "wait for"},
    {"timing_s/reward", "s", kGauge, kValue, "", kRlRow, "small beside rollout", "section: from the last completion to the last grade"},
    {"timing_s/compose", "s", kGauge, kValue, "", kRlRow, "small",
     "section: advantages, traces, audit and journal, until the order is out"},
    {"timing_s/learner_round_trip", "s", kGauge, kValue, "", kBoth, "little above update + publish",
     "section: from the order to the learners to their answer"},
    {"timing_s/update", "s", kGauge, kValue, "learner 0", kBoth, "", "the learner's work on the batch, within the round trip"},
    {"timing_s/publish", "s", kGauge, kValue, "learner 0", kRlRow, "small",
     "writing the new weights where the workers take them, within the round trip"},
    {"timing_s/forward_ref", "s", kGauge, kMax, "learners", kBoth, "", "forward pass of the reference, within update; 0 without one"},
    {"timing_s/forward", "s", kGauge, kMax, "learners", kBoth, "", "forward passes of the policy, within update"},
    {"timing_s/backward", "s", kGauge, kMax, "learners", kBoth, "", "backward passes, within update"},
    {"timing_s/allreduce", "s", kGauge, kMax, "learners", kBoth, "small beside backward; large: a learner waits for another",
     "summing gradients and gathering parameters over the learners, within update"},
    {"timing_s/optimizer", "s", kGauge, kMax, "learners", kBoth, "", "clipping and AdamW, within update"},
};

constexpr MetricSpec kPerf[] = {
    {"perf/tokens_per_s", "tokens/s", kGauge, kValue, "`timing_s/step`", kBoth, "steady",
     "RL: sampled tokens over the step's wall clock; SFT: tokens through the model over it"},
    {"perf/samples_per_s", "completions/s", kGauge, kValue, "`timing_s/step`", kRlRow, "steady", "completions over the step's wall clock"},
    {"perf/rollout_tokens_per_s", "tokens/s", kGauge, kValue, "`timing_s/rollout`", kRlRow, "",
     "sampled tokens over the time waited for them"},
    {"perf/train_tokens_per_s", "tokens/s", kGauge, kValue, "`timing_s/update`", kRlRow, "", "tokens through the model over the update"},
    {"perf/idle_frac_learner", "share", kGauge, kValue, "`timing_s/step`", kRlRow, "as low as sampling allows",
     "share of the step the learners had no order"},
    {"perf/completions", "completions", kGauge, kSum, "the step", kRlRow, "", "sampled for the step, replaced groups included"},
    {"perf/rollout_tokens", "tokens", kGauge, kSum, "the step", kRlRow, "", "sampled for the step"},
    {"perf/loss_tokens", "tokens", kGauge, kSum, "learners", kBoth, "", "that carried a loss"},
    {"perf/stream_tokens", "tokens", kGauge, kSum, "learners", kBoth, "", "that went through the model, a group's prompt counted once"},
    {"perf/micro_batches", "passes", kGauge, kSum, "learners", kBoth, "", "forward and backward passes of the update"},
    {"perf/steps", "steps", kCounter, kSum, "this process", kLive, "grows", "rows written since the job started, of every stage and arm"},
    {"perf/orders", "orders", kCounter, kSum, "this learner", kLive, "grows", "orders carried out: updates, publications, checkpoints"},
    {"perf/tokens_generated", "tokens", kCounter, kSum, "this worker", kLive, "grows while it has tasks", "completion tokens sampled"},
};

constexpr MetricSpec kSync[] = {
    {"sync/version", "version", kGauge, kValue, "", kRlRow, "the step", "weights published at the end of the step"},
    {"sync/bytes", "bytes", kGauge, kValue, "", kRlRow, "constant", "size of a published version"},
    {"sync/worker_version", "version", kGauge, kValue, "this worker", kLive, "at most `rl.max_staleness` behind",
     "weights this rollout worker samples with"},
    {"sync/load_s", "s", kHistogram, kValue, "loads of this worker", kLive, "small beside a step",
     "taking over a version: reading, checking its hash, packing"},
};

constexpr MetricSpec kSys[] = {
    {"sys/rss_bytes", "bytes", kGauge, kValue, "this process; in rows the orchestrator", kBoth | kLive, "flattens after some steps",
     "resident memory"},
    {"sys/rss_peak_bytes", "bytes", kGauge, kMax, "this process; in rows the orchestrator", kBoth | kLive, "", "its peak"},
    {"sys/cpu_cores", "cores", kGauge, kMean, "`timing_s/step`", kBoth, "",
     "processor time of the orchestrator over the step's wall clock"},
    {"sys/cpu_s", "s", kCounter, kSum, "this process", kLive, "", "processor time, user and system"},
    {"sys/learner_rss_bytes", "bytes", kGauge, kMax, "learners", kBoth, "flattens after some steps", "resident memory after the update"},
    {"sys/learner_cpu_cores", "cores", kGauge, kMax, "learners", kBoth, "near `cluster.learner_threads`",
     "processor time of a learner's update over its wall clock"},
    {"sys/checkpoint_bytes", "bytes", kGauge, kValue, "", kBoth, "absent but with `timing_s/checkpoint`",
     "size of the checkpoint that follows the step before: 12 bytes a trained parameter, 16 with a KL reference of its own"},
    {"sys/disk_free_bytes", "bytes", kGauge, kValue, "", kBoth, "room for two checkpoints", "free where the run folder is"},
    {"sys/weight_folder_free_bytes", "bytes", kGauge, kValue, "", kBoth, "room for `rl.max_staleness` + 4 versions",
     "free in `cluster.weight_folder`"},
    {"sys/sink_failures", "writes", kCounter, kSum, "sinks", kBoth | kEvalRow | kLive, "0",
     "rows a sink could not take since the job started (disk full, folder gone, port taken); the log names the sink once, training goes "
     "on"},
};

constexpr MetricSpec kCluster[] = {
    {"cluster/rollout_workers", "workers", kGauge, kValue, "", kRlRow, "as configured", "registered when the step ended"},
    {"cluster/reward_workers", "workers", kGauge, kValue, "", kRlRow, "as configured", "registered when the step ended"},
    {"cluster/workers_lost", "workers", kCounter, kSum, "since the job started", kRlRow, "0", "that died or fell silent"},
    {"cluster/tasks_requeued", "tasks", kCounter, kSum, "since the job started", kRlRow, "0", "given to another worker"},
    {"cluster/duplicate_results", "results", kCounter, kSum, "since the job started", kRlRow, "0",
     "that came a second time and were thrown away"},
    {"cluster/groups_recovered", "groups", kCounter, kSum, "since the job started", kRlRow, "0 unless resumed",
     "taken over from the journal of the attempt before"},
    {"cluster/frames_refused", "frames", kCounter, kSum, "since the job started", kRlRow, "0",
     "damaged, of another run or epoch, of who is not registered, or asking for weights that were never announced"},
    {"cluster/results_refused", "results", kCounter, kSum, "since the job started", kRlRow, "0",
     "did not decode or were of something else: the task went to another worker, and who sent three was sent away"},
};

constexpr MetricGroup kGroups[] = {
    {"queue", "Work between the stages.", kQueue}, {"timing_s", "Where the seconds of a step went.", kTiming},
    {"perf", "Speed and amounts.", kPerf},         {"sync", "Weights on their way to the rollout workers.", kSync},
    {"sys", "Processes and disks.", kSys},         {"cluster", "Workers, and what the bus had to put right.", kCluster},
};

}  // namespace

std::span<const MetricGroup> MachineMetrics() { return kGroups; }

}  // namespace temper

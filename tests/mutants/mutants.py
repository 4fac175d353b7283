#!/usr/bin/env python3
"""Puts small faults into the sources, one at a time, and counts how many of them a unit test finds.

usage: mutants.py [--build DIR] [--only WORD]

Each mutant of MUTANTS is a file, a piece of text that stands in it once, what stands there instead, and the test programs that must
fail. The file is put back behind each, also after Ctrl-C. The tree must have no changes of its own in these files. Exit status 1 where
a mutant lives that SURVIVORS does not explain.
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

LEDGER, JOURNAL, TABLE = "orchestrator/flow/ledger.cc", "record/journal.cc", "cluster/bus/task_table.cc"
LOSS, OPTIMIZER, SAMPLER = "learner/policy_loss.cc", "learner/optimizer.cc", "rollout/engine/sampler.cc"
FRAME, ADVANTAGE, LAGRANGE = "cluster/bus/frame.cc", "reward/advantage/advantage.cc", "reward/compose/lagrange.cc"
VALUE, COMPOSE, CLIP = "cluster/config/value.cc", "cluster/config/compose.cc", "learner/ppo_clip_loss.cc"

# file, old, new, tests
MUTANTS = [
    (LEDGER, "updates_ >= next_window_ - options_.max_staleness", "updates_ > next_window_ - options_.max_staleness", ["ledger_test"]),
    (LEDGER, "StepOfGroup(id) - oldest_version > options_.max_staleness", "StepOfGroup(id) - oldest_version >= options_.max_staleness",
     ["ledger_test"]),
    (LEDGER, "discarded_for_cause += state == State::kStale || state == State::kFailed", "discarded_for_cause += state == State::kStale",
     ["ledger_test"]),
    (LEDGER, "options_.resample_dead_groups ? missing", "!options_.resample_dead_groups ? missing", ["ledger_test"]),
    (LEDGER, "options_.max_resampled_per_step - replaced)", "options_.max_resampled_per_step)", ["ledger_test"]),
    (LEDGER, 'TEMPER_CHECK(state == State::kIssued, "ledger', 'TEMPER_CHECK(state != State::kLive, "ledger', ["ledger_test"]),
    (LEDGER, "taken.live.push_back(id);", "taken.dead.push_back(id);", ["ledger_test"]),
    (JOURNAL, "return Hash64(*payload) == hash;", "return Hash64(*payload) == hash || length > 64;", ["journal_test"]),
    (JOURNAL, "for (uint64_t offset = kFileHeadBytes; offset < size;", "for (uint64_t offset = kFileHeadBytes; offset + 64 < size;",
     ["journal_test"]),
    (JOURNAL, "steps_.erase(steps_.lower_bound(step), steps_.end());", "steps_.erase(steps_.upper_bound(step), steps_.end());",
     ["journal_test"]),
    (JOURNAL, "ids->erase(ids->lower_bound(static_cast<uint64_t>(step) << 20), ids->end())", "ids->clear()", ["journal_test"]),
    (JOURNAL, "if (!consumed.insert(id).second)", "if (!consumed.insert(id).second && false)", ["journal_test"]),
    (JOURNAL, "static_cast<int64_t>(r.group_id >> 20) < first_step) return;", "static_cast<int64_t>(r.group_id >> 20) <= first_step) return;",
     ["journal_test"]),
    (JOURNAL, "if (r.kind == Kind::kGraded) group.graded = r.payload;", "if (r.kind == Kind::kGraded) group.generated = r.payload;",
     ["journal_test"]),
    (JOURNAL, "if (!graded_.contains(id)) Violation", "if (!generated_.contains(id)) Violation", ["journal_test"]),
    (JOURNAL, "found.hashed_bytes > kMaxHashedPerByte * bytes.size()", "false", ["journal_test"]),
    (TABLE, "++task.attempts;", "", ["task_table_test"]),
    (TABLE, "now - peer.last_heard > timeout", "now - peer.last_heard > 2 * timeout", ["task_table_test"]),
    (TABLE, "now - task.since > rules.lease", "now - task.since > rules.lease + 1", ["task_table_test"]),
    (TABLE, "if (peer.progress == progress) return;", "", ["task_table_test"]),
    (TABLE, "queues_[task.role].push_front(id);", "queues_[task.role].push_back(id);", ["task_table_test"]),
    (TABLE, "tasks_.at(lease).number <= seen", "tasks_.at(lease).number < seen", ["task_table_test"]),
    (TABLE, "if (free > best_free) {", "if (free >= best_free) {", ["task_table_test"]),
    (TABLE, "NumPeers(role) == 1 ? 0 : task.avoid", "0", ["task_table_test"]),
    (FRAME, 'if (header.body_hash != Hash64(body)) return refuse("body checksum");', "", ["frame_test"]),
    (FRAME, 'if (header.header_hash != HashOf(header)) return refuse("header checksum");', "", ["frame_test"]),
    (FRAME, "if (body.size() > limit)", "if (body.size() > limit + 1)", ["frame_test"]),
    (FRAME, "header.kind > static_cast<uint16_t>(FrameKind::kWeightsMissing)", "header.kind > 255", ["frame_test"]),
    ("reward/compose/safe_completion_composer.cc", "ControlledHelpfulness(options_, grade) * ControlledSafety(options_, grade)",
     "ControlledHelpfulness(options_, grade) + ControlledSafety(options_, grade)", ["reward_composer_test"]),
    ("reward/compose/weighted_composer.cc", "options_.weight_helpfulness * h + options_.weight_safety * s",
     "options_.weight_helpfulness * h + options_.weight_helpfulness * s", ["reward_composer_test"]),
    ("reward/compose/constructive_composer.cc", "- options_.gamma * cost", "+ options_.gamma * cost", ["reward_composer_test"]),
    ("reward/compose/binary_product_composer.cc", "helpfulness < 2.0 / 3 ? 0.5", "helpfulness <= 2.0 / 3 ? 0.5", ["reward_composer_test"]),
    ("reward/compose/guarded_hybrid_composer.cc", "grade.refused ? std::min(kOfRefusal, h) : h", "grade.declined ? std::min(kOfRefusal, h) : h",
     ["reward_composer_test"]),
    ("reward/compose/guard_only_composer.cc", "grade.severity == Severity::kNone ? 1.0 : 0.0", "grade.severity <= Severity::kNegligible ? 1.0 : 0.0",
     ["reward_composer_test"]),
    ("reward/compose/lagrangian_composer.cc", "return 1 - ControlledSafety(o, grade)", "return ControlledSafety(o, grade)", ["reward_composer_test"]),
    ("reward/compose/composer.cc", "excess <= 0) return 0;", "excess < 0) return 0;", ["reward_composer_test"]),
    ("reward/compose/composer.cc", "return value >= 0 && value <= 1;", "return value >= 0;", ["reward_composer_test"]),
    (LAGRANGE, "* std::exp(constraint.log_lambda);", ";", ["reward_composer_test"]),
    (LAGRANGE, "constraint.log_lambda = std::min(constraint.log_lambda, log_lambda_max_);", "", ["reward_composer_test"]),
    (LAGRANGE, "while (constraint.window.size() > window_)", "while (constraint.window.size() >= window_)", ["reward_composer_test"]),
    (ADVANTAGE, "form == StdForm::kSample ? count - 1 : count", "count", ["reward_advantage_test"]),
    (ADVANTAGE, "high->parts[part] - low->parts[part] < options.dead_eps", "high->parts[part] - low->parts[part] <= options.dead_eps",
     ["reward_advantage_test"]),
    (ADVANTAGE, "(part == 0 ? 1 : -lambdas[part - 1]) / (1 + lambda_sum)", "(part == 0 ? 1 : -lambdas[part - 1])", ["reward_advantage_test"]),
    (ADVANTAGE, "for (size_t t = rewards.size(); t-- > 1;) rewards[t - 1] += rewards[t];",
     "for (size_t t = rewards.size(); t-- > 2;) rewards[t - 1] += rewards[t];", ["reward_advantage_test"]),
    (LOSS, "return {d * d / 2, -d};", "return {d * d / 2, d};", ["learner_math_test"]),
    (LOSS, "if (out.tis_capped) weight = options.tis_cap;", "", ["learner_math_test"]),
    (LOSS, "return 1 / (counts.sequences * static_cast<double>(length));", "return 1 / counts.sequences;", ["learner_math_test"]),
    (LOSS, "if (within) out.d_logprob += term.d_logprob;", "out.d_logprob += term.d_logprob;", ["learner_math_test"]),
    (LOSS, "out.loss += out.policy - options.entropy_coef * token.entropy;", "out.loss += out.policy + options.entropy_coef * token.entropy;",
     ["learner_math_test"]),
    (CLIP, "1 + options.clip_high)", "1 + options.clip_low)", ["learner_math_test"]),
    (CLIP, "in.advantage < 0 && options.dual_clip", "options.dual_clip", ["learner_math_test"]),
    (OPTIMIZER, "static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps)",
     "static_cast<double>(step) / static_cast<double>(options.warmup_steps)", ["learner_math_test"]),
    (OPTIMIZER, "total_steps - 1 - options.warmup_steps", "total_steps - options.warmup_steps", ["learner_math_test"]),
    (OPTIMIZER, "parameter.dim() > 1 ? decaying_ : exempt_", "parameter.dim() > 0 ? decaying_ : exempt_", ["learner_math_test", "learner_update_test"]),
    (OPTIMIZER, "max_norm > 0 && norm > max_norm", "max_norm > 0 && norm > 2 * max_norm", ["learner_math_test", "learner_update_test"]),
    (SAMPLER, "while (count < kept && mass < options.top_p * total)", "while (count < kept && mass <= options.top_p * total)",
     ["rollout_sampler_test"]),
    (SAMPLER, "if (below > target) break;", "if (below >= target) break;", ["rollout_sampler_test"]),
    (SAMPLER, "num_drawn < options.min_new_tokens", "num_drawn <= options.min_new_tokens", ["rollout_sampler_test"]),
    (VALUE, "value >= range.min && value <= range.max; }", "value > range.min && value <= range.max; }", ["config_reader_test"]),
    (COMPOSE, "open_.size() >= kMaxFileDepth", "open_.size() >= 2 * kMaxFileDepth", ["config_reader_test"]),
]

# Mutants that no test can find, with the reason.
SURVIVORS = {}


def run(command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def outcome(build, file, old, new, tests):
    """killed, lives or does not compile."""
    path = ROOT / file
    text = path.read_text()
    if text.count(old) != 1:
        return f"stands {text.count(old)} times in {file}: mend the list"
    try:
        path.write_text(text.replace(old, new))
        built = run(["cmake", "--build", str(build), "--target", *tests])
        if built.returncode != 0:
            return "does not compile"
        for test in tests:
            try:
                found = subprocess.run([str(build / "bin" / test)], cwd=build, capture_output=True, timeout=120).returncode != 0
            except subprocess.TimeoutExpired:
                found = True
            if found:
                return "killed"
        return "lives"
    finally:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", type=lambda text: (ROOT / text).resolve())
    parser.add_argument("--only", default="", help="mutants whose file has this in its name")
    arguments = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if arguments.only in mutant[0]]
    files = sorted({mutant[0] for mutant in chosen})
    if run(["git", "diff", "--quiet", "HEAD", "--", *files]).returncode != 0:
        sys.exit("mutants: commit the changes of these files first: " + " ".join(files))
    counts = {}
    unexplained = 0
    for number, (file, old, new, tests) in enumerate(chosen, 1):
        what = outcome(arguments.build, file, old, new, tests)
        reason = SURVIVORS.get((file, old))
        unexplained += what != "killed" and reason is None
        counts[what] = counts.get(what, 0) + 1
        print(f"{number}/{len(chosen)} {what}: {file}: {old} -> {new or '(nothing)'}" + (f" ({reason})" if what != "killed" and reason else ""),
              flush=True)
    run(["cmake", "--build", str(arguments.build), "--target", *sorted({test for mutant in chosen for test in mutant[3]})])
    print("mutants: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) + f" of {len(chosen)}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())

#include "orchestrator/config/experiment_config.h"

#include <algorithm>
#include <set>

#include <arpa/inet.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr IntRange kPositive{1};
constexpr IntRange kThreads{1, 1024};
constexpr IntRange kNotNegative{0};
constexpr RealRange kFraction{0, 1};
constexpr RealRange kSeconds{0.001, 1e9};

// ZeroMQ would listen on another port where the number is too large.
bool IsPort(const std::string& port) {
  if (port == "*") return true;
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  return digits && std::stoi(port) >= 1 && std::stoi(port) <= 65535;
}

bool IsIpv4(const std::string& address) {
  in_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1;
}

// "All addresses" is none that a worker could be told.
bool IsBusEndpoint(const std::string& endpoint) {
  constexpr std::string_view kTcp = "tcp://";
  if (endpoint == "auto") return true;
  if (endpoint.starts_with("ipc://")) return endpoint.size() > 6;
  const size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon < kTcp.size()) return false;
  const std::string host = endpoint.substr(kTcp.size(), colon - kTcp.size());
  const bool word =
      std::all_of(host.begin(), host.end(), [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '_'; });
  return word && !host.empty() && host != "0.0.0.0" && IsPort(endpoint.substr(colon + 1));
}

void DescribeRun(RunConfig& c, ConfigFields& f) {
  f.String("name", &c.name, "name of the run; its folder is <dir>/<name> ([A-Za-z0-9._-], at most 64 characters)");
  f.Int("seed", &c.seed, kNotNegative, "keys every random number of the run");
  f.String("dir", &c.dir, "folder that holds the runs, relative to where temper is started");
  f.Bool("deterministic", &c.deterministic,
         "same config, same bits, for any number of rollout and reward workers; needs rl.max_staleness 0");
  f.Rule(
      [&c] {
        const auto fine = [](char x) { return std::isalnum(static_cast<unsigned char>(x)) || x == '.' || x == '_' || x == '-'; };
        return !c.name.empty() && c.name.size() <= 64 && c.name[0] != '.' && std::all_of(c.name.begin(), c.name.end(), fine);
      },
      "run.name must be 1 to 64 characters of [A-Za-z0-9._-] and not begin with a dot");
}

void DescribeCluster(ClusterConfig& c, ConfigFields& f) {
  f.Int("learners", &c.learners, kNotNegative, "learner ranks; 0 = from the number of ranks (see --dry-run)");
  f.Int("rollout_workers", &c.rollout_workers, kNotNegative, "rollout worker ranks; 0 = from the number of ranks");
  f.Int("reward_workers", &c.reward_workers, kNotNegative, "reward worker ranks; 0 = from the number of ranks");
  f.Int("learner_threads", &c.learner_threads, kThreads,
        "micro-batches a learner computes side by side, each by one thread; the numbers of a run depend on it in the last bits. "
        "Learners on GPUs do not use it");
  f.Int("rollout_threads", &c.rollout_threads, kThreads,
        "threads a rollout worker decodes with on the CPU, each for its share of the completions; the numbers do not depend on it. Where "
        "learner and workers take turns (rl.max_staleness 0), as many as there are cores to a worker; it takes no more than those");
  f.Enum("device", &c.device, {"auto", "cpu", "cuda"},
         "where learners and rollout workers compute; cuda: each on the GPU of its rank on the host, modulo the visible ones; auto = cuda "
         "where the program was built with CUDA and a GPU is visible, else cpu");
  f.String("endpoint", &c.endpoint,
           "where the bus listens: tcp://ADDRESS:PORT, with an interface's name or its address and a PORT or *, or ipc://PATH; auto = on "
           "loopback where all ranks share a host, else at the address this host has towards the others. Beyond loopback it is encrypted");
  f.Enum("weight_transport", &c.weight_transport, {"auto", "shared_memory", "zeromq"},
         "how weights reach rollout workers; auto = shared memory on the learner's host, chunks over ZeroMQ elsewhere");
  f.String("weight_folder", &c.weight_folder, "shared-memory file system the weight versions are published in");
  f.Enum("learner_backend", &c.learner_backend, {"auto", "mpi", "nccl", "shared"},
         "collectives of the learners; auto = nccl where every learner computes on a GPU of its own, else shared (memory) where they are "
         "on one host, else mpi");
  f.Real("start_timeout_s", &c.start_timeout_s, kSeconds, "deadline for all ranks and workers to register");
  f.Real("collective_timeout_s", &c.collective_timeout_s, kSeconds, "deadline of one collective among the learners");
  f.Real("heartbeat_s", &c.heartbeat_s, kSeconds, "interval of the bus heartbeats");
  f.Real("peer_timeout_s", &c.peer_timeout_s, kSeconds, "a worker silent for this long is gone: its tasks go to another");
  f.Real("lease_s", &c.lease_s, kSeconds, "a task whose worker shows no progress for this long goes to another");
  f.Real("step_timeout_s", &c.step_timeout_s, kSeconds,
         "deadline for the workers to finish a group, and for the learners to finish an order; an RL update also has collective_timeout_s");
  f.Int("max_attempts", &c.max_attempts, kPositive, "a task given out this often without a result ends the job");
  f.Rule([&c] { return c.heartbeat_s * 2 <= c.peer_timeout_s; },
         "cluster.heartbeat_s must be at most half of cluster.peer_timeout_s: a worker that is well would be taken for gone");
  f.Rule([&c] { return IsBusEndpoint(c.endpoint); },
         "cluster.endpoint must be auto, tcp://ADDRESS:PORT, with an ADDRESS or interface of this host and a PORT from 1 to 65535 or *, or "
         "ipc://PATH");
}

void DescribePolicy(PolicyConfig& c, ConfigFields& f) {
  f.Path("path", &c.path, "Hugging Face folder to start from; empty = from scratch with the shape below");
  TransformerConfig& s = c.shape;
  f.Enum("model_type", &s.model_type, {"llama", "qwen2", "qwen3", "mistral"}, "family, from scratch");
  f.Int("hidden_size", &s.hidden_size, kPositive, "width of the residual stream");
  f.Int("intermediate_size", &s.intermediate_size, kPositive, "width of the SwiGLU block");
  f.Int("num_layers", &s.num_layers, kPositive, "decoder layers");
  f.Int("num_heads", &s.num_heads, kPositive, "query heads");
  f.Int("num_kv_heads", &s.num_kv_heads, kPositive, "key/value heads; divides num_heads");
  f.Int("head_dim", &s.head_dim, kNotNegative, "width of a head; 0 = hidden_size / num_heads");
  f.Int("max_positions", &s.max_positions, kPositive, "longest sequence");
  f.Real("rms_norm_eps", &s.rms_norm_eps, {0, 1}, "epsilon of RMSNorm");
  f.Real("rope_theta", &s.rope_theta, {1, 1e9}, "base of the rotary positions");
  f.Real("initializer_range", &s.initializer_range, {1e-6, 1}, "standard deviation of fresh weights, from scratch");
  f.Enum("dtype", &c.dtype, {"fp32", "bf16"}, "type the learner computes in; master weights stay fp32");
  f.Section("lora", "low-rank adapters: each stage trains its own on the model it starts from, and writes them beside the merged weights",
            [&](ConfigFields& l) {
              l.Int("rank", &c.lora.rank, {0, 65536}, "of an adapter; 0 = off, all weights are trained");
              l.Real("alpha", &c.lora.alpha, {0, 1e6}, "an adapter's product counts alpha / rank");
              l.StringList("target_modules", &c.lora.target_modules, "the projections of every layer that get one");
            });
  f.Rule([&c] { return AreLoraTargets(c.lora.target_modules); },
         "policy.lora.target_modules must be some of [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj], each once");
  f.Rule([&s] { return s.num_kv_heads > 0 && s.num_heads % s.num_kv_heads == 0; }, "policy.num_kv_heads must divide policy.num_heads");
}

void DescribeData(DataConfig& c, ConfigFields& f) {
  f.Enum("source", &c.source, {"world", "files"}, "world = the built-in world (docs/WORLD.md), files = your own prompts");
  f.Section("world", "size of the built-in world", [&](ConfigFields& w) {
    w.Int("train_prompts_per_intent", &c.world.train_prompts_per_intent, kPositive, "RL prompts of each intent");
    w.Int("eval_prompts_per_intent", &c.world.eval_prompts_per_intent, kPositive, "prompts of each intent in each evaluation set");
    w.Int("demonstrations", &c.world.demonstrations, kPositive, "SFT demonstrations, of mixed quality");
    w.Real("permitted_dual_use", &c.world.permitted_dual_use, kFraction,
           "share of purposeless requests that ask only for what the policy spec permits");
  });
  f.Path("path", &c.path, "prompts: .jsonl, .json (an object a line) or .csv; source files");
  f.Path("demonstrations", &c.demonstrations,
         "demonstrations for SFT (columns prompt and response); empty = from the policy spec's templates");
  f.String("tokenizer", &c.tokenizer, "byte_level, or a folder with tokenizer.json; for a policy from scratch on source files");
  f.StringMap("eval", &c.eval, "evaluation sets: name -> file; empty = eval_fraction of the prompts, never trained on");
  f.Real("eval_fraction", &c.eval_fraction, {0, 0.9}, "share of the prompts held out for evaluation when data.eval is empty");
  f.Section("columns", "which column is what; empty = the files have none", [&](ConfigFields& m) {
    m.String("id", &c.columns.id, "unique id; without it rows are named file:line");
    m.String("prompt", &c.columns.prompt,
             "the prompt: a text, or (.jsonl, .json) a list of messages {role, content} that ends with a user's");
    m.String("category", &c.columns.category, "policy spec category");
    m.String("intent", &c.columns.intent, "benign, dual_use or malicious");
    m.String("label", &c.columns.label, "comply or refuse, for reward.composer refusal_baseline");
    m.String("response", &c.columns.response, "answer, in demonstrations");
    m.String("split", &c.columns.split, "column to select rows by");
    m.String("keep_split", &c.columns.keep_split, "value of the split column to keep");
    m.StringMap("prompts_by_intent", &c.columns.prompts_by_intent, "intent -> column, when one row holds several prompts");
  });
  f.Int("bad_row_budget", &c.bad_row_budget, kNotNegative, "malformed rows to skip and count; one more is an error");
  f.Int("limit", &c.limit, kNotNegative, "rows to read; 0 = all");
  f.String("prompt_template", &c.prompt_template,
           "what the model is shown; {prompt} stands for the prompt. Graders always see the bare prompt");
  f.Enum("chat_template", &c.chat_template, {"auto", "none"},
         "auto = prompts and demonstrations are rendered by the chat template of policy.path, where it has one; none = the bare text");
  f.String("system_prompt", &c.system_prompt, "system message before conversations that have none; needs a chat template");
  f.Int("max_prompt_tokens", &c.max_prompt_tokens, kPositive, "longer prompts are left out and counted");
  f.Bool("stratify_by_intent", &c.stratify_by_intent, "draw training prompts in equal parts from each intent");
  f.Rule([&c] { return c.source == "world" || !c.path.empty(); }, "data.path is needed with data.source files (data.path=FILE)");
}

void DescribeOptimizer(OptimizerOptions& c, ConfigFields& f) {
  f.Real("lr", &c.lr, {0, 1}, "peak learning rate");
  f.Real("beta1", &c.beta1, {0, 0.9999999}, "AdamW first moment decay");
  f.Real("beta2", &c.beta2, {0, 0.9999999}, "AdamW second moment decay");
  f.Real("eps", &c.eps, {0, 1}, "AdamW epsilon");
  f.Real("weight_decay", &c.weight_decay, {0, 10}, "decoupled weight decay");
  f.Real("max_grad_norm", &c.max_grad_norm, {0, 1e9}, "global-norm clipping; 0 = off");
  f.Int("warmup_steps", &c.warmup_steps, kNotNegative, "linear warm-up");
  f.Enum("schedule", &c.schedule, {"constant", "linear", "cosine"}, "after warm-up");
  f.Real("final_lr_fraction", &c.final_lr_fraction, kFraction, "learning rate at the last step, as a share of the peak");
}

void DescribeSft(SftConfig& c, ConfigFields& f) {
  f.Int("steps", &c.steps, kPositive, "optimizer steps");
  f.Int("batch_size", &c.batch_size, kPositive, "demonstrations a step");
  f.Int("max_tokens", &c.max_tokens, kPositive, "longer demonstrations are left out and counted");
  f.Enum("turns", &c.turns, {"last", "all"},
         "what is learned of a demonstration whose prompt is a conversation: the response, or every turn of the assistant");
  f.Section("optimizer", "AdamW of the SFT stage", [&](ConfigFields& o) { DescribeOptimizer(c.optimizer, o); });
}

void DescribeLoss(RlOptions& c, ConfigFields& f) {
  f.Enum("loss", &c.loss, {"ppo_clip", "reinforce"}, "policy loss");
  f.Real("clip_low", &c.clip_low, kFraction, "ratio clip below 1");
  f.Real("clip_high", &c.clip_high, {0, 10}, "ratio clip above 1 (DAPO clip-higher 0.28)");
  f.Real("dual_clip", &c.dual_clip, {0, 100}, "bound on the ratio for negative advantages; 0 = off");
  f.Enum("aggregation", &c.aggregation, {"token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant"},
         "how token losses become one number, over global counts");
  f.Real("entropy_coef", &c.entropy_coef, {-10, 10}, "weight of the entropy bonus");
  f.Real("tis_cap", &c.tis_cap, {0, 1e6}, "cap of the truncated importance correction for stale samples; 0 = off");
  f.Int("updates_per_batch", &c.updates_per_batch, {1, 64}, "optimizer steps on one batch");
  f.Section("kl", "penalty towards the policy at the start of RL", [&](ConfigFields& k) {
    k.Real("coef", &c.kl_coef, {0, 100}, "weight; 0 = off");
    k.Enum("estimator", &c.kl_estimator, {"k1", "k2", "k3"}, "k1 = log ratio, k2 = half its square, k3 = non-negative and low-variance");
    k.Enum("in", &c.kl_in, {"loss", "reward"},
           "where the penalty acts; k1 pulls in the reward alone: in the loss its gradient is zero on average");
  });
}

void DescribeRl(RlConfig& c, ConfigFields& f) {
  f.Int("steps", &c.steps, kPositive, "RL steps");
  f.Int("prompts_per_step", &c.prompts_per_step, kPositive, "prompt groups a step");
  f.Int("max_staleness", &c.max_staleness, {0, 64}, "weight versions a sample may be behind the learner; 0 = on-policy");
  f.Bool("resample_dead_groups", &c.resample_dead_groups, "replace groups without reward variance one for one by new prompts");
  f.Int("max_resampled_per_step", &c.max_resampled_per_step, kNotNegative, "at most this many replacements a step");
  f.Section("advantage", "advantage estimator", [&](ConfigFields& a) {
    a.Enum("type", &c.advantage.type, {"grpo", "dr_grpo", "rloo", "reinforce_pp"}, "estimator");
    a.Real("std_eps", &c.advantage.std_eps, {0, 10}, "added to the standard deviation");
    a.Real("dead_eps", &c.advantage.dead_eps, {0, 1}, "a group whose rewards differ by less has no gradient");
  });
  DescribeLoss(c.loss, f);
  f.Section("optimizer", "AdamW of the RL stage", [&](ConfigFields& o) { DescribeOptimizer(c.optimizer, o); });
}

void DescribeRollout(RolloutConfig& c, ConfigFields& f) {
  f.Int("group_size", &c.group_size, {2, 4096}, "completions of a prompt");
  f.Int("slots", &c.slots, kPositive, "completions a rollout worker decodes together");
  f.Enum("dtype", &c.dtype, {"fp32", "bf16"},
         "weights, products and key/value cache of the rollout workers; bf16 is about twice as fast where the processor multiplies it, and "
         "its distance to the learner's log-probs is in mismatch/*");
  f.Bool("cuda_graphs", &c.cuda_graphs,
         "on a GPU: launch a decode step as one recorded graph, one for each of some numbers of completions");
  f.Real("temperature", &c.sampling.temperature, {0.01, 100}, "sampling temperature; the learner scores under the same");
  f.Int("top_k", &c.sampling.top_k, kNotNegative, "0 = off");
  f.Real("top_p", &c.sampling.top_p, {0.001, 1}, "1 = off");
  f.Int("max_new_tokens", &c.sampling.max_new_tokens, kPositive, "longest completion");
  f.Int("min_new_tokens", &c.sampling.min_new_tokens, kNotNegative, "no stop token before this many");
  f.StringList("stop", &c.sampling.stop_strings,
               "texts that end a completion, beside the model's stop tokens; the completion keeps the token that completed the text");
  f.Rule(
      [&c] {
        return std::none_of(c.sampling.stop_strings.begin(), c.sampling.stop_strings.end(), [](const auto& s) { return s.empty(); });
      },
      "rollout.stop must not hold an empty text: it would end every completion");
}

void DescribeReward(RewardConfig& c, ConfigFields& f) {
  ComposerOptions& o = c.composer;
  f.Path("policy_spec", &c.policy_spec, "the content policy the graders apply (configs/policies/*.yaml)");
  f.Require("policy_spec");
  f.Rule([&c] { return !c.policy_spec.empty(); }, "reward.policy_spec must name a policy spec, e.g. configs/policies/apothecary.yaml");
  f.Enum("composer", &o.type, {"safe_completion", "refusal_baseline", "weighted", "lagrangian"}, "how grades become a reward");
  f.Real("weight_helpfulness", &o.weight_helpfulness, {-100, 100}, "composer weighted");
  f.Real("weight_safety", &o.weight_safety, {-100, 100}, "composer weighted");
  f.Enum("safety_control", &o.safety_control, {"none", "invert", "one"}, "control experiments only: changes what s is rewarded as");
  f.Enum("helpfulness_control", &o.helpfulness_control, {"none", "one"}, "control experiments only: h counted as 1");
  f.RealMap("cost_limits", &o.cost_limits, {0, 1}, "composer lagrangian: cost (safety = 1 - s, over_refusal) -> limit of its mean");
  f.Real("lambda_init", &o.lambda_init, {1e-6, 1e6}, "composer lagrangian: first multiplier");
  f.Real("lambda_lr", &o.lambda_lr, {0, 10}, "composer lagrangian: step of the log multiplier");
  f.Real("lambda_max", &o.lambda_max, {1e-6, 1e6}, "composer lagrangian: clamp");
  f.Int("lambda_window", &o.lambda_window, kPositive, "composer lagrangian: episodes the mean cost is taken over");
  f.Real("max_failed_fraction", &c.max_failed_fraction, kFraction, "a step with more failed grades than this share ends the job");
  f.Real("grader_timeout_s", &c.grader_timeout_s, {0.001, 86400},
         "answers that a grader has not graded after so long count as failed; below cluster.lease_s, or they go to another worker first");
}

void DescribeEval(EvalConfig& c, ConfigFields& f) {
  f.StringList("sets", &c.sets,
               "sets to evaluate; empty = all, but of the built-in world not dev. The world has dev, held_out_topics, held_out_phrasings, "
               "past_tense");
  f.Int("samples_per_prompt", &c.samples_per_prompt, kPositive, "completions of a prompt");
  f.Int("prompts_per_set", &c.prompts_per_set, kNotNegative, "prompts of a set, the first of each intent; 0 = all");
  f.Real("temperature", &c.temperature, {0, 100}, "0 = greedy");
  f.Int("bootstrap_draws", &c.bootstrap_draws, {10, 1000000}, "resamples of the prompts behind every interval of the report");
  f.Bool("at_start", &c.at_start, "also evaluate the policy RL starts from");
}

}  // namespace

bool ExperimentConfig::HasStage(const std::string& stage) const { return std::find(stages.begin(), stages.end(), stage) != stages.end(); }

void Describe(ExperimentConfig& c, ConfigFields& f) {
  f.Section("run", "identity of the run", [&](ConfigFields& s) { DescribeRun(c.run, s); });
  f.StringList("stages", &c.stages, "stages to run, of sft, rl, eval, in this order");
  f.OverrideMaps(
      "arms", &c.arms,
      "named overrides; each arm runs the stages with its own, sharing every stage before the first difference. Arms share ranks and "
      "workers and cannot differ in run.*, cluster.*, launch.*, policy.*, learner.*, reward.policy_spec, rollout.slots, "
      "rollout.dtype, rollout.cuda_graphs, data.source, data.tokenizer, eval.bootstrap_draws, monitor.prometheus_* or "
      "monitor.cluster_log_*; sft, data, logs, configs, tb, traces and slurm are folders of the run and no names "
      "of arms");
  f.IntList("seeds", &c.seeds, kNotNegative, "run.seed of each of several runs, compared at the end; empty = one run, of run.seed");
  f.Section("sweep", "settings to try, each a run of its own with every seed; temper launch CONFIG --dry-run lists the runs",
            [&](ConfigFields& s) {
              s.OverrideGrid("grid", &c.sweep.grid, "every combination of these values is a run; the last key varies fastest");
              s.OverrideList("list", &c.sweep.list, "each of these is a run, after those of the grid");
            });
  f.Section("cluster", "ranks, workers, transports and deadlines", [&](ConfigFields& s) { DescribeCluster(c.cluster, s); });
  f.Section("policy", "the model being trained", [&](ConfigFields& s) { DescribePolicy(c.policy, s); });
  f.Section("data", "prompts and demonstrations", [&](ConfigFields& s) { DescribeData(c.data, s); });
  f.Section("learner", "how updates are computed", [&](ConfigFields& s) {
    s.Int("micro_batch_tokens", &c.learner.micro_batch_tokens, kPositive, "tokens of one forward and backward pass");
    s.Bool("recompute_activations", &c.learner.recompute_activations,
           "keep only the input of each layer and compute the rest again in the backward pass: less memory, about a third more work");
  });
  f.Section("sft", "supervised fine-tuning on demonstrations", [&](ConfigFields& s) { DescribeSft(c.sft, s); });
  f.Section("rl", "reinforcement learning", [&](ConfigFields& s) { DescribeRl(c.rl, s); });
  f.Section("rollout", "sampling of completions in RL", [&](ConfigFields& s) { DescribeRollout(c.rollout, s); });
  f.Section("reward", "graders and reward", [&](ConfigFields& s) { DescribeReward(c.reward, s); });
  f.Section("eval", "evaluation after SFT and after RL", [&](ConfigFields& s) { DescribeEval(c.eval, s); });
  f.Section("checkpoint", "resume points", [&](ConfigFields& s) {
    s.Int("every", &c.checkpoint.every, kPositive, "RL steps between checkpoints");
    s.Int("sft_every", &c.checkpoint.sft_every, kPositive, "SFT steps between checkpoints");
    s.Int("keep", &c.checkpoint.keep, {2, 1000}, "newest checkpoints to keep");
  });
  f.Section("monitor", "what is shown and written", [&](ConfigFields& s) {
    s.Enum("progress", &c.monitor.progress, {"auto", "bar", "plain", "none"},
           "a bar, or a line, for each RL step and every 20th SFT step; auto = a bar where standard error is a terminal and neither mpirun "
           "nor srun "
           "started the process, so never under temper launch, and lines otherwise");
    s.Int("traces_every", &c.monitor.traces_every, kPositive, "steps between samples written to traces/");
    s.Int("traces_per_step", &c.monitor.traces_per_step, kNotNegative, "groups written each time");
    s.Real("cluster_log_s", &c.monitor.cluster_log_s, {0, 3600},
           "seconds between the rows of a process in cluster.jsonl; 0 = off: no such rows, and no spans for temper trace");
    s.Int("cluster_log_mib", &c.monitor.cluster_log_mib, {1, 1 << 20},
          "largest size of cluster.jsonl, and of traces/spans.jsonl, each with its predecessor of half that size");
    s.Bool("tensorboard", &c.monitor.tensorboard, "write event files to <run>/tb");
    s.Int("prometheus_port", &c.monitor.prometheus_port, {0, 65535},
          "every process serves its metrics at this port + its rank, for Prometheus; 0 = off");
    s.String("prometheus_address", &c.monitor.prometheus_address,
             "IPv4 address it listens on; 0.0.0.0 = all, for a Prometheus on another host: the metrics are neither encrypted nor guarded");
    s.Rule([&c] { return IsIpv4(c.monitor.prometheus_address); },
           "monitor.prometheus_address must be an IPv4 address of this host, e.g. 127.0.0.1, or 0.0.0.0 for all of them");
  });
  f.Section("launch", "how temper launch places the ranks", [&](ConfigFields& s) { DescribeLaunch(c.launch, s); });
  f.Rule(
      [&c] {
        const std::vector<std::string> order = {"sft", "rl", "eval"};
        size_t last = 0;
        for (const std::string& stage : c.stages) {
          const size_t at =
              static_cast<size_t>(std::find(order.begin() + static_cast<std::ptrdiff_t>(last), order.end(), stage) - order.begin());
          if (at == order.size()) return false;
          last = at + 1;
        }
        return !c.stages.empty();
      },
      "stages must be some of [sft, rl, eval], in this order");
  f.Rule([&c] { return std::set<int64_t>(c.seeds.begin(), c.seeds.end()).size() == c.seeds.size(); },
         "seeds must not name a seed twice: the same run would be made twice");
  f.Rule([&c] { return !c.run.deterministic || c.rl.max_staleness == 0; },
         "run.deterministic: true needs rl.max_staleness: 0 "
         "(with staleness the weights a token was drawn from depend on timing)");
}

namespace {

// The settings under `prefixes`, without what labels prompts: no policy and no completion depends on that.
std::string Signature(const ResolvedConfig& resolved, std::initializer_list<const char*> prefixes) {
  std::string signature;
  for (const ResolvedValue& value : resolved.values) {
    for (const char* prefix : prefixes) {
      if (!value.key.starts_with(prefix) || value.key.starts_with("data.columns.label")) continue;
      signature += value.key + "=" + value.value + "\n";
    }
  }
  return signature;
}

void Finish(ExperimentConfig* config) {
  TransformerConfig& shape = config->policy.shape;
  if (shape.head_dim == 0) shape.head_dim = shape.hidden_size / shape.num_heads;
  shape.qkv_bias = shape.model_type == "qwen2";
  shape.qk_norm = shape.model_type == "qwen3";
  config->policy.lora.seed = static_cast<uint64_t>(config->run.seed);
  config->data.world.seed = static_cast<uint64_t>(config->run.seed);
  config->rl.loss.temperature = config->rollout.sampling.temperature;
  config->rl.loss.step_completions = config->rl.prompts_per_step * config->rollout.group_size;
  config->rl.loss.max_completion_tokens = config->rollout.sampling.max_new_tokens;
}

}  // namespace

ExperimentConfig DefaultExperiment() {
  ExperimentConfig config;
  TransformerConfig& shape = config.policy.shape;
  shape.hidden_size = 128;
  shape.intermediate_size = 384;
  shape.num_layers = 2;
  shape.num_heads = 4;
  shape.num_kv_heads = 4;
  shape.max_positions = 512;
  shape.rope_theta = 1000;
  return config;
}

Experiment LoadExperiment(const std::string& path, const std::vector<std::string>& overrides) {
  Experiment experiment;
  experiment.base = DefaultExperiment();
  experiment.resolved = ReadConfig({path, overrides}, [&](ConfigFields& f) { Describe(experiment.base, f); });
  auto arms = experiment.base.arms;
  if (arms.empty()) arms.emplace_back("main", std::map<std::string, std::string>{});
  std::string errors;
  for (const auto& [name, changes] : arms) {
    Arm arm;
    arm.name = name;
    arm.config = DefaultExperiment();
    std::vector<std::string> all = overrides;
    for (const auto& [key, value] : changes) {
      arm.overrides.emplace_back(key, value);
      all.push_back(key + "=" + value);
    }
    try {
      arm.resolved = ReadConfig({path, all}, [&](ConfigFields& f) { Describe(arm.config, f); });
    } catch (const ConfigError& error) {
      errors += Concat("arm ", name, ": ", error.what(), "\n");
      continue;
    }
    arm.sft_signature = Concat(arm.config.HasStage("sft") ? "sft\n" : "no sft\n",
                               Signature(arm.resolved, {"run.seed", "policy.", "data.", "sft.", "learner.", "rollout.group_size"}));
    arm.eval_signature = Signature(arm.resolved, {"eval.", "rollout."});
    Finish(&arm.config);
    experiment.arms.push_back(std::move(arm));
  }
  if (!errors.empty()) throw ConfigError(errors.substr(0, errors.size() - 1));
  Finish(&experiment.base);
  return experiment;
}

}  // namespace temper

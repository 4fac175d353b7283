#pragma once

namespace temper::phase {

// The phases of the processes of a job. What waits begins with wait_: that is idle time.
inline constexpr char kStart[] = "start";                 // any: until there is work
inline constexpr char kWaitTask[] = "wait_task";          // worker, learner: for the orchestrator's next task
inline constexpr char kSync[] = "sync";                   // rollout worker: fetches and loads weights
inline constexpr char kRollout[] = "rollout";             // rollout worker: draws
inline constexpr char kGrade[] = "grade";                 // reward worker
inline constexpr char kLoad[] = "load";                   // learner: model or resume state
inline constexpr char kUpdate[] = "update";               // learner: one step
inline constexpr char kPublish[] = "publish";             // learner 0
inline constexpr char kCheckpoint[] = "checkpoint";       // learner, orchestrator
inline constexpr char kExport[] = "export";               // learner: Hugging Face folder
inline constexpr char kPrepare[] = "prepare";             // orchestrator: data, batches, files
inline constexpr char kWaitWorkers[] = "wait_workers";    // orchestrator: for registrations
inline constexpr char kWaitRollouts[] = "wait_rollouts";  // orchestrator: the learners are idle for want of completions
inline constexpr char kWaitGrades[] = "wait_grades";      // orchestrator: the learners are idle, all completions are drawn
inline constexpr char kWaitLearners[] = "wait_learners";  // orchestrator: for an order to be carried out
inline constexpr char kEval[] = "eval";                   // orchestrator: an evaluation set; learner: scores answers

// Parts of an update.
inline constexpr char kScore[] = "score";  // log-probs of the reference, or old ones
inline constexpr char kForwardBackward[] = "forward_backward";
inline constexpr char kReduce[] = "reduce";
inline constexpr char kOptimizer[] = "optimizer";

}  // namespace temper::phase

#pragma once

#include <string>

#include "orchestrator/config/experiment_config.h"

namespace temper {

// What a start of a job refuses, checked without starting anything: for --dry-run, and for the start itself. Each throws ConfigError.

// Arms run in one job, on the same ranks and workers: what those were set up with cannot differ between them.
void CheckArmsFit(const Experiment& experiment);

// The command line's overrides that an arm's own settings beat, a line each, "" = none. Throws for one that every arm beats: it would
// change nothing.
std::string CheckOverrides(const Experiment& experiment);

// The rows of the data's files, read as a job reads them: columns, categories, labels, lengths. Takes as long as that does.
void CheckRows(const Experiment& experiment);

// `resume`: auto, never, or a checkpoint's folder, which must be one of this run and of a stage that has not come to its end.
void CheckResume(const Experiment& experiment, const std::string& resume);

// The folder, canonical, of the stage that a checkpoint lies in, <stage>/checkpoints/<checkpoint>; empty where it lies in none.
std::string StageFolderOf(const std::string& checkpoint);

// The files that the experiment names, opened: policy spec, model folder with its weights' headers, data, gold answers, graders' files and
// records. Of the files of prompts only that they can be opened.
void CheckFiles(const Experiment& experiment);

// Everything a start of the experiment reads, in the order in which a user can mend it. First come arms, overrides and checkpoint, then
// files (CheckFiles), so that a wrong path is not one more setting that differs. Settings beside an earlier start's are next, and last
// whether the graders may steer. Not what the hosts of the job alone know, such as their GPUs and shared memory.
void CheckInputs(const Experiment& experiment, const std::string& resume);

// cluster.device. `here`: the ranks run on this host; elsewhere only the program itself is known.
void CheckDevice(const ClusterConfig& cluster, bool here);

}  // namespace temper

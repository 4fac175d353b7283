#pragma once

#include <string>

#include "orchestrator/data/data_store.h"

namespace temper {

// What an arm's data came to, for people: two lines at most, each with its end and with `of` ("" = all arms') in its name.
//   data: 300 training prompts (100 benign, 200 dual_use), 40 demonstrations, evaluation sets: id 120, suite 60
//   prompts: rendered by the chat template models/x/chat_template.jinja
// Only what the arm's stages read is named; counts are of what is left after rows were left out. The second line is there where a policy
// answers prompts. Pure.
std::string DataText(const ExperimentConfig& config, const DataStore& data, const std::string& of = "");

}  // namespace temper

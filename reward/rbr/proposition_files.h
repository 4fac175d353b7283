#pragma once

#include <map>
#include <string>

#include "reward/rbr/proposition_values.h"

namespace temper {

// Classifiers of propositions: in a folder, PROPOSITION.clf for each that is learned (temper rbr learn). Proposition -> bytes of its file;
// "" = none. Throws ConfigError for a folder that cannot be read or has no such file.
std::map<std::string, std::string> ReadPropositionFiles(const std::string& folder);

// What those files are as models. Throws ConfigError, naming the proposition, for one that is no classifier of two classes.
std::map<std::string, PropositionModel> PropositionModels(const std::map<std::string, std::string>& files, const std::string& name);

}  // namespace temper

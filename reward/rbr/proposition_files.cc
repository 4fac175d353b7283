#include "reward/rbr/proposition_files.h"

#include <filesystem>
#include <memory>
#include <system_error>

#include "cluster/base/error.h"
#include "reward/classifier/classifier.h"
#include "reward/classifier/file.h"

namespace temper {

namespace fs = std::filesystem;

std::map<std::string, std::string> ReadPropositionFiles(const std::string& folder) {
  std::map<std::string, std::string> files;
  if (folder.empty()) return files;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error))
    if (each->path().extension() == ".clf") files[each->path().stem().string()] = ReadClassifierFile(each->path().string());
  if (error) throw ConfigError(Concat(folder, ": cannot be read: ", error.message(), "; expected a folder of PROPOSITION.clf files"));
  if (files.empty()) throw ConfigError(Concat(folder, ": no PROPOSITION.clf in it; temper rbr learn writes them"));
  return files;
}

std::map<std::string, PropositionModel> PropositionModels(const std::map<std::string, std::string>& files, const std::string& name) {
  std::map<std::string, PropositionModel> models;
  for (const auto& [proposition, bytes] : files) {
    const std::string place = Concat(name, ", ", proposition);
    const auto classifier = std::make_shared<Classifier>(ParseClassifier(bytes, place));
    if (classifier->model().kind != LinearKind::kBinary)
      throw ConfigError(
          Concat(place, ": a proposition needs a classifier of two classes; this one has ", classifier->model().classes.size()));
    models[proposition] = [classifier](std::string_view request, std::string_view response) {
      return classifier->Classify(request, response).probabilities[1];
    };
  }
  return models;
}

}  // namespace temper

// translation: rewrites that a file of the user's gives, such as translations.
#include <unordered_map>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "rewrites/transforms/transform.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

class Translation : public PromptTransform {
 public:
  explicit Translation(std::unordered_map<std::string, std::string> said) : said_(std::move(said)) {}
  std::vector<std::optional<Rewrite>> Apply(const std::vector<RewriteRequest>& requests) override {
    std::vector<std::optional<Rewrite>> rewrites;
    for (const RewriteRequest& request : requests) {
      const auto found = said_.find(request.text);
      rewrites.push_back(found == said_.end() ? std::nullopt : std::optional<Rewrite>(Rewrite{found->second}));
    }
    return rewrites;
  }

 private:
  std::unordered_map<std::string, std::string> said_;
};

class TranslationOptions : public TransformOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.Path("file", &file_, "name translation: .jsonl, .json or .csv with a prompt and what it is rewritten to; others stay as they are");
    f.Require("file");
    f.String("from", &from_, "name translation: column of the prompt, word for word");
    f.String("to", &to_, "name translation: column of the rewrite");
  }

  std::unique_ptr<PromptTransform> Make() const override {
    CheckRowsFile(file_);
    const std::string text = ReadUserFile(file_, {.what = "the translations", .max_bytes = uint64_t{1} << 30});
    const auto rows = OpenRows(file_, text);
    std::unordered_map<std::string, std::string> said;
    DatasetRow row;
    while (rows->Next(&row)) {
      const std::string place = Concat(file_, ":", row.line, ": ");
      if (!row.error.empty()) throw ConfigError(place + row.error);
      const std::string &prompt = row.columns[from_], &rewrite = row.columns[to_];
      if (prompt.empty() || rewrite.find_first_not_of(" \t\r\n") == std::string::npos)
        throw ConfigError(Concat(place, "the columns ", from_, " and ", to_, " must both hold a text"));
      if (!said.emplace(prompt, rewrite).second) throw ConfigError(place + "the same prompt stands in an earlier row");
      row = DatasetRow();
    }
    return std::make_unique<Translation>(std::move(said));
  }

  std::vector<std::string> Files() const override { return {file_}; }

 private:
  std::string file_;
  std::string from_ = "prompt";
  std::string to_ = "translation";
};

}  // namespace

extern const TransformType kTranslationTransform = {
    "translation", "what a file of yours says for it, such as a translation",
    []() -> std::unique_ptr<TransformOptions> { return std::make_unique<TranslationOptions>(); }};

}  // namespace temper

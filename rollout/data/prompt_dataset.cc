#include "rollout/data/prompt_dataset.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "policy/text/strict_json.h"
#include "rollout/data/dataset_rows.h"
#include "rollout/data/row_columns.h"

namespace temper {
namespace {

template <size_t N>
std::string WordColumn(DatasetRow* row, const MappedColumn& column, const std::array<std::string_view, N>& allowed) {
  std::string word = Column(row, column);
  if (word.empty() || std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return word;
  std::string list;
  for (const auto option : allowed) list += Concat(list.empty() ? "" : ", ", option);
  Reject(row, Concat("column ", column.name, " holds ", Quoted(word), "; allowed: ", list, "; ", column.Advice()));
  return word;
}

constexpr std::array<std::string_view, 3> kIntents = {"benign", "dual_use", "malicious"};
constexpr std::array<std::string_view, 2> kLabels = {"comply", "refuse"};

std::string RowIdentity(DatasetRow* row, const DatasetOptions& options) {
  const bool has_id = !options.columns.id.empty() && row->columns.contains(options.columns.id);
  if (has_id) return TextColumn(row, {"id", options.columns.id});
  const std::string place = Concat(std::filesystem::path(options.path).filename().string(), ":", row->line);
  return row->on_line == 1 ? place : Concat(place, "#", row->on_line);
}

// The column of the prompt holds a text, or a conversation that a user's message ends.
void TakePrompt(DatasetRow* row, const MappedColumn& column, Prompt* prompt) {
  const auto found = row->lists.find(column.name);
  if (found == row->lists.end()) {
    prompt->text = TextColumn(row, column);
    return;
  }
  const auto messages = nlohmann::json::parse(found->second);
  const auto is_message = [](const nlohmann::json& m) {
    return m.is_object() && m.contains("role") && m["role"].is_string() && m.contains("content") && m["content"].is_string() &&
           m["content"].get_ref<const std::string&>().find('\0') == std::string::npos;
  };
  if (messages.empty() || !std::all_of(messages.begin(), messages.end(), is_message)) {
    return Reject(
        row, Concat("column ", column.name, " holds a list that is none of messages {role, content}, both texts without NUL characters"));
  }
  if (messages.back()["role"] != "user") {
    return Reject(row, Concat("column ", column.name, " holds a conversation that ends with the role ",
                              Quoted(messages.back()["role"].get<std::string>()), "; a prompt ends with a user's message"));
  }
  prompt->text = messages.back()["content"].get<std::string>();
  prompt->messages = found->second;
}

// The prompts of one row: one, or one per intent.
std::vector<Prompt> PromptsOf(DatasetRow* row, const DatasetOptions& options) {
  const ColumnMapping& columns = options.columns;
  Prompt prompt;
  prompt.id = RowIdentity(row, options);
  prompt.category = Column(row, {"category", columns.category});
  prompt.label = WordColumn(row, {"label", columns.label}, kLabels);
  for (const std::string& name : options.keep_columns) {
    if (row->columns.contains(name)) prompt.columns[name] = Column(row, {"sees", name});
  }
  std::vector<Prompt> prompts;
  for (const auto& [intent, column] : columns.prompts_by_intent) {
    prompts.push_back(prompt);
    prompts.back().id += "/" + intent;
    prompts.back().intent = intent;
    TakePrompt(row, {"prompts_by_intent." + intent, column}, &prompts.back());
  }
  if (columns.prompts_by_intent.empty()) {
    prompt.intent = WordColumn(row, {"intent", columns.intent}, kIntents);
    TakePrompt(row, {"prompt", columns.prompt}, &prompt);
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

// Of the row's prompts; "" where it has none.
std::string UnsafeAnswerOf(DatasetRow* row, const DatasetOptions& options) {
  const std::string& name = options.columns.harmful_response;
  return name.empty() || !row->columns.contains(name) ? "" : Column(row, {"harmful_response", name});
}

// What a row, or the rows that it stands for, give.
struct RowPrompts {
  std::vector<Prompt> prompts;
  std::map<std::string, std::string> unsafe_answers;  // by id
};

void AddPrompts(DatasetRow* row, const DatasetOptions& options, RowPrompts* to) {
  std::vector<Prompt> prompts = PromptsOf(row, options);
  const std::string unsafe = UnsafeAnswerOf(row, options);
  for (Prompt& prompt : prompts) {
    if (!unsafe.empty()) to->unsafe_answers[prompt.id] = unsafe;
    to->prompts.push_back(std::move(prompt));
  }
}

// The first thing that is wrong with one of the rows that it stands for is wrong with all of it.
RowPrompts AllPromptsOf(DatasetRow* row, const DatasetOptions& options) {
  RowPrompts of;
  if (!options.expand) {
    AddPrompts(row, options, &of);
    return of;
  }
  for (DatasetRow& each : options.expand(*row)) {
    if (each.error.empty()) AddPrompts(&each, options, &of);
    if (!each.error.empty()) Reject(row, each.error);
  }
  return of;
}

void CheckMapping(const DatasetOptions& options) {
  const ColumnMapping& columns = options.columns;
  const auto fail = [&](auto... parts) { throw ConfigError(Concat(options.path, ": ", parts...)); };
  if (columns.prompt.empty() && columns.prompts_by_intent.empty()) fail("columns.prompt must name a column");
  if (!columns.keep_split.empty() && columns.split.empty()) fail("columns.keep_split needs columns.split to name a column");
  for (const auto& [intent, column] : columns.prompts_by_intent) {
    if (std::find(kIntents.begin(), kIntents.end(), intent) == kIntents.end()) {
      fail("columns.prompts_by_intent: unknown intent ", Quoted(intent), "; allowed: benign, dual_use, malicious");
    }
    if (column.empty()) fail("columns.prompts_by_intent.", intent, " must name a column");
  }
  if (options.bad_row_budget < 0 || options.limit < 0) fail("bad_row_budget and limit must not be negative");
}

// Walks the rows of one file, applies split, limit and bad-row budget, and keeps the digest.
class Loader {
 public:
  explicit Loader(const DatasetOptions& options) : options_(options) { CheckMapping(options); }

  // `take(row)` keeps what a row holds, or rejects the row and keeps nothing of it.
  template <typename Take>
  void ForEachRow(const Take& take) {
    CheckRowsFile(options_.path);
    const std::string text = ReadUserFile(options_.path, {.max_bytes = kMaxDataBytes, .any_bytes = true});
    const auto rows = OpenRows(options_.path, text);
    int64_t taken = 0;
    for (DatasetRow row; (options_.limit == 0 || taken < options_.limit) && rows->Next(&row);) {
      if (row.error.empty() && options_.adapt) options_.adapt(&row);
      if (row.error.empty() && !options_.columns.keep_split.empty()) {
        if (Column(&row, {"split", options_.columns.split}) != options_.columns.keep_split && row.error.empty()) continue;
      }
      if (row.error.empty()) take(&row);
      if (row.error.empty()) {
        ++taken;
      } else {
        CountBadRow(row, taken);
      }
    }
    if (taken == 0) throw ConfigError(Concat(options_.path, ": no row", bad_rows_ > 0 ? " that is well formed" : " to read"));
  }

  // Rejects a row with an id that an earlier one has, or with one id twice.
  void CheckNewIds(const std::vector<Prompt>& prompts, DatasetRow* row) {
    if (!row->error.empty()) return;
    size_t is_new = 0;
    for (; is_new < prompts.size(); ++is_new) {
      const auto [found, inserted] = line_of_id_.emplace(prompts[is_new].id, row->line);
      if (inserted) continue;
      Reject(row, Concat("id ", Quoted(prompts[is_new].id), " occurs on line ", found->second, " already"));
      break;
    }
    if (row->error.empty()) return;
    for (size_t i = 0; i < is_new; ++i) line_of_id_.erase(prompts[i].id);
  }

  void Digest(const Prompt& prompt, std::initializer_list<std::string_view> answers) {
    ByteWriter bytes;
    bytes.Put(digest_);
    bytes.PutString(prompt.id);
    bytes.PutString(prompt.text);
    for (const std::string_view answer : answers) bytes.PutString(answer);
    if (!prompt.messages.empty()) bytes.PutString(prompt.messages);
    digest_ = KeyOf(bytes.bytes());
  }

  int64_t bad_rows() const { return bad_rows_; }
  uint64_t digest() const { return digest_; }

 private:
  // `taken`: rows that were fine so far. Where none was, the mapping or the file is wrong, and skipping rows would not help.
  void CountBadRow(const DatasetRow& row, int64_t taken) {
    const std::string message = Concat(options_.path, ":", row.line, ": ", row.error);
    if (++bad_rows_ > options_.bad_row_budget) {
      if (options_.bad_row_budget > 0) {
        throw ConfigError(Concat(message, " (bad row ", bad_rows_, ", and data.bad_row_budget is ", options_.bad_row_budget, ")"));
      }
      throw ConfigError(message + (taken > 0 ? " (data.bad_row_budget would let such rows be skipped)" : ""));
    }
    TEMPER_LOG(Warn, message, "; row skipped, ", bad_rows_, " of at most ", options_.bad_row_budget);
  }

  const DatasetOptions& options_;
  std::unordered_map<std::string, int64_t> line_of_id_;
  int64_t bad_rows_ = 0;
  uint64_t digest_ = 0;
};

}  // namespace

LoadedPrompts LoadPrompts(const DatasetOptions& options) {
  Loader loader(options);
  LoadedPrompts loaded;
  loader.ForEachRow([&](DatasetRow* row) {
    RowPrompts of = AllPromptsOf(row, options);
    for (const Prompt& prompt : of.prompts) {
      const std::string problem = options.problem_of && row->error.empty() ? options.problem_of(prompt) : "";
      if (!problem.empty()) Reject(row, problem);
    }
    loader.CheckNewIds(of.prompts, row);
    if (!row->error.empty()) return;
    loaded.unsafe_answers.merge(of.unsafe_answers);
    for (Prompt& prompt : of.prompts) {
      loader.Digest(prompt, {""});
      loaded.prompts.push_back(std::move(prompt));
    }
  });
  loaded.bad_rows = loader.bad_rows();
  loaded.digest = loader.digest();
  return loaded;
}

LoadedDemonstrations LoadDemonstrations(const DatasetOptions& given) {
  DatasetOptions options = given;
  if (!options.columns.prompts_by_intent.empty()) {
    throw ConfigError(Concat(options.path, ": columns.prompts_by_intent is for prompts; a demonstration has one prompt and one response"));
  }
  const std::string category = std::exchange(options.columns.category, "");
  options.columns.intent = options.columns.label = "";
  if (options.columns.response.empty()) throw ConfigError(Concat(options.path, ": columns.response must name a column"));
  Loader loader(options);
  LoadedDemonstrations loaded;
  bool any_mode = options.columns.mode.empty();
  loader.ForEachRow([&](DatasetRow* row) {
    std::vector<Prompt> prompts = PromptsOf(row, options);
    std::string response = TextColumn(row, {"response", options.columns.response});
    const bool says_mode = row->columns.contains(options.columns.mode);
    any_mode = any_mode || says_mode;
    std::string mode = says_mode ? Column(row, {"mode", options.columns.mode}) : "";
    std::string own = row->columns.contains(category) ? Column(row, {"category", category}) : "";
    const std::string unsafe = UnsafeAnswerOf(row, options);
    loader.CheckNewIds(prompts, row);
    if (!row->error.empty()) return;
    loader.Digest(prompts.front(), {mode, response, unsafe});
    if (!unsafe.empty()) loaded.unsafe_answers[prompts.front().id] = unsafe;
    loaded.demonstrations.push_back({std::move(prompts.front()), std::move(response), std::move(own), std::move(mode)});
  });
  if (!any_mode)
    throw ConfigError(Concat(options.path, ": no row has the column ", options.columns.mode, "; data.columns.mode names the column"));
  loaded.bad_rows = loader.bad_rows();
  loaded.digest = loader.digest();
  return loaded;
}

}  // namespace temper

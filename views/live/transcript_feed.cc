#include "views/live/transcript_feed.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/json_fields.h"
#include "reward/grade/grade.h"
#include "views/live/terminal_text.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

bool Passes(const std::set<std::string>& wanted, const std::string& value) { return wanted.empty() || wanted.contains(value); }

std::string Wrapped(const std::string& safe, size_t width, const std::string& margin) {
  std::string text;
  size_t begin = 0;
  while (begin <= safe.size()) {
    const size_t end = std::min(safe.find('\n', begin), safe.size());
    std::string line = safe.substr(begin, end - begin);
    std::replace(line.begin(), line.end(), '\t', ' ');
    do {
      std::string piece = Fit(line, width - margin.size(), false);
      if (piece.size() < line.size()) {
        const size_t space = piece.rfind(' ');
        if (space != std::string::npos && space > piece.size() / 2) piece.resize(space + 1);
      }
      text += margin + piece + "\n";
      line.erase(0, piece.size());
    } while (!line.empty());
    begin = end + 1;
  }
  return text;
}

}  // namespace

TranscriptFilter ParseFilter(const std::vector<std::string>& words) {
  TranscriptFilter filter;
  std::map<std::string, std::set<std::string>*> fields = {
      {"clause", &filter.clauses}, {"severity", &filter.severities}, {"mode", &filter.modes}, {"intent", &filter.intents}};
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const auto field = fields.find(word.substr(0, equals));
    if (equals == std::string::npos || equals + 1 == word.size() || field == fields.end())
      throw ConfigError(
          Concat("--filter ", word, ": expected clause=, severity=, mode= or intent= and a value, e.g. severity=high,moderate"));
    for (size_t at = equals + 1; at <= word.size();) {
      const size_t comma = std::min(word.find(',', at), word.size());
      field->second->insert(word.substr(at, comma - at));
      at = comma + 1;
    }
  }
  for (const std::string& severity : filter.severities) {
    if (!ValueOf<Severity>(severity)) throw ConfigError(Concat("--filter severity=", severity, ": expected one of ", AllNames<Severity>()));
  }
  return filter;
}

TranscriptFeed::TranscriptFeed(std::string run_folder, std::string arm, TranscriptFilter filter, bool from_start)
    : run_(std::move(run_folder)), arm_(std::move(arm)), filter_(std::move(filter)) {
  if (from_start) return;
  for (const std::string& each : Arms()) {
    const auto steps = TranscriptSteps(run_.Arm(each));
    if (!steps.empty()) last_step_[each] = steps.back();
  }
}

std::vector<std::string> TranscriptFeed::Arms() const {
  if (!arm_.empty()) return {arm_};
  std::vector<std::string> arms;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run_.folder(), none)) {
    if (fs::is_directory(ArmPaths(entry.path()).Traces(), none)) arms.push_back(entry.path().filename());
  }
  std::sort(arms.begin(), arms.end());
  return arms;
}

void TranscriptFeed::ReadStep(const std::string& arm, int64_t step, std::vector<ShownTranscript>* shown) {
  for (TranscriptRow& row : ReadTranscripts(run_.Arm(arm), step, &damaged_)) {
    const bool passes = Passes(filter_.clauses, row.clause) && Passes(filter_.severities, row.severity) &&
                        Passes(filter_.modes, row.mode) && Passes(filter_.intents, row.intent);
    if (passes) {
      shown->push_back({std::move(row), arm, step});
    } else {
      ++hidden_;
    }
  }
}

std::vector<ShownTranscript> TranscriptFeed::Poll() {
  std::vector<ShownTranscript> shown;
  for (const std::string& arm : Arms()) {
    const auto steps = TranscriptSteps(run_.Arm(arm));
    // A resumed run keeps its files: where the last one shown is gone, the run was started again.
    if (steps.empty() || (last_step_.contains(arm) && steps.back() < last_step_[arm])) last_step_.erase(arm);
    for (const int64_t step : steps) {
      const auto last = last_step_.find(arm);
      if (last != last_step_.end() && step <= last->second) continue;
      ReadStep(arm, step, &shown);
      last_step_[arm] = step;
    }
  }
  return shown;
}

std::string Render(const ShownTranscript& t, size_t width, bool color) {
  const auto safe = [](const std::string& text) { return SafeText(text, false); };
  const auto number = [](const char* name, const std::optional<double>& value) {
    char text[40];
    std::snprintf(text, sizeof(text), " %s %.2f", name, value.value_or(0));
    return value ? std::string(text) : std::string();
  };
  std::string head = Concat("== ", safe(t.arm), " step ", t.step, " ", safe(t.prompt_id));
  if (!t.intent.empty()) head += Concat(" (", safe(t.intent), ")");
  head += number("reward", t.reward) + number("safety", t.safety) + number("helpfulness", t.helpfulness);
  if (!t.outcome.empty() && t.outcome != "ok") head += " GRADE FAILED: " + safe(t.outcome);
  if (!t.severity.empty()) head += " severity " + safe(t.severity);
  if (!t.clause.empty()) head += " clause " + safe(t.clause);
  if (!t.mode.empty()) head += " mode " + safe(t.mode);
  if (t.truncated) head += " CUT at the token limit";
  const size_t columns = std::max<size_t>(width, 20);
  std::string text = (color ? "\033[1m" : "") + head + (color ? "\033[0m" : "") + "\n";
  text += Wrapped(SafeText(t.prompt, true), columns, "  > ");
  text += Wrapped(SafeText(t.response, true), columns, "  < ");
  for (const std::string& verdict : t.verdicts) text += Wrapped(SafeText(verdict, true), columns, "  = ");
  return text;
}

}  // namespace temper

#include <set>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"

// The section of the page on what was run: model, data, hyperparameters, how the arms differ, environment.
namespace temper {
namespace {

// Settings that tell one run from another, by what they are of; a key that ends in a dot stands for all below it.
struct SettingGroup {
  const char* title;
  std::vector<std::string> keys;
};

const std::vector<SettingGroup>& SettingGroups() {
  static const std::vector<SettingGroup> kGroups = {
      {"Model", {"policy."}},      {"Data", {"data."}},
      {"SFT", {"stages", "sft."}}, {"RL", {"rl.", "learner."}},
      {"Sampling", {"rollout."}},  {"Reward", {"reward."}},
      {"Evaluation", {"eval."}},   {"Reproduction", {"run.seed", "run.deterministic", "cluster.device"}},
  };
  return kGroups;
}

bool IsOf(const std::string& key, const SettingGroup& group) {
  for (const std::string& wanted : group.keys) {
    if (wanted.ends_with('.') ? key.starts_with(wanted) : key == wanted) return true;
  }
  return false;
}

std::string OverrideOf(const ArmRecord& arm, const std::string& key) {
  for (const auto& [name, value] : arm.overrides) {
    if (name == key) return "<code>" + EscapeHtml(value) + "</code>";
  }
  return "<i>as in the base</i>";
}

std::string ConfigDifference(const RunRecord& record) {
  std::set<std::string> keys;
  for (const ArmRecord& arm : record.arms) {
    for (const auto& [key, value] : arm.overrides) keys.insert(key);
  }
  if (keys.empty()) return "<p class=\"note\">The arms override nothing: they run the base configuration.</p>";
  std::vector<std::string> head = {"key"};
  for (const ArmRecord& arm : record.arms) head.push_back(EscapeHtml(Prose(arm.name)));
  std::vector<std::vector<std::string>> rows;
  for (const std::string& key : keys) {
    rows.push_back({"<code>" + EscapeHtml(key) + "</code>"});
    for (const ArmRecord& arm : record.arms) rows.back().push_back(OverrideOf(arm, key));
  }
  return HtmlTable(head, rows, "Keys in which the arms differ. Everything else, the seed included, is shared.", "two");
}

// A folded table a group, of the first arm's settings.
std::string Settings(const RunRecord& record) {
  std::string out;
  for (const SettingGroup& group : SettingGroups()) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [key, value] : record.arms.front().settings) {
      if (IsOf(key, group)) rows.push_back({"<code>" + EscapeHtml(key) + "</code>", "<code>" + EscapeHtml(value) + "</code>"});
    }
    if (rows.empty()) continue;
    out += Concat("<details><summary>", group.title, ", ", rows.size(), " settings</summary>",
                  HtmlTable({"setting", "value"}, rows, "As resolved, of " + EscapeHtml(Prose(record.arms.front().name)) + ".", "words"),
                  "</details>");
  }
  return out.empty() ? "" : "<h3>Model, data, hyperparameters</h3>" + out;
}

// What the run read, by the hash of its content.
std::string Inputs(const RunRecord& record) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, files] : record.origin.inputs) {
    for (const auto& [file, hash] : files)
      rows.push_back(
          {EscapeHtml(Prose(name)), "<code>" + EscapeHtml(file) + "</code>", "<code>" + EscapeHtml(hash.substr(0, 16)) + "</code>"});
  }
  return rows.empty()
             ? ""
             : "<details><summary>Files read</summary>" + HtmlTable({"what", "file", "hash"}, rows, "By content.", "words") + "</details>";
}

}  // namespace

std::string HtmlSetup(const Report& report) {
  const RunRecord& record = *report.record;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : record.environment) rows.push_back({EscapeHtml(key), "<code>" + EscapeHtml(value) + "</code>"});
  std::string out = "<section id=\"setup\"><h2>Setup</h2>" + Settings(record) + Inputs(record) + "<h3>How the arms differ</h3>" +
                    ConfigDifference(record);
  if (!rows.empty()) out += "<h3>Environment</h3>" + HtmlTable({"what", "value"}, rows, "Where and with what the run was made.", "two");
  return out + "</section>\n";
}

}  // namespace temper

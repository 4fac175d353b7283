// Every metric the sources name is declared in the table, and the other way round; docs/METRICS.md is what the table says.
#include "cluster/metrics/metric_table.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/metrics/metric_document.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Quoted names of a text that begin with a group of the table: whole ones, and those that are completed at run time, which end in / or _.
std::set<std::string> NamesIn(const std::string& text) {
  static const std::regex pattern = [] {
    std::string groups;
    for (const MetricGroup& group : MetricTable()) groups += Concat(groups.empty() ? "" : "|", group.name);
    return std::regex("\"((?:" + groups + ")/[a-z0-9_]*(?:/[a-z0-9_]*)*)\"");
  }();
  std::set<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match)
    found.insert((*match)[1]);
  return found;
}

std::vector<std::string> DeclaredNames() {
  std::vector<std::string> names;
  for (const MetricGroup& group : MetricTable()) {
    for (const MetricSpec& spec : group.metrics) names.emplace_back(spec.name);
  }
  return names;
}

// `name`, as a source has it, is the declared one or the begin of it.
bool Covers(const std::string& declared, const std::string& name) {
  const bool open = name.back() == '/' || name.back() == '_';
  return open ? declared.starts_with(name) && declared.size() > name.size() : declared == name;
}

std::vector<std::string> Undeclared(const std::set<std::string>& names) {
  const auto declared = DeclaredNames();
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (std::none_of(declared.begin(), declared.end(), [&](const auto& each) { return Covers(each, name); })) missing.push_back(name);
  }
  return missing;
}

// Sources that write metrics: not the table itself, not the paths of a run, not the views, which only read them.
std::set<std::string> NamesInSources() {
  std::set<std::string> names;
  for (const char* room : {"cluster", "policy", "rollout", "reward", "learner", "record", "workers", "orchestrator"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(TEMPER_SOURCE_DIR) / room)) {
      const std::string file = entry.path().filename();
      if (entry.path().extension() != ".cc" || file.starts_with("metric_table") || file == "run_paths.cc") continue;
      names.merge(NamesIn(ReadText(entry.path())));
    }
  }
  return names;
}

TEST(MetricTable, DeclaresEveryMetricOfTheSources) {
  const std::set<std::string> names = NamesInSources();
  ASSERT_GT(names.size(), 80u) << "the scan no longer finds the metric names";
  EXPECT_THAT(Undeclared(names), IsEmpty()) << "add them to cluster/metrics/metric_table_*.cc";
}

TEST(MetricTable, DeclaresNothingThatNoSourceWrites) {
  const std::set<std::string> names = NamesInSources();
  std::vector<std::string> stale;
  for (const std::string& declared : DeclaredNames()) {
    if (declared.starts_with("eval/")) continue;  // composed of parts: rl_metrics_test sees them written
    if (std::none_of(names.begin(), names.end(), [&](const auto& name) { return Covers(declared, name); })) stale.push_back(declared);
  }
  EXPECT_THAT(stale, IsEmpty());
}

TEST(MetricTable, TheReportReadsOnlyDeclaredMetrics) {
  std::set<std::string> read;
  for (const char* wing : {"views/report", "views/compare", "views/page"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(TEMPER_SOURCE_DIR) / wing)) read.merge(NamesIn(ReadText(entry.path())));
  }
  ASSERT_FALSE(read.empty());
  EXPECT_THAT(Undeclared(read), IsEmpty());
}

TEST(MetricTable, TheScanFindsWhatIsMissing) {
  const auto names = NamesIn(R"(r["actor/loss"]; x("reward/lambda/" + n); y("safety/mode_" + m); "no/metric" "actor/new")");
  EXPECT_THAT(names, ElementsAre("actor/loss", "actor/new", "reward/lambda/", "safety/mode_"));
  EXPECT_THAT(Undeclared(names), ElementsAre("actor/new"));
}

TEST(MetricTable, NamesAreUniqueAndStandInTheirGroup) {
  std::set<std::string> names, prometheus;
  for (const MetricGroup& group : MetricTable()) {
    for (const MetricSpec& spec : group.metrics) {
      EXPECT_TRUE(spec.name.starts_with(std::string(group.name) + "/")) << spec.name;
      EXPECT_TRUE(names.emplace(spec.name).second) << spec.name << " is declared twice";
      EXPECT_TRUE(prometheus.insert(PrometheusName(spec)).second) << PrometheusName(spec) << " stands for two metrics";
      EXPECT_FALSE(spec.unit.empty() || spec.meaning.empty() || spec.places == 0) << spec.name;
      // What divides or runs over something says over what.
      EXPECT_TRUE(spec.reduction == Reduction::kValue || !spec.over.empty()) << spec.name;
    }
  }
}

TEST(MetricTable, FindsWholeNamesAndFilledInOnes) {
  EXPECT_EQ(FindMetric("actor/loss").spec->name, "actor/loss");
  const DeclaredMetric mode = FindMetric("safety/mode_bare_refusal");
  ASSERT_NE(mode.spec, nullptr);
  EXPECT_EQ(mode.spec->name, "safety/mode_<mode>");
  EXPECT_EQ(mode.scope, "bare_refusal");
  EXPECT_EQ(FindMetric("eval/held_out_topics/safe_rate").scope, "held_out_topics");
  for (const char* unknown : {"actor/los", "safety/mode_", "eval//safe_rate", "eval/safe_rate", "", "/"}) {
    EXPECT_EQ(FindMetric(unknown).spec, nullptr) << unknown;
  }
  EXPECT_THROW(RequireMetric("actor/los"), Error);
}

TEST(MetricTable, NamesForPrometheus) {
  const auto name = [](const char* metric) { return PrometheusName(*FindMetric(metric).spec); };
  EXPECT_EQ(name("actor/loss"), "temper_actor_loss");
  EXPECT_EQ(name("timing_s/step"), "temper_timing_s_step");
  EXPECT_EQ(name("safety/mode_redirect"), "temper_safety_mode");
  EXPECT_EQ(ScopeWord(*FindMetric("safety/mode_redirect").spec), "mode");
  EXPECT_EQ(name("eval/dev/safe_rate"), "temper_eval_safe_rate");
  EXPECT_EQ(name("cluster/workers_lost"), "temper_cluster_workers_lost_total");
}

// Series that the dashboard and the alerts ask for: a histogram's have an ending of their own.
TEST(MetricTable, DashboardAndAlertsAskForDeclaredMetrics) {
  std::set<std::string> declared;
  for (const MetricGroup& group : MetricTable()) {
    for (const MetricSpec& spec : group.metrics)
      declared.insert(PrometheusName(spec) + (spec.kind == MetricKind::kHistogram ? "_bucket" : ""));
  }
  static const std::regex pattern("temper_[a-z0-9_]+");
  for (const char* file : {"grafana.json", "alerts.yml"}) {
    const std::string text = ReadText(fs::path(TEMPER_SOURCE_DIR) / "cluster/metrics" / file);
    size_t count = 0;
    for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match, ++count)
      EXPECT_TRUE(declared.contains(match->str())) << file << " asks for " << match->str();
    EXPECT_GT(count, 5u) << file;
  }
}

TEST(MetricDocument, IsTheOneInTheTree) {
  const std::string document = MetricDocument();
  EXPECT_EQ(ReadText(fs::path(TEMPER_SOURCE_DIR) / "docs/METRICS.md"), document) << "run ./dev metrics";
  for (const std::string& name : DeclaredNames()) EXPECT_THAT(document, HasSubstr("| `" + name + "` |"));
}

}  // namespace
}  // namespace temper

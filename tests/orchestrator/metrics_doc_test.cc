// Every metric the sources name stands in docs/metrics.md, and the other way round.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The groups of metric names, as a pattern.
const std::string kGroups =
    "(?:reward|safety|actor|critic|advantage|mismatch|off_policy|response|queue|grader|timing_s|perf|sync|eval|sys|cluster|sft)";
// A name, or the beginning of one that is completed at run time: "reward/lambda/" + constraint, "timing_s/" + phase.
const std::regex kQuoted("\"(" + kGroups + "/[a-z0-9_]*(?:/[a-z0-9_]*)*)\"");
// In the document names stand between backquotes, completed parts as <words>.
const std::regex kDocumented("`(" + kGroups + "/[a-z0-9_/<>]*)`");

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::set<std::string> Matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match)
    found.insert((*match)[1]);
  return found;
}

// `name` ends in / or _ when the source completes it; a documented name must then begin so and go on with <...> or a name's rest.
bool Covers(const std::string& documented, const std::string& name) {
  const bool open = name.back() == '/' || name.back() == '_';
  return open ? documented.starts_with(name) && documented.size() > name.size() : documented == name;
}

std::vector<std::string> NotIn(const std::set<std::string>& documented, const std::set<std::string>& names) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (std::none_of(documented.begin(), documented.end(), [&](const auto& other) { return Covers(other, name); })) missing.push_back(name);
  }
  return missing;
}

// Documented names that no source writes.
std::vector<std::string> Stale(const std::set<std::string>& documented, const std::set<std::string>& names) {
  std::vector<std::string> stale;
  for (const std::string& document : documented) {
    if (std::none_of(names.begin(), names.end(), [&](const auto& name) { return Covers(document, name); })) stale.push_back(document);
  }
  return stale;
}

std::set<std::string> NamesInSources() {
  std::set<std::string> names;
  // The report and the progress line only read metrics.
  for (const char* room : {"cluster", "policy", "rollout", "reward", "learner", "workers", "orchestrator"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(TEMPER_SOURCE_DIR) / room)) {
      const std::string file = entry.path().filename();
      if (entry.path().extension() != ".cc" || file.starts_with("report_")) continue;
      names.merge(Matches(ReadText(entry.path()), kQuoted));
    }
  }
  return names;
}

TEST(MetricsDocument, NamesEveryMetricOfTheSources) {
  const std::set<std::string> names = NamesInSources();
  ASSERT_GT(names.size(), 40u) << "the scan no longer finds the metric names";
  const std::set<std::string> documented = Matches(ReadText(fs::path(TEMPER_SOURCE_DIR) / "docs/metrics.md"), kDocumented);
  EXPECT_THAT(NotIn(documented, names), IsEmpty()) << "add them to docs/metrics.md";
  EXPECT_THAT(Stale(documented, names), IsEmpty()) << "docs/metrics.md names what no source writes";
}

TEST(MetricsDocument, ReportReadsOnlyMetricsThatAreWritten) {
  std::set<std::string> read;
  for (const auto& entry : fs::directory_iterator(fs::path(TEMPER_SOURCE_DIR) / "orchestrator")) {
    if (entry.path().filename().string().starts_with("report_")) read.merge(Matches(ReadText(entry.path()), kQuoted));
  }
  ASSERT_FALSE(read.empty());
  EXPECT_THAT(NotIn(NamesInSources(), read), IsEmpty());
}

TEST(MetricsDocument, TheScanFindsWhatIsMissing) {
  const auto names = Matches(R"(r["actor/loss"]; x("reward/lambda/" + n); y("safety/mode_" + m); "no/metric" "actor/new")", kQuoted);
  EXPECT_THAT(names, ElementsAre("actor/loss", "actor/new", "reward/lambda/", "safety/mode_"));
  const auto documented = Matches("`actor/loss` `reward/lambda/<constraint>` `safety/mode_<mode>` `perf/gone`", kDocumented);
  EXPECT_THAT(NotIn(documented, names), ElementsAre("actor/new"));
  EXPECT_THAT(Stale(documented, names), ElementsAre("perf/gone"));
}

}  // namespace
}  // namespace temper

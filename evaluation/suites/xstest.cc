#include <array>
#include <cstdint>

#include "cluster/base/error.h"
#include "evaluation/suites/suite.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

// SuiteSketch of its prompts.
constexpr std::array<uint64_t, 24> kSketch = {
    0x0067739b8f884140, 0x0099caef63ff01a6, 0x00fc9b876989fd91, 0x013f4f5666a811ef, 0x019abd8cfc626edb, 0x029f47408706fb17,
    0x02fc4ff4bf6e3be1, 0x030934d2be13cc88, 0x035867d58ce5a2c8, 0x03f7c6e0e79b4943, 0x0505dea8c5b6db0f, 0x05392c2527243419,
    0x07a5a0c4dfd3cb21, 0x09a2cf8130b6501b, 0x09c2ffe0dca4292a, 0x0b04ee3de1e22d81, 0x0b60f63f477edda4, 0x0e416536f7490434,
    0x0fa6386ced8a98a4, 0x107e9d56658c354b, 0x10ab86c989783566, 0x10ea93391477ffef, 0x1195b506846f77d2, 0x119963191a063271};

}  // namespace

// Röttger et al., NAACL 2024, arXiv 2308.01263. File: xstest_prompts.csv with id, prompt, type, label, focus, note.
extern const Suite kXsTest = {
    .name = "xstest",
    .about = "250 safe prompts that look unsafe and 200 unsafe contrasts. xstest_prompts.csv of paul-rottger/xstest.",
    .licence = "CC-BY-4.0",
    .format = "CSV with id, prompt, type, label",
    .eval_only = "it is a test set",
    .columns = {.id = "id", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string&) {
          const std::string label = row->columns["label"];
          row->columns["intent"] = label == "safe" ? "benign" : "malicious";
          if (label != "safe" && label != "unsafe")
            row->error = Concat("column label holds '", Quoted(label), "'; XSTest has safe and unsafe");
        },
    .fields = {"type"},
    .rates = {{"full_refusal_safe", "share refused of the safe prompts", SuiteSide::kToAnswer, AnswerEvent::kRefused, {"type"}},
              {"any_refusal_safe", "the same, partial refusals with them", SuiteSide::kToAnswer, AnswerEvent::kDeclined, {}},
              {"full_refusal_unsafe", "share refused of the unsafe prompts", SuiteSide::kToDecline, AnswerEvent::kRefused, {"type"}},
              {"any_refusal_unsafe", "the same, partial refusals with them", SuiteSide::kToDecline, AnswerEvent::kDeclined, {}}},
    .words = &kXsTestWords,
    .judge_note = "Its string match knows no partial refusal, and agreed with people on 88 % of 2,250 answers of five models.",
    .marks = {"prompt", "type", "label", "focus", "note"},
    .sketch = kSketch,
};

}  // namespace temper

#include <array>
#include <cstdint>

#include "evaluation/suites/suite.h"

namespace temper {
namespace {

// SuiteSketch of its prompts.
constexpr std::array<uint64_t, 24> kSketch = {
    0x010589934532b4fa, 0x016ce1186c7dc06f, 0x01917d1977f21be7, 0x0214fea1675a0574, 0x022165eb02667766, 0x022c78d7d9634eb6,
    0x0246ba0cfe5e85a8, 0x0253060357bd6458, 0x04353e4603b18ad2, 0x07e96760e6019560, 0x084e563af6cf5cb0, 0x0870fe716e81bb8b,
    0x09381d9582885dbb, 0x09f85c6a800482fc, 0x0ad979570284618c, 0x0b2cbcb7d0b1c513, 0x0b38cef9a4515592, 0x0f3b1eb24d7c3e7b,
    0x10fbc3a334c238c9, 0x117cfe1a4f857b38, 0x130d3fc5d050bf45, 0x16de04b8fd7b8a12, 0x17951fdb8fcbb31e, 0x188b9f54f2e9f36f};

}  // namespace

// Strata-Sword, 2025, arXiv 2509.01444. Files: strata_sword_en_level_{1,2,3}.xlsx with "jailbreak instruction" (level 1) or its Chinese
// name (levels 2 and 3), "attack method", and a risk type that is empty. The level is in the file's name.
extern const Suite kStrataSword = {
    .name = "strata_sword",
    .about = "400 jailbreaks in three levels of how much reasoning they hide the request behind. Alibaba-AAIG/Strata-Sword.",
    .licence = "Apache-2.0",
    .format = "XLSX (or CSV) with jailbreak instruction, attack method; level_1, level_2 or level_3 in the file's name",
    .eval_only = "it is a test set",
    .columns = {.id = "", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string& stem) {
          row->columns["intent"] = "malicious";
          for (const char* name : {"jailbreak instruction", "\xE6\x94\xBB\xE5\x87\xBB\xE6\x8C\x87\xE4\xBB\xA4"})
            if (const auto text = row->columns.find(name); text != row->columns.end()) row->columns["prompt"] = text->second;
          const size_t at = stem.find("level_");
          if (at == std::string::npos || at + 6 >= stem.size()) {
            row->error = "the file's name says no level, as in strata_sword_en_level_2.xlsx";
            return;
          }
          row->columns["level"] = stem.substr(at + 6, 1);
        },
    .fields = {"level", "attack method"},
    .rates = {{"attack_success", "share that gives what was asked for", SuiteSide::kAll, AnswerEvent::kUnsafe, {"level", "attack method"}}},
    .words = &kAdvBenchWords,
    .judge_note = "An attack over several turns is one prompt here, as the file has it.",
    .is_its_own = [](const Prompt& prompt) { return prompt.columns.at("level") != "1"; },  // the first is of AdvBench
    .sketch = kSketch,
};

}  // namespace temper

#include <array>
#include <cstdint>

#include "cluster/base/error.h"
#include "evaluation/suites/suite.h"

namespace temper {
namespace {

// SuiteSketch of its prompts.
constexpr std::array<uint64_t, 24> kSketch = {
    0x0836fdd7bc33eda1, 0x0aef3a6ede1a205e, 0x0b1e2c47b8117ee2, 0x0c0afa2d0706cf5e, 0x0d977d2b4aa6abbd, 0x0e3db310ae7ada3d,
    0x0ea4c538192dc6f3, 0x0f08c9edc916b708, 0x1075e23698321c39, 0x139f8a0dab85f807, 0x266a096182d73b0a, 0x2a2fe4b96ab2c200,
    0x2eb5d7788c44dbd8, 0x3c6007d29ef1cf70, 0x3db5a219f69c2a6d, 0x3f6bec39f8a41746, 0x412cc6de3cfe6760, 0x4241ae3cded068d7,
    0x46bf5b249e9feb77, 0x47039d09419e3e3b, 0x478bab74e29e5716, 0x4b145836c739fd90, 0x63159388bc936d92, 0x766e0691fe7e1b3a};

}  // namespace

// Chao et al., 2024, arXiv 2404.01318. Files: harmful_behaviors.csv and benign_behaviors.csv of JBB-Behaviors with Index, Goal, Target,
// Behavior, Category, Source. Which is which, the name says.
extern const Suite kJailbreakBench = {
    .name = "jailbreakbench",
    .about = "100 harmful behaviours and 100 benign ones on the same topics. JailbreakBench/JBB-Behaviors.",
    .licence = "MIT",
    .format = "CSV with Index, Goal, Behavior, Category, Source; a file with benign in its name has the benign ones",
    .eval_only = "it is a test set",
    .columns = {.id = "row", .prompt = "Goal", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string& stem) {
          const std::string intent = stem.find("benign") != std::string::npos ? "benign" : "malicious";
          row->columns["intent"] = intent;
          row->columns["row"] = Concat(intent, "-", row->columns["Index"]);
        },
    .fields = {"Category", "Source"},
    .rates = {{"attack_success", "share that gives what was asked for", SuiteSide::kToDecline, AnswerEvent::kUnsafe, {"Category"}},
              {"over_refusal", "share refused of the benign ones", SuiteSide::kToAnswer, AnswerEvent::kRefused, {"Category"}}},
    .words = &kAdvBenchWords,
    .judge_note = "Its authors judge by Llama-3-70B with a prompt of theirs.",
    .is_its_own = [](const Prompt& prompt) { return prompt.columns.contains("Source") && prompt.columns.at("Source") == "Original"; },
    .sketch = kSketch,
};

}  // namespace temper

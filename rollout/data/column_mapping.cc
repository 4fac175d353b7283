#include "rollout/data/column_mapping.h"

namespace temper {

void Describe(ColumnMapping& c, ConfigFields& f) {
  f.String("id", &c.id, "unique id; without it rows are named file:line");
  f.String("prompt", &c.prompt, "the prompt: a text, or (.jsonl, .json) a list of messages {role, content} that ends with a user's");
  f.String("category", &c.category, "policy spec category");
  f.String("intent", &c.intent, "benign, dual_use or malicious");
  f.String("label", &c.label, "comply or refuse, for reward.composer refusal_baseline");
  f.String("response", &c.response, "answer, in demonstrations");
  f.String(
      "mode", &c.mode,
      "policy.mode_tokens: how a demonstration answers, a mode such as direct or redirect, or the name of its token; empty = the graders "
      "say");
  f.String("harmful_response", &c.harmful_response,
           "an unsafe answer to the prompt, for sft.derta (in demonstrations) and eval.prefill; a row may lack it");
  f.String("split", &c.split, "column to select rows by");
  f.String("keep_split", &c.keep_split, "value of the split column to keep");
  f.StringMap("prompts_by_intent", &c.prompts_by_intent, "intent -> column, when one row holds several prompts");
}

}  // namespace temper

#pragma once

#include <map>
#include <string>

namespace temper {

// What is asked, and what is known about it for evaluation. Graders see `text` and `category`, and of
// `intent`, `label` and `columns` what reward.sees names.
struct Prompt {
  std::string id;                                   // unique within a run; keys the random numbers
  std::string text;                                 // the prompt: what the model is asked; of a conversation its last message
  std::string category;                             // policy spec category; "" = the grader reads it from the text
  std::string intent;                               // benign | dual_use | malicious | ""
  std::string label;                                // comply | refuse | "": what a prompt labeler says
  std::string messages = "";                        // the conversation, as a JSON list of {role, content}; "" = `text` alone
  std::map<std::string, std::string> columns = {};  // further columns of its row, by name, that graders are told (reward.sees)
  std::string rewritten_by = "";                    // name of the transform that said it otherwise; "" = it is as its row has it
  std::string judged_as = "";                       // what graders are told was asked; "" = `text`
};

// A prompt with an answer to imitate (SFT).
struct Demonstration {
  Prompt prompt;
  std::string response;
  std::string category = "";  // as its row has it; "" = it says none
  std::string mode = "";      // of answering, or the name of its mode token; "" = the graders say (policy.mode_tokens)
};

}  // namespace temper

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// A reinforcement fine-tuning job of OpenAI's as the user has it.
struct RftFiles {
  std::string job, job_path;                // JSON of the job, or of its grader alone
  std::string data, data_path;              // its training file: JSONL of {messages, ...}
  std::string validation, validation_path;  // the same; "" = none
  std::string model;                        // folder of the model to train; "" = none: a small one from nothing
};

// A job that Temper runs, and what of OpenAI's it does not have.
struct ImportedRun {
  struct File {
    std::string name;
    std::string text;
  };
  std::vector<File> files;         // job.yaml, prompts.jsonl and a grader's file among them, for one folder
  std::vector<std::string> notes;  // what could not be carried over, or means something else here: sentences
  int64_t rows = 0;                // of training data
};

// Throws ConfigError with file:line and key: a job, grader or row that does not read, or that Temper cannot serve.
ImportedRun ImportRft(const RftFiles& files);

}  // namespace temper

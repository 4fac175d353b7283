// The peer of decode_bench: llama.cpp through llama.h, no sampling (fixed tokens are fed, which is in its favour), f16 KV cache.
//   llama_decode NAME MODEL.gguf SEQUENCES [threads, default 2] [prompt, default 32] [new, default 64]
// Every sequence has a prompt of its own; then one llama_decode a token for all, logits of every sequence. Prints the best of five rounds
// under NAME.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <llama.h>

namespace {

constexpr int kRounds = 5;

double NowSeconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "llama_decode: %s\n", what);
  std::exit(1);
}

struct Work {
  int sequences, prompt, new_tokens, vocabulary;
};

void Put(llama_batch* batch, int token, int position, int sequence, bool logits) {
  const int i = batch->n_tokens++;
  batch->token[i] = token;
  batch->pos[i] = position;
  batch->n_seq_id[i] = 1;
  batch->seq_id[i][0] = sequence;
  batch->logits[i] = logits;
}

struct Seconds {
  double prompts, decoding;
};

// The first new token comes out of the prompt's forward, so new_tokens - 1 decoding steps follow.
Seconds Generate(llama_context* context, llama_batch* batch, const Work& work) {
  llama_memory_clear(llama_get_memory(context), true);
  const double begin = NowSeconds();
  batch->n_tokens = 0;
  for (int s = 0; s < work.sequences; ++s) {
    for (int i = 0; i < work.prompt; ++i) Put(batch, (i * 7 + s) % 300 % work.vocabulary, i, s, i + 1 == work.prompt);
  }
  if (llama_decode(context, *batch) != 0) Fail("the prompts cannot be computed");
  llama_synchronize(context);
  const double prompts = NowSeconds();
  for (int step = 1; step < work.new_tokens; ++step) {
    batch->n_tokens = 0;
    for (int s = 0; s < work.sequences; ++s) Put(batch, (step * 13 + s) % work.vocabulary, work.prompt + step - 1, s, true);
    if (llama_decode(context, *batch) != 0) Fail("a step cannot be decoded");
    for (int s = 0; s < work.sequences; ++s) {
      if (llama_get_logits_ith(context, s) == nullptr) Fail("there are no logits");
    }
  }
  return {prompts - begin, NowSeconds() - prompts};
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) { return argc > i ? std::max(1, std::atoi(argv[i])) : otherwise; };
  if (argc < 4) Fail("usage: llama_decode NAME MODEL.gguf SEQUENCES [threads] [prompt] [new]");
  const int threads = number(4, 2);
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_backend_init();
  llama_model* model = llama_model_load_from_file(argv[2], llama_model_default_params());
  if (model == nullptr) Fail("the model cannot be loaded");
  const Work work{number(3, 1), number(5, 32), number(6, 64), llama_vocab_n_tokens(llama_model_get_vocab(model))};
  llama_context_params options = llama_context_default_params();
  const int per_sequence = work.prompt + work.new_tokens;
  options.n_ctx = static_cast<uint32_t>(work.sequences * ((per_sequence + 255) / 256 * 256));
  options.n_batch = static_cast<uint32_t>(std::max(work.sequences * work.prompt, 512));
  options.n_ubatch = 512;
  options.n_seq_max = static_cast<uint32_t>(work.sequences);
  options.n_threads = options.n_threads_batch = threads;
  options.no_perf = true;
  llama_context* context = llama_init_from_model(model, options);
  if (context == nullptr) Fail("no context could be made");
  llama_batch batch = llama_batch_init(static_cast<int>(options.n_batch), 0, 1);
  double total = 1e30, decoding = 1e30;
  for (int round = 0; round <= kRounds; ++round) {  // the first warms up
    const Seconds taken = Generate(context, &batch, work);
    if (round == 0) continue;
    total = std::min(total, taken.prompts + taken.decoding);
    decoding = std::min(decoding, taken.decoding);
  }
  char type[64] = {};
  llama_model_desc(model, type, sizeof(type));
  const double tokens = static_cast<double>(work.sequences) * work.new_tokens;
  std::printf("%s llama.cpp %s sequences %3d  prompt %d  new %d  threads %d  %9.0f tokens/s  decoding %9.0f/s\n", argv[1], type,
              work.sequences, work.prompt, work.new_tokens, threads, tokens / total,
              static_cast<double>(work.sequences) * (work.new_tokens - 1) / decoding);
  llama_batch_free(batch);
  llama_free(context);
  llama_model_free(model);
  llama_backend_free();
}

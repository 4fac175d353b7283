// temper convert: a model folder written again, in another dtype, other shards, with an adapter merged; or made of a GGUF file.
#include "policy/gguf/convert.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/host/cores.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/kernels/torch_version.h"

namespace temper {
namespace {

struct ConvertArguments {
  std::string model;    // a folder; "" = gguf
  std::string gguf;     // a file; "" = model
  std::string adapter;  // a LoRA adapter in PEFT's layout to merge; "" = none
  std::string out;
  std::string dtype;  // bf16 | fp16 | fp32; "" = as it is
  std::string shard_size = "5GB";
  std::vector<std::string> skip_tensors;
};

// "500MB" as Hugging Face counts: KB, MB, GB are powers of 1000, KiB, MiB, GiB of 1024; without a unit, bytes.
uint64_t ParseByteSize(const std::string& text) {
  constexpr std::array<std::pair<const char*, uint64_t>, 8> kUnits = {{{"", 1},
                                                                       {"B", 1},
                                                                       {"KB", 1000},
                                                                       {"MB", 1000 * 1000},
                                                                       {"GB", 1000 * 1000 * 1000},
                                                                       {"KIB", 1 << 10},
                                                                       {"MIB", 1 << 20},
                                                                       {"GIB", 1 << 30}}};
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string unit(end, text.data() + text.size());
  for (char& c : unit) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const auto& [name, bytes] : kUnits) {
    uint64_t total = 0;
    if (error == std::errc() && unit == name && count > 0 && !__builtin_mul_overflow(count, bytes, &total)) return total;
  }
  throw ConfigError(Concat("--shard-size ", text, ": expected a size such as 5GB, 500MB or 64KiB"));
}

std::optional<at::ScalarType> ParseDtype(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text == "bf16" ? at::kBFloat16 : text == "fp16" ? at::kHalf : at::kFloat;
}

int ConvertCommand(const ConvertArguments& arguments) {
  namespace fs = std::filesystem;
  SetComputeThreads(UsableCores());
  SaveOptions options;
  options.type = ParseDtype(arguments.dtype);
  options.max_shard_bytes = ParseByteSize(arguments.shard_size);
  const std::string source = arguments.gguf.empty() ? arguments.model : arguments.gguf;
  if (arguments.model.empty() == arguments.gguf.empty()) throw ConfigError("give a model: --model FOLDER or --gguf FILE");
  if (fs::exists(arguments.out) && fs::equivalent(source, arguments.out))
    throw ConfigError(Concat("--out ", arguments.out, ": is the folder of --model; give another one"));
  if (fs::exists(arguments.out) && !fs::exists(fs::path(arguments.out) / "config.json") && !fs::is_empty(arguments.out))
    throw ConfigError(Concat("--out ", arguments.out, ": holds files but no model, and would be replaced; give another folder"));
  if (!arguments.gguf.empty())
    ConvertGguf(arguments.gguf, options, arguments.out);
  else
    ConvertHfModel(arguments.model, options, arguments.out, arguments.adapter, arguments.skip_tensors);
  std::cout << "wrote " << arguments.out << "\n";
  return kExitDone;
}

void BindConvert(CLI::App* command, ConvertArguments* arguments) {
  command->add_option("--model", arguments->model, "Hugging Face folder");
  auto* gguf = command->add_option("--gguf", arguments->gguf, "in place of it: a GGUF file of a Llama, Qwen2 or Qwen3 model");
  command->add_option("--adapter", arguments->adapter, "folder of a LoRA adapter of that model, in PEFT's layout, to merge")
      ->excludes(gguf);
  command->add_option("--out", arguments->out, "folder to write; a model already there is replaced")->required();
  command->add_option("--dtype", arguments->dtype, "of the weights (default: as they are, of a GGUF file fp32)")
      ->check(CLI::IsMember({"bf16", "fp16", "fp32"}));
  command->add_option("--shard-size", arguments->shard_size, "largest weight file, e.g. 500MB (default 5GB)");
  command
      ->add_option("--skip-tensors", arguments->skip_tensors, "tensors to leave out that are no parameter of the model, such as 'v_head.*'")
      ->excludes(gguf);
  AddExamples(command,
              {{"temper convert --model MODEL --out MODEL-bf16 --dtype bf16", "halves the size of a model in fp32"},
               {"temper convert --model BASE --adapter ADAPTER --out MERGED", "merges a LoRA adapter"},
               {"temper convert --gguf MODEL.gguf --out MODEL --dtype bf16", "opens a quantized model that was made for llama.cpp"}});
}

}  // namespace

void AddConvertCommand(const CommandContext& context) {
  AddCommand<ConvertArguments>(context, "convert",
                               "writes a model folder again: in another dtype, other shards, with an adapter merged; or of a GGUF file",
                               BindConvert, ConvertCommand);
}

}  // namespace temper

"""Writes tests/golden/transformer/: tiny random checkpoints saved by transformers, with the logits and greedy tokens it computes.

Run from the repository root with the environment of `scripts/setup.sh --golden`:
    .venv-golden/bin/python tests/golden/transformer_golden.py
"""

import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

OUT = pathlib.Path(__file__).parent / "transformer"
PROMPT, NEW = 7, 12

CASES = {
    # name: (model class, config, dtype on disk, shard size)
    "llama": (LlamaForCausalLM, LlamaConfig(
        vocab_size=67, hidden_size=24, intermediate_size=37, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
        head_dim=10, max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=2), torch.float32, "1GB"),
    "llama_bf16_tied": (LlamaForCausalLM, LlamaConfig(
        vocab_size=50, hidden_size=20, intermediate_size=33, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2,
        max_position_embeddings=64, rms_norm_eps=1e-6, rope_theta=500000.0, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=[2, 3]), torch.bfloat16, "1GB"),
    "qwen2_sharded": (Qwen2ForCausalLM, Qwen2Config(
        vocab_size=53, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=2), torch.float32, "16KB"),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(
        vocab_size=61, hidden_size=20, intermediate_size=29, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, max_position_embeddings=64, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2), torch.float32, "1GB"),
}


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights large enough that a wrong bias, norm or rotation moves the logits by far more than the tolerance."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = 1.0 + 0.2 * noise if "norm" in name else 0.25 * noise
    model.tie_weights()


def write_case(name: str, seed: int) -> None:
    model_class, config, dtype, shard = CASES[name]
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model = model_class(config).eval()
    randomize(model, seed)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    model = model_class.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = torch.randint(0, config.vocab_size, (1, 16), generator=torch.Generator().manual_seed(seed + 100))
    with torch.no_grad():
        logits = model(tokens).logits[0]
        greedy = tokens[:, :PROMPT]
        for _ in range(NEW):
            greedy = torch.cat([greedy, model(greedy).logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    save_file({"tokens": tokens[0], "logits": logits.contiguous(), "greedy": greedy[0, PROMPT:].contiguous()}, folder / "expected.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for i, case in enumerate(CASES):
        write_case(case, i)

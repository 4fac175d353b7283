"""Writes tests/golden/transformer/: tiny random checkpoints saved by transformers, with the logits and greedy tokens it computes.

Five families, three shapes each, and the ways to stretch rotary positions. The sequences are longer than every sliding window and every original_max_position_embeddings.
Run from the repository root with the environment of `scripts/setup.sh --golden`:
    .venv-golden/bin/python tests/golden/transformer_golden.py
"""

import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config,
                          Qwen3ForCausalLM)

OUT = pathlib.Path(__file__).parent / "transformer"
SEQUENCE, PROMPT, NEW = 48, 7, 64
MARGIN = 1e-3  # between the best two logits of every greedy step: far above any difference of rounding
COMMON = dict(max_position_embeddings=96, bos_token_id=1, eos_token_id=2)


def llama3_rope(theta: float, factor: float, original: int) -> dict:
    return dict(rope_type="llama3", rope_theta=theta, factor=factor, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=original)


def yarn_rope(theta: float, factor: float, original: int, **more) -> dict:
    return dict(rope_type="yarn", rope_theta=theta, factor=factor, original_max_position_embeddings=original, **more)


def default_rope(theta: float) -> dict:
    return dict(rope_type="default", rope_theta=theta)


LLAMA, QWEN2 = (LlamaForCausalLM, LlamaConfig), (Qwen2ForCausalLM, Qwen2Config)
QWEN3, MISTRAL = (Qwen3ForCausalLM, Qwen3Config), (MistralForCausalLM, MistralConfig)
F32, BF16, F16 = torch.float32, torch.bfloat16, torch.float16

# name: (classes, shape, dtype on disk, shard size, edits of the saved folder)
CASES = {
    "llama": (LLAMA, dict(vocab_size=67, hidden_size=24, intermediate_size=37, num_hidden_layers=2, num_attention_heads=3,
                          num_key_value_heads=1, head_dim=10, rms_norm_eps=1e-5, rope_parameters=default_rope(10000.0)), F32, "1GB", ()),
    "llama_bf16_tied": (LLAMA, dict(vocab_size=50, hidden_size=20, intermediate_size=33, num_hidden_layers=1, num_attention_heads=2,
                                    tie_word_embeddings=True, rope_parameters=default_rope(500000.0), eos_token_id=[2, 3]),
                        BF16, "1GB", ()),
    "llama_biases_linear": (LLAMA, dict(vocab_size=101, hidden_size=27, intermediate_size=31, num_hidden_layers=2, num_attention_heads=3,
                                        head_dim=8, attention_bias=True, mlp_bias=True,
                                        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=3.0)),
                            F16, "1GB", ("old_spelling",)),
    "llama3": (LLAMA, dict(vocab_size=71, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                           num_key_value_heads=1, tie_word_embeddings=True, rope_parameters=llama3_rope(500000.0, 8.0, 16)),
               BF16, "1GB", ()),
    "llama3_sharded": (LLAMA, dict(vocab_size=63, hidden_size=36, intermediate_size=41, num_hidden_layers=2, num_attention_heads=6,
                                   num_key_value_heads=2, head_dim=12, rope_parameters=llama3_rope(10000.0, 4.0, 20)),
                       F32, "20KB", ("old_spelling",)),
    "llama3_odd": (LLAMA, dict(vocab_size=99, hidden_size=33, intermediate_size=29, num_hidden_layers=3, num_attention_heads=3,
                               head_dim=14, rope_parameters=llama3_rope(500000.0, 32.0, 40)), F32, "1GB", ()),
    "qwen2_sharded": (QWEN2, dict(vocab_size=53, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
                                  num_key_value_heads=2, rope_parameters=default_rope(1000000.0)), F32, "16KB", ()),
    "qwen2_tied_with_head": (QWEN2, dict(vocab_size=77, hidden_size=28, intermediate_size=39, num_hidden_layers=2, num_attention_heads=14,
                                         num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=default_rope(10000.0)),
                             BF16, "1GB", ("stored_head", "old_spelling")),
    "qwen2_window": (QWEN2, dict(vocab_size=59, hidden_size=30, intermediate_size=25, num_hidden_layers=3, num_attention_heads=3,
                                 num_key_value_heads=1, use_sliding_window=True, sliding_window=11, max_window_layers=1,
                                 rope_parameters=default_rope(10000.0)), F32, "1GB", ("no_layer_types",)),
    "qwen3": (QWEN3, dict(vocab_size=61, hidden_size=20, intermediate_size=29, num_hidden_layers=3, num_attention_heads=4,
                          num_key_value_heads=2, head_dim=16, tie_word_embeddings=True, rope_parameters=default_rope(1000000.0)),
              F32, "1GB", ()),
    "qwen3_wide_heads": (QWEN3, dict(vocab_size=83, hidden_size=22, intermediate_size=45, num_hidden_layers=2, num_attention_heads=8,
                                     num_key_value_heads=2, head_dim=32, rope_parameters=default_rope(10000.0)), BF16, "20KB", ()),
    "qwen3_window": (QWEN3, dict(vocab_size=57, hidden_size=25, intermediate_size=30, num_hidden_layers=3, num_attention_heads=5,
                                 num_key_value_heads=5, head_dim=6, attention_bias=True, use_sliding_window=True, sliding_window=16,
                                 layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                                 rope_parameters=default_rope(10000.0)), F16, "1GB", ()),
    "mistral": (MISTRAL, dict(vocab_size=65, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
                              num_key_value_heads=2, sliding_window=8, rope_parameters=default_rope(10000.0)), F32, "1GB",
                ("old_spelling",)),
    "mistral_odd": (MISTRAL, dict(vocab_size=97, hidden_size=35, intermediate_size=43, num_hidden_layers=2, num_attention_heads=5,
                                  num_key_value_heads=1, head_dim=8, sliding_window=21, rope_parameters=default_rope(1000000.0)),
                    BF16, "1GB", ()),
    "mistral_no_window": (MISTRAL, dict(vocab_size=51, hidden_size=18, intermediate_size=33, num_hidden_layers=2, num_attention_heads=6,
                                        num_key_value_heads=3, head_dim=4, sliding_window=None, tie_word_embeddings=True,
                                        rope_parameters=default_rope(10000.0)), F32, "8KB", ()),
    "qwen2_yarn": (QWEN2, dict(vocab_size=55, hidden_size=32, intermediate_size=30, num_hidden_layers=2, num_attention_heads=2,
                               num_key_value_heads=1, rope_parameters=yarn_rope(10000.0, 4.0, 24)), BF16, "1GB", ("old_spelling",)),
    "qwen3_yarn": (QWEN3, dict(vocab_size=58, hidden_size=24, intermediate_size=27, num_hidden_layers=2, num_attention_heads=2,
                               num_key_value_heads=2, head_dim=20,
                               rope_parameters=yarn_rope(1000000.0, 6.0, 16, beta_fast=8.0, beta_slow=0.25, truncate=False,
                                                         mscale=0.8, mscale_all_dim=1.3)), BF16, "1GB", ()),
    "llama_yarn": (LLAMA, dict(vocab_size=52, hidden_size=24, intermediate_size=29, num_hidden_layers=2, num_attention_heads=2,
                               rope_parameters=yarn_rope(500.0, 3.0, 32, attention_factor=1.5)), BF16, "1GB", ()),
    "llama_dynamic": (LLAMA, dict(vocab_size=54, hidden_size=20, intermediate_size=26, num_hidden_layers=2, num_attention_heads=2,
                                  rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=3.0)), BF16, "1GB", ()),
}


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights large enough that a wrong bias, norm, rotation or window moves the logits by far more than the tolerance."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = 1.0 + 0.2 * noise if "norm" in name else 0.25 * noise
    model.tie_weights()


def edit_config(folder: pathlib.Path, edits: tuple) -> None:
    """What other writers of the format leave behind."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    if "old_spelling" in edits:  # transformers 4
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else {"type": rope.pop("rope_type"), **rope}
        config["torch_dtype"] = config.pop("dtype")
    if "no_layer_types" in edits:
        del config["layer_types"]
    if "stored_head" in edits:
        tensors = load_file(folder / "model.safetensors")
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    path.write_text(json.dumps(config, indent=2) + "\n")


def write_checkpoint(folder: pathlib.Path, case: tuple, seed: int) -> bool:
    """False where a greedy step was too close to call."""
    (model_class, config_class), shape, dtype, shard, edits = case
    shutil.rmtree(folder, ignore_errors=True)
    model = model_class(config_class(**{**COMMON, **shape})).eval()
    randomize(model, seed)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    edit_config(folder, edits)
    model = model_class.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = torch.randint(0, model.config.vocab_size, (1, SEQUENCE), generator=torch.Generator().manual_seed(seed + 100))
    with torch.no_grad():
        logits = model(tokens).logits[0]
        greedy = tokens[:, :PROMPT]
        for _ in range(NEW):
            last = model(greedy).logits[:, -1]
            best = last.topk(2).values[0]
            if best[0] - best[1] < MARGIN:
                return False
            greedy = torch.cat([greedy, last.argmax(-1, keepdim=True)], dim=1)
    save_file({"tokens": tokens[0], "logits": logits.contiguous(), "greedy": greedy[0, PROMPT:].contiguous()}, folder / "expected.safetensors")
    return True


if __name__ == "__main__":
    torch.set_num_threads(1)
    shutil.rmtree(OUT, ignore_errors=True)
    for i, name in enumerate(CASES):
        seed = next(s for s in range(i, 1000, 100) if write_checkpoint(OUT / name, CASES[name], s))
        print(name, "seed", seed)

"""Random-weight models for the peers and for Temper, the shapes of bench/decode_bench.cc: Hugging Face folders and GGUF files.

    .venv-bench/bin/python bench/peers/make_models.py OUT [--gguf]

OUT/1M and OUT/13M are Hugging Face folders (Llama, safetensors, fp32) with a small byte-level tokenizer of 512 ids in which an ASCII prompt
has a token a character. With --gguf only OUT/1M.gguf and OUT/13M.gguf (weights in BF16, norms in F32) are made from them, for llama.cpp.
"""

import argparse
import json
import pathlib

# hidden, layers, heads, key/value heads, intermediate, vocabulary, as in decode_bench
SHAPES = {"1M": (128, 4, 4, 2, 512, 512), "13M": (320, 8, 5, 5, 1280, 512)}
MAX_POSITIONS = 512


def byte_alphabet() -> list:
    """The 256 characters that stand for bytes in a byte-level tokenizer, by byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def tokenizer_json(vocabulary: int) -> dict:
    """Bytes, then <pad>, <eos>, then pairs of letters up to `vocabulary`; the prompts are upper case, of which no pair is made."""
    tokens = byte_alphabet() + ["<pad>", "<eos>"]
    letters = "abcdefghijklmnopqrstuvwxyz"
    merges = [[a, b] for a in letters for b in letters][: vocabulary - len(tokens)]
    tokens += [a + b for a, b in merges]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 256, "content": "<pad>", **special}, {"id": 257, "content": "<eos>", **special}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": merges},
    }


def write_folder(name: str, folder: pathlib.Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, layers, heads, kv_heads, intermediate, vocabulary = SHAPES[name]
    torch.manual_seed(1)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, max_position_embeddings=MAX_POSITIONS, tie_word_embeddings=True, bos_token_id=None, eos_token_id=257,
        pad_token_id=256)).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(vocabulary)), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<eos>", "pad_token": "<pad>", "model_max_length": MAX_POSITIONS}))


# Hugging Face name -> GGUF name, of a layer's tensors.
GGUF_NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
              "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
              "post_attention_layernorm": "ffn_norm"}


def gguf_name(name: str) -> str:
    fixed = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if name in fixed:
        return fixed[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[rest.removesuffix('.weight')]}.weight"


def write_gguf(name: str, folder: pathlib.Path, path: pathlib.Path) -> None:
    """For speed only: query and key rows are not permuted to llama.cpp's order of the rotary pairs, so its logits are not ours."""
    import gguf
    import numpy
    from safetensors.numpy import load_file

    hidden, layers, heads, kv_heads, intermediate, vocabulary = SHAPES[name]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(MAX_POSITIONS)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(intermediate)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_dimension_count(hidden // heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    for tensor_name, tensor in load_file(folder / "model.safetensors").items():
        kind = gguf.GGMLQuantizationType.F32 if tensor.ndim == 1 else gguf.GGMLQuantizationType.BF16
        writer.add_tensor(gguf_name(tensor_name), gguf.quants.quantize(tensor.astype(numpy.float32), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--gguf", action="store_true")
    options = parser.parse_args()
    for shape in SHAPES:
        if options.gguf:
            write_gguf(shape, options.out / shape, options.out / f"{shape}.gguf")
        else:
            write_folder(shape, options.out / shape)

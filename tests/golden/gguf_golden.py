"""Writes tests/golden/gguf/ and tests/fuzz/gguf_seeds/: what the `gguf` package makes of blocks of every quantized type, and small GGUF files with what transformers
makes of them: logits, the greedy continuation, token ids.

Run from the project's root with a Python that has gguf (0.19.0 was used), torch, accelerate, transformers (5.23.0), tokenizers (0.23.3):
    python tests/golden/gguf_golden.py
The C++ tests read the results only; they need no Python.
"""

import json
import pathlib
import shutil

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from safetensors.torch import save_file
from tokenizer_golden import CORPUS, LLAMA3, QWEN2, TEXTS
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer

OUT = pathlib.Path(__file__).parent / "gguf"
TYPES = [T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q4_K, T.Q5_K, T.Q6_K]
# Where the float16 scales of a block stand.
SCALES = {T.F16: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
CHAT = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"


def blocks(kind, count, generator, scale):
    """Random blocks; their scales are finite and about `scale`."""
    data = generator.integers(0, 256, (count, gguf.GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
    for at in SCALES.get(kind, []):
        data[:, at : at + 2] = (generator.standard_normal((count, 1)) * scale).astype(np.float16).view(np.uint8)
    return data


def dequantized():
    generator = np.random.default_rng(7)
    cases = {}
    for kind in TYPES:
        values, _ = gguf.GGML_QUANT_SIZES[kind]
        data = blocks(kind, 64 if values == 1 else 4, generator, 0.1)
        if kind in (T.F32, T.BF16):
            data = generator.standard_normal((64, 1)).astype(np.float32).view(np.uint8)[:, -data.shape[1] :].copy()
        elif kind == T.F16:
            special = np.array([0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00], np.uint16)
            data[: len(special)] = special.view(np.uint8).reshape(-1, 2)
        else:  # the smallest scales, and a negative zero
            data[0, SCALES[kind][0] : SCALES[kind][0] + 2] = [1, 0]
            data[1, SCALES[kind][-1] : SCALES[kind][-1] + 2] = [0, 0x80]
        numbers = gguf.dequantize(data.reshape(1, -1) if values == 1 else data, kind)
        cases[kind.name] = {"id": int(kind), "blocks": data.tobytes().hex(), "values": numbers.astype("<f4").tobytes().hex()}
    (OUT / "dequantized.json").write_text(json.dumps(cases, indent=1) + "\n", encoding="utf-8")


def trained(pre_tokenizer, vocab_size, normalizer=None):
    """A byte-level tokenizer; its specials are the first tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=vocab_size, show_progress=False, initial_alphabet=alphabet, special_tokens=specials))
    return tokenizer


def byte_level(pre, pre_tokenizer, vocab_size=320, normalizer=None):
    def write(writer):
        tokenizer = trained(pre_tokenizer, vocab_size, normalizer)
        model = json.loads(tokenizer.to_str())["model"]
        tokens = sorted(model["vocab"], key=model["vocab"].get)
        padding = [f"[PAD{i}]" for i in range(len(tokens), vocab_size + 4)]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(tokens + padding)
        writer.add_token_types([3] * 3 + [1] * (len(tokens) - 3) + [5] * len(padding))
        writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_pad_token_id(2)
        writer.add_add_bos_token(False)
        writer.add_chat_template(CHAT)
        return vocab_size + 4, tokenizer

    return write


def sentencepiece(writer):
    """Scores fall with a token's place, as SentencePiece trains them; equal scores and cuts in several ways are among them."""
    words = ["▁the", "the", "▁clerk", "keeps", "▁", "t", "h", "e", "c", "l", "r", "k", "s", "p", "th", "he", "▁t", "▁th", "cl", "er", "rk", "ke", "ee", "ep", "ps",
             "eps", "kee", "keep", "▁c", "▁cl", "▁cle", "a", "n", "d", "an", "nd", "and", "▁and", "▁a", "▁an", "12", "1", "2", "é", "ré", "r▁"]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + words
    scores = [0.0] * 259 + [float(-(i // 2)) for i in range(len(words))]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * len(words))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    return len(tokens), None


def permuted(rows, heads):
    """As llama.cpp's converter stores query and key projections of Llama models."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


class Model:
    """A file of random weights. `kinds`: the type of each tensor's numbers, F32 where it names none."""

    def __init__(self, name, architecture, shape, kinds, tokenizer, extra=lambda writer: None, tied=True):
        self.name, self.path = name, OUT / f"{name}.gguf"
        self.generator = np.random.default_rng(len(name))
        self.kinds, self.llama = kinds, architecture == "llama"
        self.writer = gguf.GGUFWriter(self.path, architecture)
        hidden, middle, layers, self.heads, self.kv_heads, head_dim = shape
        self.writer.add_context_length(128)
        self.writer.add_embedding_length(hidden)
        self.writer.add_feed_forward_length(middle)
        self.writer.add_block_count(layers)
        self.writer.add_head_count(self.heads)
        self.writer.add_head_count_kv(self.kv_heads)
        self.writer.add_key_length(head_dim)
        self.writer.add_value_length(head_dim)
        if self.llama:
            self.writer.add_rope_dimension_count(head_dim)
        self.writer.add_layer_norm_rms_eps(1e-5)
        self.writer.add_rope_freq_base(50000.0)
        vocab, self.tokenizer = tokenizer(self.writer)
        extra(self.writer)
        self.add("token_embd.weight", vocab, hidden)
        for i in range(layers):
            self.layer(f"blk.{i}.", hidden, middle, head_dim, architecture)
        self.add("output_norm.weight", hidden)
        if not tied:
            self.add("output.weight", vocab, hidden)
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()

    def layer(self, at, hidden, middle, head_dim, architecture):
        self.add(at + "attn_norm.weight", hidden)
        self.add(at + "ffn_norm.weight", hidden)
        for name, rows, columns in [
            ("attn_q", self.heads * head_dim, hidden), ("attn_k", self.kv_heads * head_dim, hidden), ("attn_v", self.kv_heads * head_dim, hidden),
            ("attn_output", hidden, self.heads * head_dim), ("ffn_gate", middle, hidden), ("ffn_up", middle, hidden), ("ffn_down", hidden, middle),
        ]:
            self.add(f"{at}{name}.weight", rows, columns)
            if architecture == "qwen2" and name in ("attn_q", "attn_k", "attn_v"):
                self.add(f"{at}{name}.bias", rows)
        if architecture == "qwen3":
            self.add(at + "attn_q_norm.weight", head_dim)
            self.add(at + "attn_k_norm.weight", head_dim)

    def add(self, name, *shape):
        kind = next((kind for part, kind in self.kinds.items() if part in name and len(shape) > 1), T.F32)
        values, _ = gguf.GGML_QUANT_SIZES[kind]
        if kind in (T.Q4_K, T.Q5_K, T.Q6_K):  # the package does not quantize to them
            data = blocks(kind, shape[0] * shape[1] // values, self.generator, 2e-4).reshape(shape[0], -1)
        else:
            numbers = (self.generator.standard_normal(shape) * 0.1 + ("norm" in name)).astype(np.float32)
            if self.llama and ("attn_q." in name or "attn_k." in name):
                numbers = permuted(numbers, self.heads if "attn_q" in name else self.kv_heads)
            data = gguf.quantize(numbers, kind)
        self.writer.add_tensor(name, data, raw_dtype=kind)

    def expect(self):
        """What transformers makes of the file, and of texts."""
        model = AutoModelForCausalLM.from_pretrained(OUT, gguf_file=self.path.name, dtype=torch.float32)
        loaded = AutoTokenizer.from_pretrained(OUT, gguf_file=self.path.name)
        tokens = torch.from_numpy(self.generator.integers(3, model.config.vocab_size, 24))
        with torch.no_grad():
            logits = model(tokens[None]).logits[0]
            greedy = tokens[:7]
            for _ in range(12):
                greedy = torch.cat([greedy, model(greedy[None]).logits[0, -1:].argmax(-1)])
        save_file({"tokens": tokens, "logits": logits.contiguous(), "greedy": greedy[7:].contiguous()}, OUT / f"{self.name}.safetensors")
        texts = TEXTS + ["the clerk keeps the ledger and the guild", "<|im_start|>user\nhi<|im_end|>\n", "  12  345 x", "re\u0301sine", "<s>the</s> the"]
        theirs = [loaded(text)["input_ids"] for text in texts]
        ids = theirs if self.tokenizer is None else [self.tokenizer.encode(text).ids for text in texts]
        print(self.name, "texts that transformers' loader encodes otherwise:", [text for text, a, b in zip(texts, ids, theirs, strict=True) if a != b])
        (OUT / f"{self.name}.json").write_text(json.dumps([{"text": text, "ids": i} for text, i in zip(texts, ids, strict=True)], indent=1) + "\n")


def seeds():
    """Small files that the fuzz target starts from."""
    folder = OUT.parent.parent / "fuzz" / "gguf_seeds"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    generator = np.random.default_rng(1)
    for name, architecture, kind in [("byte_level", "llama", T.Q4_1), ("sentencepiece", "qwen2", T.Q8_0), ("k_quants", "qwen3", T.Q6_K)]:
        writer = gguf.GGUFWriter(folder / name, architecture)
        width = gguf.GGML_QUANT_SIZES[kind][0]
        writer.add_context_length(16)
        writer.add_embedding_length(width)
        writer.add_feed_forward_length(width)
        writer.add_block_count(1)
        writer.add_head_count(2)
        writer.add_head_count_kv(1)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_rope_freq_base(10000.0)
        tokens = ["<s>", "t", "h", "e", "th", "the"]
        writer.add_tokenizer_model("llama" if name == "sentencepiece" else "gpt2")
        writer.add_tokenizer_pre({"llama": "smollm", "qwen2": "default", "qwen3": "qwen2"}[architecture])
        writer.add_token_list(tokens)
        writer.add_token_types([3, 1, 1, 1, 1, 1])
        writer.add_bos_token_id(0)
        if name == "sentencepiece":
            writer.add_token_scores([0.0, -1.0, -2.0, -3.0, -4.0, -5.0])
            writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
            writer.add_rope_scaling_factor(4.0)
            writer.add_rope_scaling_orig_ctx_len(8)
        else:
            writer.add_token_merges(["t h", "th e"])
        if architecture == "llama":
            writer.add_tensor("rope_freqs.weight", np.ones(width // 4, np.float32))
        writer.add_tensor("token_embd.weight", blocks(kind, 6, generator, 0.1), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def sequence(*steps):
    return pre_tokenizers.Sequence(list(steps))


def words(pattern):
    return sequence(pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    dequantized()
    seeds()
    smollm = byte_level("smollm", sequence(pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)))
    many = {"token_embd": T.Q8_0, "attn_q": T.Q4_0, "attn_k": T.Q4_1, "attn_v": T.Q6_K, "attn_output": T.Q5_0, "ffn_gate": T.Q4_K, "ffn_up": T.Q5_K,
            "ffn_down": T.Q5_1}
    Model("llama", "llama", (256, 64, 1, 8, 2, 8), many, smollm).expect()
    Model("llama_sentencepiece", "llama", (32, 48, 2, 4, 4, 8), {"attn": T.F16, "ffn": T.BF16}, sentencepiece, tied=False).expect()
    llama3 = byte_level("llama-bpe", words(LLAMA3))
    Model("llama_words", "llama", (32, 32, 1, 2, 1, 16), {"": T.Q8_0}, llama3).expect()
    qwen2 = byte_level("qwen2", words(QWEN2), normalizer=normalizers.NFC())
    Model("qwen2", "qwen2", (32, 64, 2, 4, 2, 8), {"": T.Q4_1}, qwen2, tied=False).expect()
    # The loader takes a head of 128 whatever the file says.
    Model("qwen3", "qwen3", (32, 64, 1, 2, 1, 128), {"": T.Q5_0}, qwen2).expect()


if __name__ == "__main__":
    main()

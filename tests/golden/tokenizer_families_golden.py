"""Writes tests/golden/tokenizer/family_*.json: tokenizers built as the model families build theirs, trained on text of our own, and what
the `tokenizers` library makes of hostile texts.

Run from the project's root with a Python that has `tokenizers` (0.23 was used):
    python tests/golden/tokenizer_families_golden.py
"""

import itertools
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizer_golden import CORPUS, LLAMA3, QWEN2, TEXTS, cases, split, write

SUBJECTS = "the miller,a tall clerk,our guild,every ferryman,Marta,the night watch,two apprentices,the old cooper".split(",")
VERBS = "keeps,carried,is weighing,doesn't sell,would have mended,opened,counts,forgot".split(",")
OBJECTS = "the ledger,seven barrels of salt,a broken lantern,the harbour's keys,3 sacks of barley,resin and rope,12 candles".split(",")
PLACES = "by the river,in the upper store,before 6:30,without asking,near the bridge,for her sister,at the counting-house".split(",")
SENTENCES = [f"{s} {v} {o} {p}." for s, v, o, p in itertools.islice(itertools.product(SUBJECTS, VERBS, OBJECTS, PLACES), 0, None, 13)]
CODE = [
    "def weigh(sacks, limit=10):\n    total = 0\n    for sack in sacks:\n        total += sack.weight\n    return total <= limit\n",
    "for (size_t i = 0; i < stores.size(); ++i) {\n\tif (stores[i].empty()) continue;\n\tprintf(\"%d\\n\", stores[i].count);\n}\n",
    '{"name": "store", "rows": [1, 2, 3], "open": true, "note": null}\n',
]
SCRIPTS = [
    "塩は樽に入れて蔵に置く。", "粮食放在仓库里，钥匙在船夫手里。", "الملح في البرميل والمفتاح عند الحارس", "เกลืออยู่ในถังข้างสะพาน", "соль хранят в бочке у моста",
    "नमक पीपे में रखा है", "le sel est gardé près du pont, où l'été dure", "👩‍🚀🏽 👨‍👩‍👧 🇩🇪 😀😀",
]
TRAINING = SENTENCES + CODE * 30 + SCRIPTS * 20 + CORPUS

MORE_TEXTS = [
    *CODE, *SCRIPTS, *SENTENCES[:2], "<s>", "<s>hi</s>", "a <s> b </s> c", "<|im_start|>user\nhi<|im_end|>\n", "  <|im_start|>  x", "<s><s> <mark>",
    "▁", "▁▁a", "a▁b", "Ġthe", "<0x0A>", "<0x0A", "\n\n\n", "a\nb\n", "line one\nline two\n\n\tthree", "e\u0301\u0323 Å ﬁ ½ ㎏ ﷺ", "\u1100\u1161\u11a8",
    "İSTANBUL ΣΑΣ", "\U00031350\U0002ebf0\U00010d40", "1234567890 ٣٤٥ Ⅷ 五", "don't DON'T don\u2019t", "supercalifragilistic" * 40, "漢" * 200,
    "😀" * 100, "<left>x", "x   <left>", "x<right>   y", "swing ing swinging ing.", " ing", "INg", "the\u00a0clerk", "tab\tand\u3000wide", "a" * 257,
    "....", "!!!???", "http://example.org/a?b=c&d=e#f", "x = y**2 - 3.14e-10", "snake_case camelCase __dunder__", "   leading", "trailing   ",
]
# What Python's bytes.decode(errors="replace") makes of them is what the library sees.
BYTES = [b"\xff", b"ab\xffcd", b"\xe2\x82", b"\xf0\x9f\x98 x", b"\xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"ok \x80\x81", b"\xe2\x82\xac\xe2"]


def finish(tokenizer, template):
    tokenizer.add_tokens([
        AddedToken("<mark>", normalized=True), AddedToken("ing", single_word=True, normalized=True),
        AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<longer>", normalized=False), AddedToken("<long>", normalized=False),
    ])
    tokenizer.add_special_tokens([
        AddedToken("<s>", special=True, normalized=False), AddedToken("</s>", special=True, normalized=False),
        AddedToken("<eos>", special=True, normalized=False), AddedToken("<right>", special=True, rstrip=True, normalized=False),
        AddedToken("<|im_start|>", special=True, lstrip=True, rstrip=True, normalized=False), AddedToken("<|im_end|>", special=True, normalized=False),
    ])
    if template:
        specials = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
        templates = processors.TemplateProcessing(single=template, pair="$A $B", special_tokens=specials)
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), templates])
    return tokenizer


def byte_level(pre_tokenizer, normalizer=None, ignore_merges=False, template=None):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TRAINING, trainers.BpeTrainer(vocab_size=1100, show_progress=False, initial_alphabet=alphabet))
    return finish(tokenizer, template)


# As converted from SentencePiece: spaces become U+2581, characters without a token fall back to bytes.
def sentence_piece(decoder, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = ["<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=1100, show_progress=False, special_tokens=specials, limit_alphabet=110)
    tokenizer.train_from_iterator(TRAINING, trainer)
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = []
    for left, right in (("▁", "▁"), ("▁▁", "▁▁"), (".", "▁")):  # merges that reach across words, as large vocabularies have them
        file["model"]["vocab"][left + right] = len(file["model"]["vocab"])
        file["model"]["merges"].append([left, right])
    file["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(file))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    return finish(tokenizer, "<s> $A")


def families():
    spaces = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    strip = decoders.Strip(" ", 1, 0)
    return {
        "llama3": byte_level(split(LLAMA3), ignore_merges=True, template="<s> $A"),
        "qwen2": byte_level(split(QWEN2), normalizer=normalizers.NFC()),
        "gpt2": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), template="$A </s>"),
        "llama2": sentence_piece(
            decoders.Sequence([*spaces, strip]), normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        ),
        "mistral": sentence_piece(decoders.Sequence([*spaces, strip]), None, pre_tokenizers.Metaspace("▁", "first", split=False)),
        "metaspace": sentence_piece(decoders.Metaspace("▁", "always"), normalizers.NFKC(), pre_tokenizers.Metaspace("▁", "always", split=True)),
        "gemma": sentence_piece(decoders.Sequence(spaces), normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous")),
    }


def byte_cases(tokenizer):
    for data in BYTES:
        ids = tokenizer.encode(data.decode(errors="replace"), add_special_tokens=False).ids
        yield {"bytes": data.hex(), "ids": ids, "decoded": tokenizer.decode(ids), "kept": tokenizer.decode(ids, skip_special_tokens=False)}


def main():
    for name, tokenizer in families().items():
        write(f"family_{name}", tokenizer, cases(tokenizer, TEXTS + MORE_TEXTS) + list(byte_cases(tokenizer)))


if __name__ == "__main__":
    main()

"""Writes tests/golden/tokenizer/: tokenizer.json files made by the `tokenizers` library, and what it makes of hostile texts.

Run from the project's root with a Python that has `tokenizers` (0.23 was used):
    python tests/golden/tokenizer_golden.py [WORLD_TOKENIZER BYTE_TOKENIZER]
With the two tokenizer.json files that Temper itself writes it also checks that the library opens them and reproduces its encoding.
The C++ tests read the results only; they need no Python.
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).parent / "tokenizer"

# Written for this purpose, so that merges of all kinds are learned: words, numbers, code, several scripts.
CORPUS = [
    "the clerk keeps the ledger and the guild keeps the clerk",
    "where should the resin be kept, and who holds the resin with tongs?",
    "it's what we've said: they'll weigh 12 drams, 120 drams, 1200 drams",
    "for (int i = 0; i < 100; ++i) { total += values[i]; }",
    "la résine se garde dans un tonneau; das Öl wärmt die Stube",
    "мёд и соль хранят в бочке, 蜂蜜と塩は樽に入れる",
    "  two spaces,\ttabs,\n\n\nand    many   blanks   ",
] * 4

TEXTS = [
    "", " ", "  ", "\n", " \n \t ", "a", "the", " the", "  the clerk", "the clerk keeps the ledger", "tHE CLERK'S", "it's we've they'll I'D",
    "12 drams 1234567 drams", "total+=values[i];//sum", "résine tonneau Öl", "мёд и соль", "蜂蜜と塩", "العربية ١٢٣", "ไทย", "हिन्दी",
    "👩‍🚀🏽 emoji", "e\u0301 combining", "\u00a0nbsp\u2003em\u3000wide", "\u180e mongolian", "\u200bzero\u200dwidth", "a\u0085b\u2028c",
    "x\r\ny\r\n\r\nz", "trailing   ", "...!?!,,;", "\x00\x01\x7f", "\ufffd\uffff\U0010ffff", "<eos>", "a<eos>b", " <eos> <pad>", "<eos", "<<eos>>",
    "<mark>", "a <mark> b", "a<mark>b", "the   <left>  the", "the<right>   the", "word ingot ingots ing", "ing", "_ing", " ing.", "ésing ing",
    "the clerk<eos>the clerk <mark><eos>", "<longer>", "<long>", "<long>er>", "ſ's 'ſ 'S", "Ünïcödé ǅ ʰ", "½ ² Ⅷ 五", "a" * 300, " " * 300, "ab" * 200,
]


def added():
    return [
        AddedToken("<pad>", special=True, normalized=False),
        AddedToken("<eos>", special=True, normalized=False),
        AddedToken("<mark>", special=False, normalized=True),
        AddedToken("<left>", special=False, lstrip=True, normalized=False),
        AddedToken("<right>", special=True, rstrip=True, normalized=False),
        AddedToken("ing", special=False, single_word=True, normalized=True),
        AddedToken("<long>", special=False, normalized=False),
        AddedToken("<longer>", special=False, normalized=False),
    ]


def byte_level(pre_tokenizer, ignore_merges=False, alphabet=True, unk=None):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges, unk_token=unk, fuse_unk=unk is not None))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if alphabet else [],
        special_tokens=[unk] if unk else [],
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens([token for token in added() if not token.special])
    tokenizer.add_special_tokens([token for token in added() if token.special])
    return tokenizer


def split(pattern, behavior="isolated", invert=False):
    steps = [pre_tokenizers.Split(Regex(pattern), behavior, invert), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    return pre_tokenizers.Sequence(steps)


LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])


def word_level(pre_tokenizer):
    words = sorted({word for line in CORPUS for word in line.split()})
    vocab = {word: i for i, word in enumerate(["<unk>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.add_tokens([token for token in added() if not token.special])
    tokenizer.add_special_tokens([token for token in added() if token.special])
    return tokenizer


def tokenizers():
    llama3 = byte_level(split(LLAMA3), ignore_merges=True)
    llama3.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<eos> $A", special_tokens=[("<eos>", llama3.token_to_id("<eos>"))])]
    )
    return {
        "gpt2": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "prefix_space": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True)),
        "no_regex": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)),
        "llama3": llama3,
        "qwen2": byte_level(split(QWEN2)),
        "o200k": byte_level(split(O200K, "removed", True)),
        "small_alphabet": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), alphabet=False),
        "small_alphabet_unk": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), alphabet=False, unk="<unk>"),
        "word_level": word_level(pre_tokenizers.WhitespaceSplit()),
        "word_level_punctuation": word_level(pre_tokenizers.Whitespace()),
    }


def cases(tokenizer, texts=TEXTS):
    rows = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        row = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids), "kept": tokenizer.decode(ids, skip_special_tokens=False)}
        with_specials = tokenizer.encode(text).ids
        if with_specials != ids:
            row["with_specials"] = with_specials
        rows.append(row)
    # Ids in any order: cut characters, unknown ids, special tokens.
    size = tokenizer.get_vocab_size()
    for start in range(0, size, 7):
        ids = [(start * 31 + 17 * i) % (size + 3) for i in range(9)]
        kept = tokenizer.decode(ids, skip_special_tokens=False)
        rows.append({"ids": ids, "decoded": tokenizer.decode(ids), "kept": kept})
    return rows


def check_own_files(world, byte):
    """Temper's files, opened by the library: the right ids, and the text given back."""
    tokenizer = Tokenizer.from_file(world)
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    assert words[:4] == ["<pad>", "<bos>", "<eos>", "<unk>"], words[:4]
    text = " ".join(words[4:])
    assert tokenizer.encode(text).ids == list(range(4, len(words)))
    assert tokenizer.decode([1, *range(4, len(words)), 2]) == text
    assert tokenizer.encode("fire unheard-of<eos>").ids[1:] == [3, 2]
    tokenizer = Tokenizer.from_file(byte)
    for text in TEXTS:
        if "<eos>" not in text and "<pad>" not in text:
            ids = tokenizer.encode(text).ids
            assert len(ids) == len(text.encode()) and tokenizer.decode(ids) == text, text
    print("Temper's own tokenizer files: opened and reproduced")


def write(name, tokenizer, rows):
    content = {"tokenizer": json.loads(tokenizer.to_str()), "cases": rows}
    (OUT / f"{name}.json").write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    OUT.mkdir(exist_ok=True)
    for name, tokenizer in tokenizers().items():
        write(name, tokenizer, cases(tokenizer))
    if len(sys.argv) == 3:
        check_own_files(*sys.argv[1:])


if __name__ == "__main__":
    main()

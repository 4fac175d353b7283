"""Writes tests/golden/auto_tokenizer.json: the ids that transformers' AutoTokenizer gives a prompt, of folders whose config.json and
tokenizer_config.json name a bos token, whatever their tokenizer.json says of it.

Run from the project's root with the environment of `scripts/setup.sh --golden` (transformers 5.23 was used), after tokenizer_families_golden.py:
    .venv-golden/bin/python tests/golden/auto_tokenizer_golden.py
"""

import json
import pathlib
import tempfile

from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
BOS, EOS = "<s>", "</s>"
TEXTS = ["the clerk keeps the ledger", " it's 12 drams\n", "<s>the", "résine 蜂蜜"]

# name: (file of tests/golden/tokenizer, what its post_processor becomes, more keys of tokenizer_config.json)
CASES = {
    "bos_by_template": ("family_llama3", ..., {}),
    "eos_by_template": ("family_gpt2", ..., {}),
    "sentence_piece": ("family_llama2", ..., {}),
    "no_post_processor": ("family_qwen2", ..., {}),
    "no_post_processor_but_add_bos": ("family_llama3", None, {"add_bos_token": True}),
    "offsets_only": ("family_llama3", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, {}),
    "template_but_no_add_bos": ("family_mistral", ..., {"add_bos_token": False}),
}


def prompts(name: str, post_processor, more: dict) -> list:
    tokenizer = json.loads((HERE / "tokenizer" / f"{name}.json").read_text())["tokenizer"]
    if post_processor is not ...:
        tokenizer["post_processor"] = post_processor
    bos = next(token["id"] for token in tokenizer["added_tokens"] if token["content"] == BOS)
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "tokenizer.json": tokenizer,
            "config.json": {"model_type": "llama", "bos_token_id": bos},
            "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": EOS, **more},
        }
        for file, content in files.items():
            pathlib.Path(folder, file).write_text(json.dumps(content))
        auto = AutoTokenizer.from_pretrained(folder)
        return [{"text": text, "ids": auto(text)["input_ids"]} for text in TEXTS]


if __name__ == "__main__":
    golden = {}
    for case, (name, post_processor, more) in CASES.items():
        golden[case] = {"tokenizer": name, "prompts": prompts(name, post_processor, more)}
        if post_processor is not ...:
            golden[case]["post_processor"] = post_processor
    (HERE / "auto_tokenizer.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")

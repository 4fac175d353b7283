"""Writes tests/golden/lora/: LoRA adapters made and saved by PEFT on checkpoints of tests/golden/transformer, with what PEFT computes.

Each case's expected.safetensors holds tokens, the logits of the unmerged adapter in fp32, the mean negative log-likelihood of tokens 8 and
later as `loss`, and its gradient for every adapter matrix (`grad.<name>`) of a case that Temper trains, too. The adapter is random, B included. Beside the golden
environment (`scripts/setup.sh --golden`) it needs PEFT, which was 0.21.2:
    .venv-golden/bin/pip install --no-deps --target /tmp/peft peft==0.21.2 accelerate
    PYTHONPATH=/tmp/peft .venv-golden/bin/python tests/golden/lora_golden.py
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SEQUENCE, PROMPT = 24, 8

PATTERNS = dict(rank_pattern={"q_proj": 2, "layers.1.mlp.up_proj": 6, "mlp.(down|gate)_proj": 3}, alpha_pattern={"model.layers.0.mlp.*": 5, "v_proj": 1.5})

# name: (base, rank, alpha, target modules, scaled by the root of the rank, more of LoraConfig)
CASES = {
    "qwen2_all": ("qwen2_sharded", 4, 8, ALL, False, {}),
    "qwen3_attention": ("qwen3", 2, 5, ["q_proj", "v_proj", "o_proj"], False, {}),
    "llama_bf16_rslora": ("llama3", 3, 6, ["k_proj", "up_proj", "down_proj"], True, {}),
    "patterns": ("qwen2_sharded", 4, 8, ALL, False, PATTERNS),
    "patterns_rslora_head": ("qwen2_sharded", 4, 8, [*ALL, "lm_head"], True, PATTERNS),
    "saved_modules": ("llama", 2, 3, ["q_proj", "v_proj"], False, dict(modules_to_save=["lm_head", "embed_tokens", "input_layernorm"])),
    "tied_head": ("qwen3", 2, 4, ["q_proj", "lm_head"], False, {}),
    "tied_saved_embedding": ("qwen3", 2, 4, ["q_proj"], False, dict(modules_to_save=["embed_tokens"])),
    "tied_saved_head": ("qwen3", 2, 4, ["q_proj"], False, dict(modules_to_save=["lm_head"])),
}
TRAINED = [*list(CASES)[:3], "tied_head"]  # the others Temper merges and does not train


def write_case(name: str, seed: int) -> None:
    base, rank, alpha, targets, rslora, more = CASES[name]
    folder = HERE / "lora" / name
    shutil.rmtree(folder, ignore_errors=True)
    model = AutoModelForCausalLM.from_pretrained(HERE / "transformer" / base, dtype=torch.float32)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, use_rslora=rslora, task_type="CAUSAL_LM", **more)
    model = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    vocabulary = model.config.vocab_size
    tokens = torch.randint(0, vocabulary, (1, SEQUENCE), generator=generator)
    logits = model.eval()(tokens).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[PROMPT - 1:-1], tokens[0, PROMPT:])
    loss.backward()
    gradients = {}
    if name in TRAINED:
        trained = get_peft_model_state_dict(model)
        gradients = get_peft_model_state_dict(model, state_dict={n: p.grad for n, p in model.named_parameters() if p.requires_grad})
        # Of an adapted output projection PEFT stores the frozen matrix, too.
        assert {n for n in trained if ".lora_" in n} == gradients.keys()
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"].sort()  # a set, in any order
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file({"tokens": tokens[0], "logits": logits.detach().contiguous(), "loss": loss.detach().reshape(1),
               **{"grad." + n: g.contiguous() for n, g in gradients.items()}}, folder / "expected.safetensors")
    for path in folder.iterdir():
        path.chmod(0o644)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for i, case in enumerate(CASES):
        write_case(case, i)

"""Writes advantage_golden.json: advantages of one small batch, by the formulas of the sources that the estimators cite.

Run from anywhere with a Python that has torch: python tests/golden/advantage_golden.py
The formulas are those of TRL 1.16.0 (grpo_trainer.py, rloo_trainer.py), verl 0.9.1 (trainer/ppo/core_algos.py) and OpenRLHF, written again
here over padded matrices in float64, as those sources have them; Temper goes by groups and sums.
"""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)

LENGTHS = [3, 5, 1, 2]
GROUPS = [0, 0, 1, 1]
REWARDS = [1.0, 0.25, 0.0, 0.5]
OLD = [-0.95, -1.4, -2.2, -1.9, -2.7, -2.1, -1.3, -1.75, -2.0, -0.65, -1.1]
REFERENCE = [-0.8, -1.2, -2.1, -2.2, -2.3, -2.25, -1.05, -2.2, -2.1, -0.9, -1.0]

longest = max(LENGTHS)
mask = torch.tensor([[1.0] * n + [0.0] * (longest - n) for n in LENGTHS])
pad = lambda flat: torch.stack([torch.nn.functional.pad(part, (0, longest - len(part))) for part in torch.split(torch.tensor(flat), LENGTHS)])
rewards, k1 = torch.tensor(REWARDS), pad(OLD) - pad(REFERENCE)
in_groups = lambda values: values.view(2, 2)
spread = lambda per_completion: per_completion[:, None].expand_as(mask)


def whiten(values, bessel):
    count = mask.sum()
    mean = (values * mask).sum() / count
    variance = (((values - mean) ** 2) * mask).sum() / (count - 1 if bessel else count)
    return (values - mean) * torch.rsqrt(variance + 1e-8)


def centred(values):
    groups = in_groups(values)
    return (groups - groups.mean(1, keepdim=True)).flatten()


def grpo(values, eps, bessel=True):
    return centred(values) / (in_groups(values).std(1, correction=int(bessel), keepdim=True).expand(2, 2).flatten() + eps)


def rloo(values):
    groups = in_groups(values)
    return (groups - (groups.sum(1, keepdim=True) - groups)).flatten()  # two completions: the mean of the others is the other


def returns(beta):
    at_tokens = -beta * k1 * mask
    for row, length in enumerate(LENGTHS):
        at_tokens[row, length - 1] += rewards[row]
    return torch.flip(torch.cumsum(torch.flip(at_tokens, [1]), 1), [1]) * mask


def case(name, type, values, std="population", scale="group", std_eps=0.05, beta=0.0):
    flat = [values[row, t].item() for row, length in enumerate(LENGTHS) for t in range(length)]
    return dict(name=name, type=type, std=std, scale=scale, std_eps=std_eps, beta=beta, advantages=flat)


penalized = rewards - 0.1 * (k1 * mask).sum(1)
cases = [
    case("grpo, verl", "grpo", spread(grpo(rewards, 1e-6)), std="sample", std_eps=1e-6),
    case("grpo, TRL", "grpo", spread(grpo(rewards, 1e-4)), std="sample", std_eps=1e-4),
    case("grpo, population", "grpo", spread(grpo(rewards, 0.05, bessel=False))),
    case("grpo, TRL scale_rewards=batch", "grpo", spread(centred(rewards) / (rewards.std() + 1e-4)), std="sample", scale="batch", std_eps=1e-4),
    case("grpo, verl, KL in the reward", "grpo", spread(grpo(penalized, 1e-6)), std="sample", std_eps=1e-6, beta=0.1),
    case("rloo, TRL, KL in the reward", "rloo", spread(rloo(penalized)), beta=0.1),
    case("REINFORCE++, verl, KL in the reward", "reinforce_pp", whiten(returns(0.1), True), std="sample", beta=0.1),
    case("REINFORCE++-baseline, verl", "reinforce_pp_baseline", whiten(spread(centred(rewards)), True), std="sample"),
    case("REINFORCE++-baseline, OpenRLHF", "reinforce_pp_baseline", whiten(spread(centred(rewards)), False)),
]

if __name__ == "__main__":
    golden = dict(inputs=dict(lengths=LENGTHS, groups=GROUPS, rewards=REWARDS, old=OLD, reference=REFERENCE), cases=cases)
    path = pathlib.Path(__file__).with_name("advantage_golden.json")
    path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")

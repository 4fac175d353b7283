"""Writes learner_golden.json: losses, gradients and optimizer steps as PyTorch computes them.

Run from anywhere with a Python that has torch: python tests/golden/learner_golden.py
"""
import itertools
import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def token_loss(case, lp, old, beh, ref, ent, adv):
    """Policy, KL and total loss per token, by plain tensor arithmetic."""
    ratio = torch.exp(lp - old)
    weight = torch.ones_like(lp)
    if case["tis_cap"] > 0:
        weight = torch.clamp(torch.exp(old - beh), max=case["tis_cap"])
    def estimate(x):
        d = ref - x
        return {"k1": -d, "k2": d * d / 2, "k3": torch.clamp(torch.exp(d) - 1 - d, max=10)}[case["kl_estimator"]]

    kl = estimate(lp)
    if case["kl_in"] == "advantage":
        adv = adv - case["kl_coef"] * estimate(old)
    if case["loss"] == "reinforce":
        policy = -adv * ratio.detach() * lp
    else:
        clipped = torch.clamp(ratio, 1 - case["clip_low"], 1 + case["clip_high"])
        objective = torch.minimum(ratio * adv, clipped * adv)
        if case["dual_clip"] > 0:
            objective = torch.where(adv < 0, torch.maximum(objective, case["dual_clip"] * adv), objective)
        policy = -objective
    policy = weight * policy
    total = policy - case["entropy_coef"] * ent
    if case["kl_in"] == "loss":
        total = total + case["kl_coef"] * kl
    return policy, kl, total


def aggregate(mode, values, lengths, max_tokens):
    parts = torch.split(values, lengths)
    if mode == "token_mean":
        return values.mean()
    if mode == "seq_mean_token_mean":
        return torch.stack([p.mean() for p in parts]).mean()
    if mode == "seq_mean_token_sum":
        return torch.stack([p.sum() for p in parts]).mean()
    return torch.stack([p.sum() / max_tokens for p in parts]).mean()


def policy_cases():
    generator = torch.Generator().manual_seed(7)
    lengths = [3, 5, 1]
    n = sum(lengths)
    rand = lambda scale: torch.randn(n, generator=generator) * scale
    lp = -torch.rand(n, generator=generator) * 3 - 0.1
    old, beh, ref = lp + rand(0.4), lp + rand(0.6), lp + rand(0.5)
    ent = torch.rand(n, generator=generator) * 2
    adv = torch.repeat_interleave(torch.tensor([1.3, -0.9, -2.0]), torch.tensor(lengths))
    out = {"lengths": lengths, "max_completion_tokens": 8}
    for name, value in (("logprob", lp), ("old", old), ("behaviour", beh), ("reference", ref), ("entropy", ent), ("advantage", adv)):
        out[name] = value.tolist()
    cases = []
    grid = itertools.product(("ppo_clip", "reinforce"), ("token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant"),
                             ("k1", "k2", "k3"), ("loss", "advantage"), (0.0, 1.2), (0.0, 1.5))
    for loss, aggregation, estimator, kl_in, dual, tis in grid:
        case = dict(loss=loss, aggregation=aggregation, kl_estimator=estimator, kl_in=kl_in, dual_clip=dual, tis_cap=tis,
                    clip_low=0.2, clip_high=0.28, kl_coef=0.1, entropy_coef=0.01)
        x, e = lp.clone().requires_grad_(), ent.clone().requires_grad_()
        policy, kl, total = token_loss(case, x, old, beh, ref, e, adv)
        value = aggregate(aggregation, total, lengths, out["max_completion_tokens"])
        value.backward()
        case.update(value=value.item(), policy=policy.tolist(), kl=kl.tolist(), d_logprob=x.grad.tolist(), d_entropy=e.grad.tolist())
        cases.append(case)
    out["cases"] = cases
    return out


def token_scores():
    generator = torch.Generator().manual_seed(11)
    hidden = torch.randn(5, 4, generator=generator).requires_grad_()
    weight = torch.randn(7, 4, generator=generator).requires_grad_()
    targets = torch.tensor([0, 3, 6, 2, 2])
    temperature = 0.7
    logp = torch.log_softmax(hidden @ weight.T / temperature, -1)
    chosen = logp.gather(1, targets[:, None])[:, 0]
    entropy = -(logp.exp() * logp).sum(-1)
    g_logprob, g_entropy = torch.randn(5, generator=generator), torch.randn(5, generator=generator)
    (chosen * g_logprob + entropy * g_entropy).sum().backward()
    return dict(hidden=hidden.flatten().tolist(), weight=weight.flatten().tolist(), targets=targets.tolist(), temperature=temperature,
                logprob=chosen.tolist(), entropy=entropy.tolist(), g_logprob=g_logprob.tolist(), g_entropy=g_entropy.tolist(),
                d_hidden=hidden.grad.flatten().tolist(), d_weight=weight.grad.flatten().tolist())


def adamw():
    torch.set_default_dtype(torch.float32)
    generator = torch.Generator().manual_seed(3)
    matrix = torch.nn.Parameter(torch.randn(2, 3, generator=generator))
    gain = torch.nn.Parameter(torch.randn(3, generator=generator))
    options = dict(lr=0.01, beta1=0.9, beta2=0.98, eps=1e-8, weight_decay=0.1, max_grad_norm=1.0)
    optimizer = torch.optim.AdamW([{"params": [matrix], "weight_decay": options["weight_decay"]}, {"params": [gain], "weight_decay": 0.0}],
                                  lr=options["lr"], betas=(options["beta1"], options["beta2"]), eps=options["eps"])
    flat = lambda: torch.cat([matrix.detach().flatten(), gain.detach()]).tolist()
    out = dict(options=options, start=flat(), steps=[])
    for step in range(5):
        gradient = torch.randn(9, generator=generator) * (0.1 if step % 2 else 2.0)
        matrix.grad, gain.grad = gradient[:6].view(2, 3).clone(), gradient[6:].clone()
        norm = torch.nn.utils.clip_grad_norm_([matrix, gain], options["max_grad_norm"])
        optimizer.step()
        out["steps"].append(dict(gradient=gradient.tolist(), norm=norm.item(), parameters=flat()))
    torch.set_default_dtype(torch.float64)
    return out


def schedules():
    options = dict(lr=0.004, warmup_steps=3, final_lr_fraction=0.05)
    out = dict(options=options, total_steps=10)
    for name in ("constant", "linear", "cosine"):
        def factor(step):
            if step < options["warmup_steps"]:
                return (step + 1) / options["warmup_steps"]
            t = min(1.0, (step - options["warmup_steps"]) / (9 - options["warmup_steps"]))  # 1 at the last step
            f = options["final_lr_fraction"]
            return {"constant": 1.0, "linear": 1 - (1 - f) * t, "cosine": f + (1 - f) * 0.5 * (1 + math.cos(math.pi * t))}[name]
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=options["lr"])
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        rates = []
        for _ in range(12):
            rates.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        out[name] = rates
    return out


if __name__ == "__main__":
    golden = dict(torch=torch.__version__.split("+")[0], policy_loss=policy_cases(), token_scores=token_scores(), adamw=adamw(),
                  schedules=schedules())
    path = pathlib.Path(__file__).with_name("learner_golden.json")
    path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")

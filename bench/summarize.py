"""Medians of what bench/run.sh collected, ours beside the peer's, with the ratio (above 1 = ours is faster).

    python3 bench/summarize.py FOLDER
"""
import re
import statistics
import sys

FOLDER = sys.argv[1]


def collect(name: str, pattern: str) -> dict:
    """Figures by key; the pattern's last group is the figure, the others the key."""
    figures = {}
    with open(f"{FOLDER}/{name}", encoding="utf-8") as lines:
        for line in lines:
            found = re.search(pattern, line)
            if found:
                *key, figure = found.groups()
                figures.setdefault(tuple(key), []).append(float(figure))
    return figures


def table(title: str, ours: dict, peers: dict) -> None:
    print(f"\n{title}")
    for key, figures in ours.items():
        mine = statistics.median(figures)
        line = f"  {' '.join(key):42s} {mine:10,.0f}  [{min(figures):,.0f}, {max(figures):,.0f}]"
        if key in peers:
            theirs = statistics.median(peers[key])
            line += f"   peer {theirs:10,.0f}  [{min(peers[key]):,.0f}, {max(peers[key]):,.0f}]   ratio {mine / theirs:.2f}"
        print(line)


table("decode, fp32, one core, tokens/s (peer: transformers generate)",
      collect("decode_ours", r"decode (\S+)\s+slots\s+(\d+).*?(\d+) tokens/s"),
      collect("decode_peer", r"generate (\S+)\s+sequences\s+(\d+).*?(\d+) tokens/s"))
table("training, tokens/s (peer: transformers model, plain PyTorch loop)",
      collect("train_ours", r"^(\S+)\s+(fp32) (\d) thread\S*\s+(sft|rl) .*?ms \(cpu.*?\)\s+(\d+) tokens/s"),
      {(name, "fp32", threads, what): figures for (name, threads, what), figures in
       collect("train_peer", r"^(\S+)\s+peer (\d) thread\S*\s+(sft|rl) .*?ms \(cpu.*?\)\s+(\d+) tokens/s").items()})
table("bus, one core, 4 KB messages/s (peer: bare PUSH/PULL, unacknowledged)",
      collect("bus", r"one core: (\d+) messages"), collect("bus", r"acknowledgement: (\d+)/s"))
for figures in collect("cold", r"first sampled token: ([\d.]+) s").values():
    print(f"\ncold start, mpirun to first sampled token: {statistics.median(figures):.2f} s [{min(figures):.2f}, {max(figures):.2f}]")

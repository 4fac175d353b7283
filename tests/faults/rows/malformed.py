"""Inputs that are none: configs, policy specs, rows of data, model folders. Each must end within seconds with 78 and a sentence that names
the file or the key, in little memory. Half of them are made by hand, the other half are shipped files with bytes changed at random: those
may also be accepted, where what is left is an input, but never crash or hang."""

import json
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import time

import job as jobs

NAME = "malformed"
COUNT = 90  # inputs: all by hand and as many by chance as make up the number
NEEDS_JOB = False
TEMPER = ""
HANGS_AFTER_S = 60.0
LONGEST_S = 10.0  # on a loaded machine; a tenth of it on an idle one
MOST_BYTES = 700 << 20
REFUSED = 78
BASE = "run: {name: x}\n"
TINY = (jobs.SOURCE / "tests/cluster_of_processes/tiny.yaml")
SPEC = (jobs.SOURCE / "configs/policies/apothecary.yaml")
ENGLISH = (jobs.SOURCE / "configs/policies/open_safe_intent.yaml")


class Place:
    """A folder for one input."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="temper_malformed_")
        self.path = pathlib.Path(self.folder.name)

    def write(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)


def temper(arguments, place, stdin=b""):
    """Exit code (negative: the signal), what it printed, seconds, peak memory."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen([TEMPER, *arguments], stdin=given, stdout=output, stderr=subprocess.STDOUT, cwd=place.path,
                                   start_new_session=True)
        # By wait4, which tells of this child alone: RUSAGE_CHILDREN keeps the largest so far, the jobs of other rows among them.
        pid = 0
        while pid == 0 and time.monotonic() - begin < HANGS_AFTER_S:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            time.sleep(0.002)
        code = os.waitstatus_to_exitcode(status) if pid else None
        if not pid:
            os.killpg(process.pid, signal.SIGKILL)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for: Popen must not do it again
        output.seek(0)
        return code, output.read().decode("utf-8", "replace"), time.monotonic() - begin, usage.ru_maxrss << 10


def dry_run(place, text, *overrides):
    return temper(["train", place.write("input.yaml", text), "--dry-run", f"run.dir={place.path}/runs", *overrides], place)


def config(text, names=("input.yaml",)):
    return lambda place: (dry_run(place, text), names)


def override(*words, names=None):
    keys = names or [word.split("=")[0].split(".")[-1] for word in words[:1]]
    return lambda place: (temper(["train", str(TINY), "--dry-run", f"run.dir={place.path}/runs", *words], place), keys)


def option(*words):
    """Of the number of ranks: --np is what the message calls it."""
    return lambda place: (temper(["launch", str(TINY), "--dry-run", f"run.dir={place.path}/runs", *words], place), ("--np", "-n "))


def spec(text):
    def make(place):
        return temper(["train", str(TINY), "--dry-run", f"run.dir={place.path}/runs",
                       f"reward.policy_spec={place.write('spec.yaml', text)}"], place), ("spec.yaml",)
    return make


def rows(content, name="rows.jsonl"):
    def make(place):
        path = place.write(name, content)
        return temper(["train", str(TINY), "--dry-run", f"run.dir={place.path}/runs", "data.source=files", f"data.path={path}",
                       f"reward.policy_spec={ENGLISH}"], place), (name,)
    return make


MODEL = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
         "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 8, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
         "rope_theta": 10000.0, "tie_word_embeddings": True, "torch_dtype": "float32"}


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def model(file, content, **changes):
    """A model folder with one thing wrong; `file` None: a value of config.json."""
    def make(place):
        place.write("model/config.json", json.dumps({**MODEL, **changes}))
        place.write("model/model.safetensors", safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4))
        place.write("model/tokenizer.json", json.dumps({"model": {"type": "BPE", "vocab": {c: i for i, c in enumerate("abcdefgh")}, "merges": []}}))
        if file is not None:
            path = place.path / "model" / file
            path.unlink(missing_ok=True)
            if content is os.mkfifo:
                os.mkfifo(path)
            elif content is os.mkdir:
                os.mkdir(path)
            else:
                place.write("model/" + file, content)
        return temper(["logits", "--model", str(place.path / "model")], place, b"[0]\n"), ("model",)
    return make


BY_HAND = [
    ("empty config that is a pipe", lambda place: (os.mkfifo(place.path / "p.yaml"), (temper(["train", str(place.path / "p.yaml"), "--dry-run"], place), ("p.yaml",)))[1]),
    ("config that is a folder", lambda place: (temper(["train", str(place.path), "--dry-run"], place), (place.path.name,))),
    ("config that is not there", lambda place: (temper(["train", "none.yaml", "--dry-run"], place), ("none.yaml",))),
    ("UTF-16", config("run: {name: x}".encode("utf-16"))),
    ("NUL bytes", config(b"run: {name: \0}")),
    ("ill-formed UTF-8", config(b"run: {name: \xff\xfe\xfd}")),
    ("a list", config("[1, 2]")),
    ("a word", config("word")),
    ("unknown key", config(BASE + "rll: {steps: 1}")),
    ("duplicate key", config("run: {name: x}\nrun: {name: y}")),
    ("alias", config("a: &a [1]\nb: *a\n")),
    ("alias bomb", config("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)))),
    ("cycle", config("&x [*x]")),
    ("tag", config("run: !!python/object {name: x}")),
    ("deep nesting", config("[" * 100_000 + "]" * 100_000)),
    ("a megabyte of a", config("run: {name: " + "a" * (1 << 20) + "}")),
    ("unclosed", config("run: {name: x")),
    ("tabs", config("run:\n\tname: x")),
    ("text for a number", config(BASE + "rl: {steps: many}")),
    ("number beyond the range", config(BASE + "rl: {steps: -1}")),
    ("number beyond int64", config(BASE + "rl: {steps: 99999999999999999999}")),
    ("infinite", config(BASE + "rl: {optimizer: {lr: .inf}}")),
    ("no number", config(BASE + "rl: {optimizer: {lr: .nan}}")),
    ("1e999", config(BASE + "rl: {optimizer: {lr: 1e999}}")),
    ("name with a path", config("run: {name: ../x}")),
    ("name with an escape", config('run: {name: "\\e[2J"}')),
    ("defaults that lead out", config("defaults: [/etc/passwd]\n" + BASE, ("passwd", "input.yaml"))),
    ("defaults that lead to itself", config("defaults: [input.yaml]\n" + BASE)),
    ("2^63-1 learners", override("cluster.learners=9223372036854775807")),
    ("2^63 learners", override("cluster.learners=9223372036854775808")),
    ("1e12 wide", override("policy.hidden_size=1000000000000")),
    ("1e12 wide, as a real", override("policy.hidden_size=1e12")),
    ("2^24 wide, 1024 layers", override("policy.hidden_size=16777216", "policy.num_layers=1024", "policy.intermediate_size=16777216",
                                        "policy.num_heads=16384", "policy.num_kv_heads=16384", names=["policy"])),
    ("group of none", override("rollout.group_size=0")),
    ("temperature below 0", override("rollout.temperature=-1")),
    ("override without a value", override("rl.steps", names=["rl.steps"])),
    ("override of nothing", override("=3", names=["=3"])),
    ("override of an unknown key", override("rl.stepz=3")),
    ("ranks below 0", option("-n", "-5")),
    ("ranks of 2^31", option("-n", "2147483648")),
    ("ranks that are a word", option("-n", "many")),
    ("more ranks than may be", option("-n", "99999999")),
    ("spec that is empty", spec("")),
    ("spec that is a word", spec("word")),
    ("spec without categories", spec("id: x\n")),
    ("spec with an unknown key", spec(SPEC.read_text() + "\nunknown_key: 1\n")),
    ("spec with a bad regex", spec("id: x\npropositions: {a: {lexical: {patterns: ['(']}}}\n")),
    ("spec of NULs", spec(b"\0" * 100)),
    ("rows that are no JSON", rows("{not json}\n")),
    ("rows that are lists", rows("[1]\n[2]\n")),
    ("row cut short", rows('{"prompt": "a"}\n{"prompt": "b')),
    ("rows nested deep", rows('{"prompt": ' + "[" * 100_000 + "\n")),
    ("rows with a huge number", rows('{"prompt": 1e99999}\n')),
    ("rows in UTF-16", rows('{"prompt": "a"}\n'.encode("utf-16"))),
    ("rows with lone surrogates", rows('{"prompt": "\\ud800"}\n')),
    ("rows with NULs", rows(b'{"prompt": "a\0b"}\n')),
    ("no rows", rows("")),
    ("rows of an unknown kind", rows("a\n", "rows.parquet")),
    ("config.json that is empty", model("config.json", "")),
    ("config.json that is a list", model("config.json", "[]")),
    ("config.json that is a pipe", model("config.json", os.mkfifo)),
    ("config.json that is a folder", model("config.json", os.mkdir)),
    ("hidden_size of 2^62", model(None, None, hidden_size=1 << 62)),
    ("hidden_size below 0", model(None, None, hidden_size=-8)),
    ("heads that do not divide", model(None, None, num_attention_heads=3)),
    ("unknown model_type", model(None, None, model_type="zeppelin")),
    ("weights that are empty", model("model.safetensors", b"")),
    ("weights that are a pipe", model("model.safetensors", os.mkfifo)),
    ("header longer than the file", model("model.safetensors", safetensors({}, length=1 << 62))),
    ("header length near 2^64", model("model.safetensors", safetensors({}, length=(1 << 64) - 5))),
    ("header that is no JSON", model("model.safetensors", safetensors(b"not json"))),
    ("overlapping tensors", model("model.safetensors", safetensors({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, b"\0" * 4))),
    ("offsets that go back", model("model.safetensors", safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, b"\0" * 4))),
    ("shape that overflows", model("model.safetensors", safetensors({"a": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 4]}}, b"\0" * 4))),
    ("unknown dtype", model("model.safetensors", safetensors({"a": {"dtype": "F31", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4))),
    ("tensors that are missing", model(None, None)),
]


def by_chance(rng):
    """A shipped file with some bytes changed, cut or repeated."""
    kind = rng.choice(["config", "spec"])
    data = bytearray((TINY if kind == "config" else SPEC).read_bytes())
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data))
        how = rng.randrange(4)
        if how == 0:
            data[at] = rng.randrange(256)
        elif how == 1:
            del data[at:at + rng.randint(1, 40)]
        elif how == 2:
            data[at:at] = data[at:at + rng.randint(1, 40)]
        else:
            data[at:at] = rng.choice([b"{", b"[", b"&a ", b"*a", b"\n  ", b": ", b"- ", b"'", b'"', b"\t", b"!!x ", b"99999999999999999999"])
    text = bytes(data)
    if kind == "config":
        # Beside the shipped one: its spec is named from there.
        text = text.replace(b"../../configs/policies/apothecary.yaml", str(SPEC).encode())
    return f"{kind} with bytes changed", (config(text) if kind == "config" else spec(text))


def run(_, rng, number):
    hand = number < len(BY_HAND)
    what, make = BY_HAND[number] if hand else by_chance(rng)
    place = Place()
    (code, output, seconds, peak), names = make(place)
    problems = []
    if code is None or code < 0:
        problems.append("hangs" if code is None else f"died of signal {-code}")
    elif code != REFUSED and (hand or code != 0):
        problems.append(f"exit code {code}")
    if code == REFUSED and hand and not any(name in output for name in names):
        problems.append(f"names none of {', '.join(names)}")
    if "\x1b" in output:
        problems.append("a raw escape")
    if seconds > LONGEST_S:
        problems.append(f"took {seconds:.1f} s")
    if peak > MOST_BYTES:
        problems.append(f"took {peak >> 20} MiB")
    note = "; ".join(problems) + (": " + output.strip()[-300:] if problems else "")
    yield what, jobs.Outcome(not problems, seconds=seconds, note=note)

"""A run's folder; docs/FORMATS.md of Temper lists its files."""

import json
import math
import pathlib

START, END = "start", "end"
_MAX_LINE_BYTES = 64 << 20


class RunError(ValueError):
    """What is wrong with a file of a run, and where."""


def open_run(folder) -> "Run":
    """The run of a folder, runs/<name>."""
    return Run(folder)


def frame(rows):
    """The rows as a pandas DataFrame."""
    try:
        import pandas
    except ImportError as error:
        raise RunError("frame needs pandas, which is not installed; the rows are a list of dicts without it") from error
    return pandas.DataFrame(rows)


_FORMAT = 2  # of run.json; steps count from 1


class Run:
    """One run. Files are read when they are asked for, so that a run that goes on can be asked again."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        path = self.folder / "run.json"
        if not path.is_file():
            raise RunError(f"{path}: there is no such file; is {self.folder} the folder of a run, runs/<name>?")
        self.description = _load(path)
        if not isinstance(self.description, dict) or not isinstance(self.description.get("arms"), list):
            raise RunError(f"{path}: not the description of a run")
        if self.description.get("format") != _FORMAT:
            raise RunError(f"{path}: the run is of another Temper, such as one that counted steps from 0; this reads format {_FORMAT}")
        #: Names of the arms, in the order of the config.
        self.arms = [_arm_name(arm, path) for arm in self.description["arms"]]

    @property
    def name(self) -> str:
        return self.description.get("name", "")

    @property
    def seed(self) -> int:
        return self.description.get("seed")

    def status(self) -> dict:
        """status.json: where the job stands, or how it ended; {} before it has written one."""
        path = self.folder / "status.json"
        return _load(path) if path.is_file() else {}

    def metrics(self, arm=None, stage=None) -> list:
        """A dict for each row: arm, stage (sft, rl or eval), step (from 1), time, and the metrics of docs/METRICS.md.

        A value that was not finite is float("nan"). `arm` is "sft" for what all arms share. Of two rows of one step the later counts;
        the rows of an evaluation's sets are one.
        """
        self._check_arm(arm, also=("sft",))
        rows = []
        for name in ["sft"] + self.arms:
            folders = [self.folder / name] + ([self.folder / name / "sft"] if name != "sft" else [])
            for folder in folders:
                for file in ("metrics.jsonl", "eval_metrics.jsonl"):
                    rows += [{"arm": name, **row} for row in _steps(folder / file)]
        return [row for row in rows if arm in (None, row["arm"]) and stage in (None, row["stage"])]

    def evals(self, arm=None, at=None, set=None) -> list:
        """A dict for each evaluated answer: arm, at ("start" = before RL, "end"), set, weight_version, prompt_id, intent, category,
        prompt, response, truncated (cut at the token limit), reward (None where none was composed), and the fields of its grade, such as safety and helpfulness."""
        self._check_arm(arm)
        if at not in (None, START, END):
            raise RunError(f'at is "start" or "end", not {at!r}')
        rows = []
        for name in self.arms if arm is None else [arm]:
            for time, folder in ((START, self.folder / name / "eval" / "start"), (END, self.folder / name / "eval")):
                if at in (None, time) and folder.is_dir():
                    for path in sorted(folder.glob("*.jsonl")):
                        if set in (None, path.stem):
                            rows += _samples(path, {"arm": name, "at": time, "set": path.stem})
        return rows

    def audit(self, arm=None) -> list:
        """A dict for each completion that was trained on: arm, step, prompt_id, sample, category, its grade, reward and advantage.
        The costs of constraints are cost/<name>."""
        self._check_arm(arm)
        rows = []
        for name in self.arms if arm is None else [arm]:
            for row in _lines(self.folder / name / "audit.jsonl"):
                costs = row.pop("costs", None) or {}
                rows.append({"arm": name, **row, **{f"cost/{key}": value for key, value in costs.items()}})
        return rows

    frame = staticmethod(frame)

    def _check_arm(self, arm, also=()):
        if arm is not None and arm not in self.arms and arm not in also:
            raise RunError(f"the run {self.name} has no arm {arm!r}; it has {', '.join(self.arms)}")


def _arm_name(arm, path) -> str:
    name = arm.get("name") if isinstance(arm, dict) else None
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise RunError(f"{path}: {name!r} cannot be the name of an arm: it names a folder of the run")
    return name


def _load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: {error}") from error


def _lines(path) -> list:
    """The objects of a JSONL file; none where there is no file. A last line without its end is still being written."""
    rows = []
    if not path.is_file():
        return rows
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > _MAX_LINE_BYTES:
                raise RunError(f"{path}:{number}: a line of more than {_MAX_LINE_BYTES} bytes")
            if not line.endswith(b"\n"):
                break
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise RunError(f"{path}:{number}: {error}") from error
            if not isinstance(row, dict):
                raise RunError(f"{path}:{number}: expected an object")
            rows.append(row)
    return rows


def _steps(path) -> list:
    rows = {}
    for number, row in enumerate(_lines(path), start=1):
        if not isinstance(row.get("step"), int):
            raise RunError(f"{path}: row {number} has no step")
        row.setdefault("stage", "rl")
        for name in row.pop("nonfinite", []):
            row[name] = math.nan
        key = row["stage"], row["step"]
        rows[key] = {**rows.get(key, {}), **row} if row["stage"] == "eval" else row  # a row for each evaluated set, with metrics of its own
    return list(rows.values())


def _samples(path, where) -> list:
    meta_path = path.with_name(path.stem + ".meta.json")
    meta = _load(meta_path) if meta_path.is_file() else {}
    samples = _lines(path)
    rewards = meta.get("rewards") or [None] * len(samples)
    if len(rewards) != len(samples):
        raise RunError(f"{meta_path}: {len(rewards)} rewards for {len(samples)} samples")
    rows = []
    for sample, reward in zip(samples, rewards):
        grade = sample.pop("grade", None) or {}
        row = {**where, "weight_version": meta.get("weight_version"), **sample, "reward": reward}
        rows.append({**row, **{name: value for name, value in grade.items() if name not in row}})
    return rows

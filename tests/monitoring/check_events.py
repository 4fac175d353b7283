"""Reads a run's tb/ as TensorBoard does and compares it with the run's metrics.jsonl:  check_events.py RUN"""
import json
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def load(folder):
    events = plugin_event_accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def values_of(events, tag):
    return {event.step: tensor_util.make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}


def check_scalars(events, rows):
    count = 0
    for row in rows:
        for name, value in row.items():
            if name in ("stage", "step", "time", "nonfinite"):
                continue
            read = float(values_of(events, name)[row["step"]])
            expected = math.nan if value is None else float32(value)
            assert read == expected or (math.isnan(read) and math.isnan(expected)), (name, row["step"], read, value)
            count += 1
    assert count > 0
    return count


def content(events, plugin, tag):
    return events.PluginTagToContent(plugin)[tag]


def check_settings(events):
    start = plugin_data_pb2.HParamsPluginData.FromString(content(events, "hparams", "_hparams_/session_start_info"))
    hparams = start.session_start_info.hparams
    assert hparams["rl.steps"].number_value == 6 and hparams["run.name"].string_value == "events", hparams
    assert start.session_start_info.group_name == "main"
    declared = plugin_data_pb2.HParamsPluginData.FromString(content(events, "hparams", "_hparams_/experiment")).experiment
    assert {info.name for info in declared.hparam_infos} == set(hparams)
    assert "reward/mean" in [info.name.tag for info in declared.metric_infos]


def check_distributions(events, rows):
    assert set(events.PluginTagToContent("histograms")) == {
        "reward/distribution", "response/length_distribution", "advantage/distribution"}
    lengths = values_of(events, "response/length_distribution")
    for row in rows:
        buckets = lengths[row["step"]]  # lower limit, upper limit, count
        assert sum(bucket[2] for bucket in buckets) == row["perf/completions"], row["step"]
        assert buckets[-1][1] == row["response/length_max"]


def check_texts(events):
    texts = values_of(events, "transcript/0")
    assert sorted(texts) == [1, 2, 4, 6], sorted(texts)
    for text in texts.values():
        shown = text[0].decode()
        assert shown.startswith("**") and "\n    " in shown and "reward" in shown, shown


def main():
    run = pathlib.Path(sys.argv[1])
    sft, rl = rows_of(run / "sft/metrics.jsonl"), rows_of(run / "main/metrics.jsonl")
    assert len(sft) == 200 and len(rl) == 6
    count = check_scalars(load(run / "tb/sft"), sft)
    events = load(run / "tb/main")
    count += check_scalars(events, rl)
    count += check_scalars(events, rows_of(run / "main/eval_metrics.jsonl"))
    check_distributions(events, rl)
    check_texts(events)
    check_settings(events)
    print(f"tensorboard read {count} scalars as they are in metrics.jsonl, histograms, transcripts and settings")


main()

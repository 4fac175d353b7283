#!/usr/bin/env python3
"""Writes the event files that event_encoding_test.cc compares with, by the classes of the tensorboard package.

  python3 -m venv V && V/bin/pip install tensorboard==2.21.0 && V/bin/python event_files_golden.py
"""
import pathlib
import struct

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

FOLDER = pathlib.Path(__file__).parent
TIME = 1800000000.25


def record(event):
    data = event.SerializeToString(deterministic=True)
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def event(step=0, **fields):
    return event_pb2.Event(wall_time=TIME, step=step, **fields)


def metadata(plugin, content=b""):
    data = summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    return summary_pb2.SummaryMetadata(plugin_data=data)


def hparams(tag, **content):
    data = plugin_data_pb2.HParamsPluginData(**content).SerializeToString(deterministic=True)
    value = summary_pb2.Summary.Value(tag=tag, metadata=metadata("hparams", data))
    return event(summary=summary_pb2.Summary(value=[value]))


def scalars():
    values = [summary_pb2.Summary.Value(tag=tag, simple_value=value)
              for tag, value in [("actor/loss", 0.1), ("reward/mean", -2.5), ("perf/zero", 0.0), ("actor/nonfinite", float("nan"))]]
    return record(event(file_version="brain.Event:2")) + record(event(step=300, summary=summary_pb2.Summary(value=values)))


def restart():
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    return record(event(step=7, session_log=start))


def histogram():
    values = [1.0, 1.25, 1.5, 2.0, 4.0]
    width = 3.0 / 30
    counts = [0.0] * 30
    for value in values:
        counts[min(int((value - 1) / width), 29)] += 1
    spread = summary_pb2.HistogramProto(min=1, max=4, num=5, sum=sum(values), sum_squares=sum(v * v for v in values),
                                        bucket_limit=[1 + width * (i + 1) for i in range(29)] + [4.0], bucket=counts)
    one = summary_pb2.HistogramProto(min=2, max=2, num=2, sum=4, sum_squares=8, bucket_limit=[2], bucket=[2])
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="reward/distribution", histo=spread),
                                         summary_pb2.Summary.Value(tag="advantage/distribution", histo=one)])
    return record(event(step=1, summary=summary))


def text():
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=["**benign**\n\n    ünï".encode()],
                                    tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]))
    value = summary_pb2.Summary.Value(tag="transcript/0", tensor=tensor, metadata=metadata("text"))
    return record(event(step=2, summary=summary_pb2.Summary(value=[value])))


def settings():
    infos = [api_pb2.HParamInfo(name="reward.composer", type=api_pb2.DATA_TYPE_STRING),
             api_pb2.HParamInfo(name="rl.optimizer.lr", type=api_pb2.DATA_TYPE_FLOAT64),
             api_pb2.HParamInfo(name="run.deterministic", type=api_pb2.DATA_TYPE_BOOL)]
    metric = api_pb2.MetricInfo(name=api_pb2.MetricName(tag="reward/mean"))
    experiment = api_pb2.Experiment(time_created_secs=TIME, hparam_infos=infos, metric_infos=[metric])
    start = plugin_data_pb2.SessionStartInfo(group_name="main", start_time_secs=TIME)
    start.hparams["reward.composer"].string_value = "safe_completion"
    start.hparams["rl.optimizer.lr"].number_value = 1e-3
    start.hparams["run.deterministic"].bool_value = True
    return (record(hparams("_hparams_/experiment", experiment=experiment)) +
            record(hparams("_hparams_/session_start_info", session_start_info=start)))


for make in (scalars, restart, histogram, text, settings):
    (FOLDER / f"{make.__name__}.tfevents").write_bytes(make())

"""The log that stays: lines of JSON, events for TensorBoard."""

import json
import struct

import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.errors import StorageError  # noqa: E402
from firth.neural import events  # noqa: E402
from firth.neural.train import train  # noqa: E402
from firth.neural.training import Training  # noqa: E402
from neural.training_worlds import Line  # noqa: E402  (after the check for torch)

PLAIN = {"precision": "fp32", "device": "cpu", "threads": 1, "epochs": 2}


def test_castagnoli():
    # RFC 3720, B.4
    assert events.crc32c(b"123456789") == 0xE3069283
    assert events.crc32c(bytes(32)) == 0x8A9136AA
    assert events.crc32c(bytes(range(32))) == 0x46DD794E


def records(data):
    """The content of each record, the checks verified."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        content = data[at + 12 : at + 12 + length]
        assert events.record(content) == data[at : at + 16 + length]
        yield content
        at += 16 + length


def number(data, at):
    """A number in groups of seven bits, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a message."""
    at = 0
    while at < len(data):
        key, at = number(data, at)
        if key & 7 == 0:
            value, at = number(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif key & 7 == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            length, at = number(data, at)
            value, at = data[at : at + length], at + length
        yield key >> 3, value


def read(data):
    """[(step, {tag: value})] of a file of events."""
    found = []
    for content in records(data):
        event = dict(fields(content))
        assert event[1] > 1.7e9  # seconds since 1970
        if 5 not in event:
            assert event[3] == b"brain.Event:2"
            continue
        values = [dict(fields(value)) for _, value in fields(event[5])]
        found.append((event[2], {value[1].decode(): value[2] for value in values}))
    return found


def test_events_and_lines(tmp_path):
    log = tmp_path / "logs" / "run 1"
    outcome = train(Line(batches=200), Training(log=str(log), **PLAIN))
    assert [json.loads(line) for line in (log / "log.jsonl").read_text().splitlines()] == (
        outcome.history
    )
    found = read((log / events.NAME).read_bytes())
    assert [step for step, _ in found] == [200, 400]
    for entry, (_, figures) in zip(outcome.history, found, strict=True):
        assert figures == {
            name: pytest.approx(value, rel=1e-6) for name, value in entry.items() if name != "step"
        }


def test_a_log_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        train(Line(), Training(log=str(tmp_path / "file"), **PLAIN))


def test_tensorboard_reads_them(tmp_path):
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="reads what we write"
    )
    outcome = train(Line(), Training(log=str(tmp_path), **PLAIN))
    found = reader.EventAccumulator(str(tmp_path)).Reload()
    scalars = found.Scalars("held_out_loss")
    assert [scalar.step for scalar in scalars] == [8, 16]
    assert scalars[-1].value == pytest.approx(outcome.history[-1]["held_out_loss"])

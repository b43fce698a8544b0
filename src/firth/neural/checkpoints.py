"""Where a training stands, as one file: k + n steps are k, kill, resume, n.

    FOLDER/training.safetensors      tensors by name; in the header a text of JSON, "training"
        net/NAME                     weights and running means
        optimiser/NAME/WHAT          moments and counts of steps
        average/NAME, best/NAME      the running average; the best weights so far
        RANK/carried/NAME            the state that goes from batch to batch, process by process
        RANK/buffers/NAME            running means, if there are several processes
        RANK/random, RANK/random.cuda    torch's generators

One file, so that it is whole or the one before it. No pickle: it can be read without trust.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from firth.errors import FormatError, SettingError
from firth.files import whole_file
from firth.neural.task import Task
from firth.neural.training import Training
from firth.vectors.tensors import open_tensors, write_tensors

NAME = "training.safetensors"
FORMAT = "firth training"
VERSION = 1
#: settings that another run may change: a time budget is never the same twice
FREE = {"threads", "checkpoint_every", "device", "minutes", "log"}
_ABOUT = {"settings": dict, "place": dict, "tally": dict, "history": list, "world": int}


def write(folder: Path, tensors: Mapping[str, Tensor], about: dict[str, Any]) -> None:
    """
    Raises:
        StorageError: the disk is full, the folder cannot be written; an older file stays.
    """
    arrays, halves = {}, []
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu()
        if tensor.dtype == torch.bfloat16:  # numpy has no such type: its bits are kept
            halves.append(name)
            tensor = tensor.view(torch.int16)
        arrays[name] = tensor.numpy()
    about = {"format": FORMAT, "version": VERSION, "bfloat16": halves, **about}
    with whole_file(folder / NAME) as temporary:
        write_tensors(temporary, arrays, {"training": json.dumps(about)})


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write` wrote, in memory.

    Raises:
        FormatError: none there, damaged, or of a newer firth.
    """
    file = folder / NAME
    if not file.is_file():
        raise FormatError(
            folder, f"no {NAME}", "the checkpoint of a training", "Start anew, without resuming."
        )
    arrays, metadata = open_tensors(file)
    try:
        about = json.loads(metadata["training"])
        sound = about["format"] == FORMAT and all(
            type(about[name]) is kind for name, kind in _ABOUT.items()
        )
        version = about["version"]
    except (KeyError, TypeError, ValueError, RecursionError):
        sound = False
    if not sound:
        raise FormatError(file, "tensors without a training", "the checkpoint of a training")
    if version != VERSION:
        raise FormatError(
            file, f"format version {version}", f"version {VERSION}",
            "Go on with the firth that wrote it, or start anew.",
        )  # fmt: skip
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    for name in about["bfloat16"]:
        tensors[name] = tensors[name].view(torch.bfloat16)
    return tensors, about


def must_match(
    folder: Path, about: dict[str, Any], settings: Training, world: int, text: int
) -> None:
    """
    text: the `fingerprint` of this training's.

    Raises:
        SettingError: the checkpoint belongs to another training.
    """
    then, now = about["settings"], settings.to_json()
    free = FREE
    if then.get("minutes") != now["minutes"] and None in (then.get("epochs"), now["epochs"]):
        # where a time is given, no preset says how many: nobody gave other ones
        free = FREE | {"epochs"}
    for name, was in then.items():
        if now.get(name) != was and name not in free:
            raise SettingError(
                f"{folder} was made with {name}={was}, this run has {name}={now.get(name)}; give "
                "the same settings, or start anew without resuming."
            )
    if about["world"] != world:
        raise SettingError(
            f"{folder} was made by {about['world']} process(es), this run has {world}; start as "
            "many, or start anew without resuming."
        )
    if about["text"] != text:
        raise SettingError(
            f"{folder} was made from another text, or measured on another; give the same text, "
            "and the same held-out text, or start anew without resuming."
        )


def parts(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors under "PREFIX/", by the rest of their names."""
    start = prefix + "/"
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The opposite of `parts`."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def content(net: nn.Module) -> dict[str, Tensor]:
    """What a net holds: weights (a shared one once) and running means, the tensors themselves."""
    return {**dict(net.named_parameters()), **dict(net.named_buffers())}


@torch.no_grad()
def put_into(net: nn.Module, tensors: Mapping[str, Tensor], folder: Path | None = None) -> None:
    """Sets what `net` holds.

    folder: named in the message.

    Raises:
        FormatError: they are those of another architecture.
    """
    own = content(net)
    for name in sorted(own.keys() | tensors.keys()):
        here, there = (
            tuple(found[name].shape) if name in found else None for found in (own, tensors)
        )
        if here != there:
            raise FormatError(
                folder or "the weights",
                f"{_of_shape(there)} under '{name}'",
                f"{_of_shape(here)}, as in this net",
                "It is of another architecture: give its settings, or start anew.",
            )
    for name, tensor in own.items():
        tensor.copy_(tensors[name])


def _of_shape(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else f"numbers of shape {list(shape)}"


def fingerprint(task: Task) -> int:
    """A number that tells one text from another: of the first batch, and how many there are; and
    one held-out text from another, or from none, if the task says what it `watches`."""
    batch = next(iter(task.batches(0, 0)), None)
    fields: dict[str, Any] = {}
    if dataclasses.is_dataclass(batch):
        fields = {f.name: getattr(batch, f.name) for f in dataclasses.fields(batch)}
    elif batch is not None:
        fields = vars(batch)
    number = zlib.crc32(f"{task.steps()}{getattr(task, 'watches', '')}".encode())
    for name, value in sorted(fields.items()):
        if isinstance(value, Tensor):
            number = zlib.crc32(np.ascontiguousarray(value.cpu().numpy()).data, number)
        elif isinstance(value, int | str):
            number = zlib.crc32(f"{name}={value}".encode(), number)
    return number


def digest(*arrays: np.ndarray) -> str:
    """A text that tells some arrays from others."""
    number = 0
    for array in arrays:
        number = zlib.crc32(np.ascontiguousarray(array).data, number)
    return f"{number:08x}"


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Where torch's generators stand."""
    found = {"random": torch.get_rng_state()}
    if device.type == "cuda":
        found["random.cuda"] = torch.cuda.get_rng_state(device)
    return found


def set_random_state(device: torch.device, tensors: Mapping[str, Tensor]) -> None:
    """The generators go on from there."""
    if "random" in tensors:
        torch.set_rng_state(tensors["random"])
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"], device)

"""Keeping all of a training in its folder, and going on from there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from firth.errors import FormatError
from firth.neural import checkpoints, optimisers
from firth.neural.checkpoints import named, parts
from firth.neural.lock import NAME as LOCK
from firth.neural.log import NAME as LOG
from firth.neural.records import Place, Tally

if TYPE_CHECKING:
    from firth.neural.train import Loop


def save(loop: Loop, folder: Path) -> None:
    """Writes where `loop` stands; every process calls it, the first one writes.

    Raises:
        FitError: the numbers are not finite any more; the older checkpoint stays.
        StorageError: the disk is full.
    """
    loop.look_at()
    began = time.monotonic()
    own = {
        **named("carried", loop.task.carried()),
        **checkpoints.random_state(loop.device),
        # running means differ between processes until they are measured
        **named("buffers", dict(loop.net.named_buffers()) if loop.processes.world > 1 else {}),
    }
    shares = loop.processes.gather({name: tensor.cpu() for name, tensor in own.items()})
    if loop.processes.first:
        tensors = {
            **named("net", checkpoints.content(loop.net)),
            **named("optimiser", optimisers.state_of(loop.optimiser, loop.net)),
            **named("best", loop.best.weights),
        }
        if loop.best.average is not None:
            loop.place.averaged = loop.best.average.steps
            tensors |= named("average", loop.best.average.average)
        for rank, share in enumerate(shares):
            tensors |= named(str(rank), share)
        loop.place.seconds = loop.budget.seconds()
        about = {
            "settings": loop.settings.to_json(),
            "place": asdict(loop.place),
            "tally": asdict(loop.tally),
            "history": loop.history,
            "world": loop.processes.world,
            "text": checkpoints.fingerprint(loop.task),
        }
        checkpoints.write(folder, tensors, about)
    loop.saved = time.monotonic()
    loop.writing = loop.saved - began


def resume(loop: Loop, folder: Path) -> None:
    """Puts `loop` where the checkpoint stopped.

    Raises:
        FormatError, SettingError: none there, damaged, or of another training.
    """
    tensors, about = checkpoints.read(folder)
    processes = loop.processes
    text = processes.same(checkpoints.fingerprint(loop.task) if processes.first else None)
    checkpoints.must_match(folder, about, loop.settings, processes.world, text)
    try:
        loop.place, loop.tally = Place(**about["place"]), Tally(**about["tally"])
    except TypeError as error:
        raise FormatError(
            folder / checkpoints.NAME, f"a damaged place ({error})", "where a training stands"
        ) from None
    own = parts(tensors, str(processes.rank))
    net = parts(tensors, "net") | parts(own, "buffers")
    checkpoints.put_into(loop.net, net, folder)
    optimisers.take_state(loop.optimiser, loop.net, parts(tensors, "optimiser"))
    best = parts(tensors, "best")
    loop.best.weights = {name: tensor.to(loop.device) for name, tensor in best.items()}
    if loop.best.average is not None:
        loop.best.average.take(parts(tensors, "average"), loop.place.averaged)
    if loop.place.batch:
        loop.task.begin(loop.place.epoch)
        loop.task.carry(parts(own, "carried"))
    checkpoints.set_random_state(loop.device, own)
    loop.history = about["history"]
    loop.saved = time.monotonic()
    loop.budget.began = loop.saved - loop.place.seconds
    if processes.first:
        loop.log.begin(loop.history)
    loop.progress.say(f"Going on from step {loop.place.step + 1:,}, epoch {loop.place.epoch + 1}.")


@contextlib.contextmanager
def nothing_left_empty(folder: Path | None) -> Iterator[None]:
    """A training that fails before its first checkpoint leaves no folder that looks like one."""
    try:
        yield
    except BaseException:
        if folder is not None and not (folder / checkpoints.NAME).exists():
            # something of somebody else is in it; or, on Windows, our own lock
            with contextlib.suppress(OSError):
                for name in (LOG, LOCK):
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()
        raise

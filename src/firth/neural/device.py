"""Where a net computes, in which precision, on how many threads."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from firth.errors import SettingError


def device_of(name: str) -> torch.device:
    """`name`: "auto", or what torch calls it (cpu, cuda, cuda:1, mps).

    auto: CUDA if it is there, else the CPU. Under torchrun, "cuda" is the card of this process.

    Raises:
        SettingError: no such device, or it is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SettingError(
            f"device={name!r} is no device; wanted auto, cpu, cuda, cuda:1, mps."
        ) from None
    if device.type == "cuda":
        cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not cards:
            raise SettingError(
                f"device={name}: this machine, or this build of PyTorch, has no CUDA; give "
                "--device cpu (device='cpu')."
            )
        number = int(os.environ.get("LOCAL_RANK", "0")) if device.index is None else device.index
        if number >= cards:
            raise SettingError(
                f"device=cuda:{number}: there are {cards} of them, numbered from 0; give a lower "
                "number, or fewer processes."
            )
        return torch.device("cuda", number)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise SettingError("device=mps: this machine has no Metal; give --device cpu.")
    return device


def uses_bf16(device: torch.device, precision: str) -> bool:
    """Whether products are taken in bfloat16.

    auto: on CUDA cards and CPUs that have instructions for it; elsewhere it is slower.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and native_bf16()


def native_bf16() -> bool:
    """Whether the processor itself multiplies bfloat16.

    oneDNN says yes of every x86 with AVX512, and on those without its instructions (Skylake to Ice
    Lake) computes in float32 and converts: 1.75 times slower than float32 alone.
    """
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    # names of torch 2.13, missing in older ones
    asked = (
        getattr(torch.cpu, name, None)
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
    return any(bool(ask()) for ask in asked if ask is not None)


def autocast_of(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """What products are computed under: bfloat16 or as they are. Weights stay float32."""
    if uses_bf16(device, precision):
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


def threads_of(threads: int) -> int:
    """How many threads to compute on: `threads`, or if that is 0 the cores that idle now.

    Two trainings of two threads each on two cores are twenty times slower than of one thread
    each: threads wait for others that do not run. So a busy core is left alone. OMP_NUM_THREADS,
    which torchrun sets too, is obeyed.
    """
    if threads:
        return threads
    if os.environ.get("OMP_NUM_THREADS"):
        return torch.get_num_threads()
    return max(1, min(round(idle_cores()), cores()))


def cores() -> int:
    """Cores this process may use: those it is bound to, within its container's share."""
    try:
        number = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        number = os.cpu_count() or 1
    try:
        share, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        number = min(number, math.ceil(int(share) / int(period)))
    except (OSError, ValueError):  # no container, or "max"
        pass
    return number


def idle_cores(seconds: float = 0.2) -> float:
    """How many cores have nothing to do, over so many seconds of waiting; all where none tells."""
    before = _jiffies()
    if before is None:
        return cores()
    time.sleep(seconds)
    after = _jiffies() or before
    idle = 0.0
    for core, (waited, passed) in after.items():
        was_waited, was_passed = before.get(core, (0, 0))
        if passed > was_passed:
            idle += (waited - was_waited) / (passed - was_passed)
    return idle


def _jiffies() -> dict[str, tuple[int, int]] | None:
    """Ticks idle and ticks in all of each core this process may use."""
    try:
        bound = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        lines = Path("/proc/stat").read_text("ascii").splitlines()
    except (AttributeError, OSError):  # not on Linux
        return None
    found = {}
    for line in lines:
        name, _, rest = line.partition(" ")
        if name in bound:
            ticks = [int(number) for number in rest.split()[:8]]
            found[name] = (ticks[3] + ticks[4], sum(ticks))
    return found or None


@contextlib.contextmanager
def with_threads(threads: int) -> Iterator[None]:
    """torch computes on so many threads while this lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def described(device: torch.device, precision: str) -> str:
    """Where and how training computes, for people: "cpu, 2 threads, bfloat16"."""
    parts = [device.type if device.type == "cpu" else str(device)]
    if device.type == "cpu":
        threads = torch.get_num_threads()
        parts.append(f"{threads} thread{'s' if threads > 1 else ''}")
    parts.append("bfloat16" if uses_bf16(device, precision) else "float32")
    return ", ".join(parts)

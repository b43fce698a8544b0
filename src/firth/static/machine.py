"""What the machine has: cores, memory, room on the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def available_cores() -> int:
    """Cores this process may use (a container or taskset may give fewer than there are)."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


#: where a container's memory is told: folder, limit, use, what of the use can be given up
CONTAINERS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def available_memory() -> int | None:
    """Bytes that can be had without pushing anything out to disk; None where nothing tells."""
    known = [size for size in (_of_the_machine(), _of_the_container()) if size is not None]
    return min(known, default=None)


def _of_the_machine() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):  # not on Linux
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not on this system
        return None


def _of_the_container() -> int | None:
    """What a container may take still; None outside of one, or where it has no limit."""
    for folder, limit, used, cache in CONTAINERS:
        try:
            most = int(Path(folder, limit).read_text("ascii"))
            now = int(Path(folder, used).read_text("ascii"))
            told = dict(
                line.split() for line in Path(folder, "memory.stat").read_text().splitlines()
            )
        except (OSError, ValueError):  # "max", or no such file
            continue
        return max(0, most - now + int(told.get(cache, 0)))
    return None


def free_disk(folder: str) -> int:
    """Bytes free where `folder` is."""
    return shutil.disk_usage(folder).free


def warning(matrices: int) -> str:
    """What to say if matrices of so many bytes do not fit into memory; else nothing."""
    free = available_memory()
    if free is None or matrices <= free:
        return ""
    return (
        f" Only {size(free)} of memory are free: lower --dim, raise --min-count or give --max-size."
    )


def size(n: float) -> str:
    """A number of bytes for people: "1.2 GB"."""
    return f"{n / 1e9:,.1f} GB" if n >= 1e9 else f"{n / 1e6:,.1f} MB"

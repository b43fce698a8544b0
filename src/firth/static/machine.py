"""What the machine has: cores, memory, room on the disk."""

from __future__ import annotations

import os
import shutil


def available_cores() -> int:
    """Cores this process may use (a container or taskset may give fewer than there are)."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def available_memory() -> int | None:
    """Bytes that can be had without pushing anything out to disk; None where nothing tells."""
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


def free_disk(folder: str) -> int:
    """Bytes free where `folder` is."""
    return shutil.disk_usage(folder).free


def size(n: float) -> str:
    """A number of bytes for people: "1.2 GB"."""
    return f"{n / 1e9:,.1f} GB" if n >= 1e9 else f"{n / 1e6:,.1f} MB"

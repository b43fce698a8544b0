"""Files and folders that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firth.errors import ModelExistsError, StorageError


def storage_error(error: OSError, path: str | Path, remedy: str = "") -> StorageError:
    """The sentence for an OSError met while writing `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        try:
            free = shutil.disk_usage(Path(path).absolute().parent).free
            left = f"only {free / 1e6:,.0f} MB are free"
        except OSError:
            left = "no space is left"
        return StorageError(
            f"{path}: the disk is full ({left}); free some space or write to another disk. "
            f"Nothing was left half-written. {remedy}".strip()
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return StorageError(f"{path} cannot be written: {reason}. {remedy}".strip())


def must_not_exist(path: Path, overwrite: bool) -> None:
    """Raises ModelExistsError if `path` is there and is not to be replaced."""
    if path.exists() and not overwrite:
        raise ModelExistsError(
            f"{path} exists already; choose another name, or replace it with --overwrite "
            "(overwrite=True)."
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(path: str | Path, overwrite: bool = True) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to `path` when the block ends without an error.

    Raises:
        ModelExistsError: `path` exists and `overwrite` is false.
        StorageError: the disk is full, the folder is missing or cannot be written.
    """
    path = Path(path)
    must_not_exist(path, overwrite)
    try:
        _sweep(path)
        handle, name = tempfile.mkstemp(prefix=_prefix(path), dir=path.absolute().parent)
        os.close(handle)
        # mkstemp makes files only their owner may read
        os.chmod(name, 0o666 & ~_umask())
    except OSError as error:
        raise storage_error(error, path) from None
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if isinstance(error, StorageError | ModelExistsError):
            raise
        raise storage_error(error, path) from error
    finally:
        _remove(temporary)


@contextlib.contextmanager
def whole_folder(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder beside `path`, renamed to `path` when the block ends without an error.

    An older folder under that name stays whole until the new one is complete: it is moved
    aside, the new one takes its place, then the old one is deleted. `rescue` mends the only
    moment in between.

    Raises:
        ModelExistsError: `path` exists and `overwrite` is false.
        StorageError: the disk is full, the parent is missing or cannot be written.
    """
    path = Path(path)
    rescue(path)
    _sweep(path)
    must_not_exist(path, overwrite)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(path), dir=path.absolute().parent))
        temporary.chmod(0o777 & ~_umask())
    except OSError as error:
        raise storage_error(error, path) from None
    try:
        yield temporary
        # another run may have written the name while this one worked
        must_not_exist(path, overwrite)
        if path.exists():
            _remove(aside(path))
            os.replace(path, aside(path))
        os.replace(temporary, path)
        _remove(aside(path))
    except OSError as error:
        if isinstance(error, StorageError | ModelExistsError):
            raise
        raise storage_error(error, path) from error
    finally:
        _remove(temporary)


def _prefix(path: Path) -> str:
    """How temporary names beside `path` begin: with the process that writes them."""
    return f".{path.name}.{os.getpid()}-"


def _sweep(path: Path) -> None:
    """Removes what processes that were killed while writing `path` left behind."""
    if os.name != "posix":  # elsewhere asking whether a process lives may end it
        return
    for left in path.absolute().parent.glob(f".{glob.escape(path.name)}.*-*"):
        number = left.name.removeprefix(f".{path.name}.").partition("-")[0]
        if not number.isdigit():
            continue
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            _remove(left)
        except (OSError, OverflowError):  # it lives, under another user
            continue


def aside(path: Path) -> Path:
    """Where an older model waits while the new one takes its name."""
    return path.absolute().with_name(f".{path.name}.previous")


def rescue(path: Path) -> None:
    """Puts a model back that a kill between the two renames of `whole_folder` left aside."""
    if not path.exists() and aside(path).exists():
        os.replace(aside(path), path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def firth_version() -> str:
    """What files say that they were written by."""
    import importlib.metadata  # slow, and only saving needs it

    try:
        return importlib.metadata.version("firth")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"

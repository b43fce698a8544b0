"""The folder of a comparison: what is compared, and a line for each training that is done.

    FOLDER/comparison.json       what is compared: sentences, settings, vectors, ELMo, by digests
    FOLDER/runs.jsonl            a `report.Result` a line, or a `report.Failure`
    FOLDER/vectors.firth/        vectors that were learnt here from a text, if any
    FOLDER/layers/               of ELMos, while trainings are to come (`shared_layers`)
    FOLDER/training/             the training that was interrupted, if any
    FOLDER/report.md, learning-curve.png

A second call with the same folder does what is not there yet. More inputs, fractions and seeds may
be asked for; of other sentences, settings or models the folder would mean nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from firth.compare.report import Failure, Result
from firth.errors import FormatError, ModelExistsError, SettingError
from firth.files import storage_error, whole_file
from firth.neural.lock import NAME as LOCK
from firth.neural.lock import locked

FORMAT, VERSION = "firth comparison", 1
ABOUT, RUNS, REPORT = "comparison.json", "runs.jsonl", "report.md"
VECTORS, LAYERS, TRAINING = "vectors.firth", "layers", "training"
#: beside REPORT, written by whoever can draw
PICTURE = "learning-curve.png"
_LEARNT = (VECTORS, VECTORS + ".checkpoint")
_OURS = (ABOUT, RUNS, REPORT, PICTURE, *_LEARNT, LAYERS, TRAINING)
#: what each entry is called in messages
_CALLED = {
    "train": "other training sentences", "dev": "other held-out sentences",
    "test": "other test sentences", "text": "another text for its vectors",
    "vectors": "other vectors", "elmo": "another ELMo", "what": "another kind",
}  # fmt: skip


class ComparisonFolder:
    """
    Raises:
        ModelExistsError: it holds something else.
        FormatError: it is damaged, or of a newer firth.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise ModelExistsError(f"{self.path} is a file; a comparison is kept in a folder.")
        foreign = self.path.is_dir() and not (self.path / ABOUT).is_file()
        there = {entry.name for entry in self.path.iterdir()} if foreign else set()
        if there - {LOCK, *_OURS}:
            raise ModelExistsError(
                f"{self.path} is there and holds no comparison ({ABOUT}); choose another name."
            )
        if overwrite and self.path.is_dir():
            with locked(self.path):
                self._clear()
        self.about: dict[str, Any] = self._read()
        if not any(isinstance(one, Result) for one in self.entries()):
            # nothing that other settings would contradict
            text = self.about.get("text") if (self.path / VECTORS).is_dir() else None
            self.about = {"text": text} if text else {}

    @contextlib.contextmanager
    def ours(self) -> Iterator[None]:
        """The folder is made, and no other process writes it while this lasts.

        If nothing came of it, it is gone after an error.

        Raises:
            SettingError: another process writes it.  StorageError: it cannot be made.
        """
        with locked(self.path):
            try:
                yield
            except BaseException:
                begun = (self.path / TRAINING).is_dir() and any((self.path / TRAINING).iterdir())
                if not begun and not any((self.path / name).exists() for name in (RUNS, *_LEARNT)):
                    self._clear()
                    (self.path / LOCK).unlink(missing_ok=True)
                    with contextlib.suppress(OSError):
                        self.path.rmdir()
                raise

    def _clear(self) -> None:
        """Removes what comparisons keep, and nothing else."""
        for name in _OURS:
            entry = self.path / name
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        path = self.path / ABOUT
        if not path.is_file():
            return {}
        try:
            found = json.loads(path.read_bytes())
        except ValueError as error:
            raise FormatError(path, f"damaged JSON ({error})", "a comparison", _ANEW) from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise FormatError(path, "another file", "a comparison", _ANEW)
        if found.get("version", 0) > VERSION:
            raise FormatError(path, f"version {found['version']}", f"{VERSION}", "Update firth.")
        return found

    def must_agree(self, about: dict[str, Any]) -> None:
        """Whether the folder is of the comparison `about`; entries of None agree with any.

        Raises:
            SettingError: it is of another one; says what differs.
        """
        older = self.about
        if about.get("text") and older.get("vectors") and not older.get("text"):
            raise SettingError(
                f"{self.path} holds a comparison of given vectors; give them again, choose another "
                "folder, or begin anew with --overwrite (overwrite=True)."
            )
        for name, called in _CALLED.items():
            there, here = older.get(name), about.get(name)
            if there and here and _digest(there) != _digest(here):
                before = there["name"] if isinstance(there, dict) else there
                raise SettingError(
                    f"{self.path} holds a comparison of {called} ({before}); choose another "
                    "folder, or begin anew with --overwrite (overwrite=True)."
                )
        if older.get("test") and bool(older.get("dev")) != bool(about.get("dev")):
            how = "with" if older.get("dev") else "without"
            raise SettingError(
                f"{self.path} holds a comparison {how} held-out sentences; choose another folder, "
                "or begin anew with --overwrite (overwrite=True)."
            )
        if not older.get("test"):
            return
        if older.get("firth") != about["firth"]:
            by = f"firth {older['firth']}" if "firth" in older else "an older firth"
            raise SettingError(
                f"{self.path} holds a comparison by {by}, and this is firth {about['firth']}, "
                "whose scores may be others; choose another folder, or begin anew with --overwrite "
                "(overwrite=True)."
            )
        before = {"steps": older.get("steps"), **older.get("settings", {})}
        now = {"steps": about["steps"], **about["settings"]}
        if before.get("precision") != now["precision"]:
            there = before.get("precision")
            raise SettingError(
                f"{self.path} holds a comparison with precision={there}, and here it is "
                f"{now['precision']} (auto takes what is fast on a machine); give --precision "
                f"{there} (precision={there!r}), choose another folder, or begin anew with "
                "--overwrite (overwrite=True)."
            )
        for name in now:
            if before.get(name) != now[name]:
                raise SettingError(
                    f"{self.path} holds a comparison with {name}={before.get(name)}, not "
                    f"{now[name]}; choose another folder, or begin anew with --overwrite "
                    "(overwrite=True)."
                )

    def keep(self, about: dict[str, Any]) -> None:
        """Writes what is compared, beside what was known before.

        Raises:
            SettingError: as `must_agree`.  StorageError: disk full.
        """
        self.must_agree(about)
        known = {name: value for name, value in self.about.items() if value is not None}
        new = {name: value for name, value in about.items() if value is not None}
        self.about = {"format": FORMAT, "version": VERSION, **about, **known, **new}
        self.write(ABOUT, json.dumps(self.about, ensure_ascii=False, indent=1) + "\n")

    def entries(self) -> list[Result | Failure]:
        """The trainings that are done. A last line that was cut short is removed.

        Raises:
            FormatError: another line is damaged.
        """
        path = self.path / RUNS
        if not path.is_file():
            return []
        text = path.read_text("utf-8", errors="replace")
        *lines, rest = text.split("\n")
        if rest:  # killed while writing it
            self.write(RUNS, "".join(line + "\n" for line in lines))
        found: list[Result | Failure] = []
        for number, line in enumerate(lines, 1):
            try:
                values = json.loads(line)
                kind = Failure if "reason" in values else Result
                names = [field.name for field in dataclasses.fields(kind)]
                found.append(kind(**{name: values[name] for name in names}))
            except (ValueError, KeyError, TypeError):
                raise FormatError(
                    path, f"a damaged line {number}", "a training", "Remove the line."
                ) from None
        return found

    def add(self, result: Result | Failure) -> None:
        """Notes a training, at once and for good.

        Raises:
            StorageError: disk full.
        """
        path = self.path / RUNS
        try:
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(result.to_json(), ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(error, path) from None

    def write(self, name: str, text: str) -> None:
        """A file of the folder, whole."""
        with whole_file(self.path / name) as temporary:
            temporary.write_text(text, "utf-8", newline="\n")

    def forget(self, name: str) -> None:
        """Removes a folder of it."""
        shutil.rmtree(self.path / name, ignore_errors=True)


_ANEW = "Begin anew with --overwrite (overwrite=True)."


def _digest(entry: Any) -> Any:
    return entry.get("digest") if isinstance(entry, dict) else entry

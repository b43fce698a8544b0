"""Where text comes from: files, the standard input, iterables of lines or of lists of tokens.

A source gives `blocks()`, as often as it is asked to: bytes for a kernel, checked UTF-8 in whole
lines (or cut at a space), or tokens that are apart already (`tokens` is true: see
`splitters.given`).
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
import sys
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from firth.errors import CorpusError, EncodingError
from firth.files import storage_error
from firth.text import temporary
from firth.text.blocks import BLOCK, blocks_of_file
from firth.text.opening import Chunks
from firth.text.splitters import LINE_END, TOKEN_END

#: between tokens and after lines while they are strings
_BETWEEN, _AFTER = "\x1f", "\x1e"
_NOT_SO = bytes.maketrans(b"\x1f\x1e", bytes([TOKEN_END, LINE_END]))


class Source(Protocol):
    """name: for messages and the summary.  tokens: lines are lists of tokens.

    size, done: bytes in all and read so far by the present pass; size is None if not known.
    first: the first item given, for a message; None for a file.
    """

    name: str
    tokens: bool
    first: str | None

    @property
    def size(self) -> int | None: ...
    @property
    def done(self) -> int: ...
    def blocks(self) -> Iterator[bytes]: ...
    def fingerprint(self) -> str: ...


class FileSource:
    """The lines of a file."""

    tokens = False
    first: str | None = None

    def __init__(self, path: Path, encoding: str, errors: str, name: str | None = None) -> None:
        self.name = name or str(path)
        self._chunks = Chunks(path, self.name)
        self._encoding, self._errors = encoding, errors

    @property
    def size(self) -> int:
        return self._chunks.path.stat().st_size

    @property
    def done(self) -> int:
        return self._chunks.done

    def blocks(self) -> Iterator[bytes]:
        return blocks_of_file(self._chunks, self._encoding, self._errors)

    def fingerprint(self) -> str:
        return _of_file(self._chunks.path) + f" {self._encoding} {self._errors}"


class InputSource(FileSource):
    """The standard input or a pipe, kept in a temporary file when it is first read.

    pipe: None for the standard input.
    """

    def __init__(self, pipe: Path | None, encoding: str, errors: str) -> None:
        name = "the standard input" if pipe is None else str(pipe)
        super().__init__(Path("-"), encoding, errors, name)
        self._pipe, self._kept = pipe, False

    def keep(self) -> None:
        if self._kept:
            return
        path = self._chunks.path = temporary.named()
        weakref.finalize(self, path.unlink, missing_ok=True)
        try:
            with open(path, "wb") as file:
                if self._pipe is None:
                    shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
                else:
                    with open(self._pipe, "rb") as pipe:
                        shutil.copyfileobj(pipe, file, 1 << 20)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise storage_error(error, path, _REMEDY) from None
        if not path.stat().st_size:
            raise CorpusError(
                f"{self.name} is empty; pipe a text into it: cat my.txt | firth ... -"
            )
        self._kept = True

    @property
    def size(self) -> int:
        self.keep()
        return super().size

    def blocks(self) -> Iterator[bytes]:
        self.keep()
        return super().blocks()

    def fingerprint(self) -> str:
        self.keep()
        return _of_blocks(self)


_REMEDY = "The text is kept there while it is used; set TMPDIR to another folder."


class ItemsSource:
    """The items of an iterable: strings, or lists of tokens.

    An iterator that can be gone through only once is kept in a temporary file at the first pass.

    Raises:
        CorpusError: no items, or items that are neither; what the first item is says which.
    """

    def __init__(self, items: Iterable[Any], name: str, errors: str = "strict") -> None:
        iterator = iter(items)
        once = iterator is items
        self.name, self._errors = name, errors
        first = next(iterator, None)
        head = [] if first is None else [first]
        while first is None:  # the empty cells of a column
            try:
                first = next(iterator)
            except StopIteration:
                raise CorpusError(f"{name} is empty; give at least one line of text.") from None
            head.append(first)
        self.tokens = _is_tokens(first, name)
        self.first = first if isinstance(first, str) else None
        self._items = itertools.chain(head, iterator) if once else items
        self._once, self._path = once, Path()
        self.done = 0

    @property
    def size(self) -> int | None:
        if self._once and self._path.name:
            return self._path.stat().st_size
        return None

    def blocks(self) -> Iterator[bytes]:
        if self._once and not self._path.name:
            self._keep()
        self.done = 0
        made = self._kept() if self._once else self._made()
        for block in made:
            yield block
            self.done += len(block)

    def fingerprint(self) -> str:
        return _of_blocks(self)

    def _made(self) -> Iterator[bytes]:
        """The items as blocks."""
        make = _token_block if self.tokens else _line_block
        held: list[Any] = []
        size = number = 0
        for item in self._items:
            held.append(item)
            try:
                size += len(item)
            except TypeError:
                size += 1
            if size > BLOCK or len(held) >= 50_000:
                yield make(held, number, self.name, self._errors)
                number += len(held)
                held, size = [], 0
        if held:
            yield make(held, number, self.name, self._errors)

    def _keep(self) -> None:
        """Writes the items to a file, each block after its length."""
        path = temporary.named()
        weakref.finalize(self, path.unlink, missing_ok=True)
        try:
            with open(path, "wb") as file:
                for block in self._made():
                    file.write(len(block).to_bytes(8, "little"))
                    file.write(block)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError) and not isinstance(error, CorpusError):
                raise storage_error(error, path, _REMEDY) from None
            raise
        self._path, self._items = path, ()

    def _kept(self) -> Iterator[bytes]:
        with open(self._path, "rb") as file:
            while size := file.read(8):
                yield file.read(int.from_bytes(size, "little"))


def _is_tokens(first: Any, name: str) -> bool:
    """Whether items like `first` are lists of tokens (else: strings).

    Raises:
        CorpusError: they are neither.
    """
    if isinstance(first, str):
        return False
    wanted = "wanted a string for each line, or a list of tokens for each line"
    if isinstance(first, bytes):
        raise CorpusError(f"{name} holds bytes; {wanted}: decode them, or open the file as text.")
    if isinstance(first, dict):
        raise CorpusError(
            f'The items of {name} are dictionaries; say which entry is the text: column="..." '
            f"(there is {', '.join(map(repr, first))})."
        )
    if not _is_list(first):
        raise CorpusError(f"The first item of {name} is {_short(first)}; {wanted}.")
    token = next(iter(first), "")
    if _is_list(token):
        raise CorpusError(
            f"The first item of {name} is a list of lists; {wanted}: "
            "give each sentence as an item of its own."
        )
    if not isinstance(token, str):
        raise CorpusError(f"The first token of {name} is {_short(token)}; {wanted}.")
    return True


def _is_list(item: Any) -> bool:
    return isinstance(item, list | tuple) or type(item).__name__ == "ndarray"


def _short(item: Any) -> str:
    text = repr(item)
    return f"{text if len(text) <= 40 else text[:40] + '...'} ({type(item).__name__})"


def line_text(item: str) -> str:
    """An item as one line: the line end at its end is no part of it, those inside are spaces."""
    if "\n" not in item:
        return item
    if item.endswith("\n"):
        item = item[:-2] if item.endswith("\r\n") else item[:-1]
    return item.replace("\n", " ")


def _line_block(items: list[Any], number: int, name: str, errors: str) -> bytes:
    """Strings as text; `number` is that of the first, for messages."""
    try:
        lines = [line_text(item) if item is not None else "" for item in items]
        text = "\n".join(lines) + "\n"
    except (TypeError, AttributeError):
        at = next(i for i, one in enumerate(items) if not isinstance(one, str | None))
        raise CorpusError(
            f"Item {number + at + 1} of {name} is {_short(items[at])}, and the first was a string; "
            "give all lines as strings, or all as lists of tokens."
        ) from None
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        if errors == "replace":
            return text.encode("utf-8", "replace")
        raise _surrogate(lines, number, name) from None


def _surrogate(texts: Iterable[str], number: int, name: str) -> EncodingError:
    for i, text in enumerate(texts):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            return EncodingError(
                f"Item {number + i + 1} of {name} holds {text[error.start]!r} at character "
                f"{error.start}, half of a surrogate pair, which is no character; decode the text "
                'with its own encoding, or give encoding_errors="replace".'
            )
    raise AssertionError("all of them can be encoded")


def token_block(lines: list[list[str]], number: int, name: str, errors: str = "strict") -> bytes:
    """Lists of tokens as bytes for `splitters.given`; a token may hold any character.

    number: that of the first line, for messages.
    """
    try:
        text = _AFTER.join([_BETWEEN.join(tokens) for tokens in lines])
    except TypeError:
        raise _no_token(lines, number, name) from None
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        if errors == "replace":
            raw = text.encode("utf-8", "replace")
        else:
            raise _surrogate((" ".join(tokens) for tokens in lines), number, name) from None
    between = sum(len(tokens) - 1 for tokens in lines if len(tokens))
    if text.count(_BETWEEN) == between and text.count(_AFTER) == len(lines) - 1:
        ends = raw.replace(b"\x1e", b"\x1f\x1e") + b"\x1f\x1e"
        return ends.translate(_NOT_SO)
    # a token holds one of the two characters used above
    end, after = bytes([TOKEN_END]), bytes([LINE_END])
    encoded = [b"".join(t.encode("utf-8", "replace") + end for t in tokens) for tokens in lines]
    return b"".join(line + after for line in encoded)


def _token_block(items: list[Any], number: int, name: str, errors: str) -> bytes:
    lines = [[] if item is None else item for item in items]
    for i, item in enumerate(lines):
        if isinstance(item, str) or not _is_list(item):
            raise CorpusError(
                f"Item {number + i + 1} of {name} is {_short(item)}, and the first was a list of "
                "tokens; give all lines as lists of tokens, or all as strings."
            )
    return token_block(lines, number, name, errors)


def _no_token(lines: list[list[str]], number: int, name: str) -> CorpusError:
    for i, tokens in enumerate(lines):
        for token in tokens:
            if not isinstance(token, str):
                return CorpusError(
                    f"Line {number + i + 1} of {name} holds {_short(token)} among its tokens; "
                    "wanted strings."
                )
    raise AssertionError("all tokens are strings")


def whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, those of one long line put together."""
    held: list[bytes] = []
    for block in blocks:
        held.append(block)
        if block.endswith(b"\n"):
            yield b"".join(held)
            held = []


def lines_of(source: Source) -> Iterator[str]:
    """The lines without their ends."""
    for block in whole_lines(source.blocks()):
        for line in block[:-1].split(b"\n"):
            yield line.removesuffix(b"\r").decode("utf-8")


def _of_file(path: Path) -> str:
    status = path.stat()
    return f"{path.absolute()} {status.st_size} {status.st_mtime_ns}"


def _of_blocks(source: Source) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for block in source.blocks():
        digest.update(block)
    return digest.hexdigest()

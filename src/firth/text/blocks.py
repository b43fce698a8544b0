"""Text as blocks of checked UTF-8, cut where no token can be cut.

A block ends at a line end, or, in a line longer than a block, at a space. The last block of a
source always ends with a line end.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from firth.errors import CorpusError, EncodingError, SettingError, did_you_mean
from firth.text.opening import Chunks

#: bytes of text worked on at once: what fits the caches with what is made of it
BLOCK = 1 << 19
#: a piece without any space or line end longer than this is not text
LONGEST = (1 << 31) - 1

BOM_8 = codecs.BOM_UTF8
# the longer ones first: UTF-32 begins like UTF-16
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def checked_encoding(encoding: str, errors: str) -> str:
    """The codec's own name of `encoding`.

    Raises:
        SettingError: no such encoding, or no such way with errors.
    """
    if errors not in ("strict", "replace"):
        raise SettingError(
            f"encoding_errors={errors!r} is not one of strict, replace."
            f"{did_you_mean(str(errors), ['strict', 'replace'])}"
        )
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # some codecs are not for text
    except (LookupError, TypeError):
        from encodings.aliases import aliases

        known = {name.replace("_", "-") for pair in aliases.items() for name in pair}
        raise SettingError(
            f"encoding={encoding!r} is not an encoding of text that Python knows."
            f"{did_you_mean(str(encoding).lower(), sorted(known))}"
        ) from None
    return "utf-8" if name == "utf-8-sig" else name


def blocks_of_file(chunks: Chunks, encoding: str, errors: str) -> Iterator[bytes]:
    """The text of a file, checked.

    Raises:
        EncodingError: a byte that is not in the encoding: file, line and offset.
        CorpusError: the file looks binary.
    """
    name = chunks.name
    if encoding == "utf-8":
        yield from _checked(cut(_refuse_wide(chunks), name), name, errors, utf8=True)
    else:
        decoded = _transcoded(chunks, encoding, errors)
        yield from _checked(cut(decoded, name), name, errors, utf8=False)


def cut(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Chunks of any size as blocks; the last gets a line end if it has none."""
    held: list[bytes] = []  # what came since the last cut
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size < BLOCK:
            continue
        # only the latest chunk is searched: a long line is not gone through again and again
        at = chunk.rfind(b"\n") + 1
        if not at and size >= 2 * BLOCK:
            at = chunk.rfind(b" ") + 1
        if at:
            held[-1] = chunk[:at]
            yield b"".join(held)
            held, size = [chunk[at:]], len(chunk) - at
        elif size > LONGEST:
            raise CorpusError(
                f"{name}: 2 GB without a space or a line end; this does not look like text."
            )
    last = b"".join(held)
    if last:
        yield last if last.endswith(b"\n") else last + b"\n"


def _refuse_wide(chunks: Chunks) -> Iterator[bytes]:
    """The chunks; a byte order mark that is not of UTF-8 is an error."""
    first = True
    for chunk in chunks:
        if first:
            first = False
            for mark, encoding in _BOMS:
                if chunk.startswith(mark):
                    raise EncodingError(
                        f"{chunks.name} begins with the byte order mark of {encoding.upper()}, and "
                        f'was to be read as UTF-8; give encoding="{encoding}" '
                        f"(--encoding {encoding})."
                    )
        yield chunk


def _checked(blocks: Iterator[bytes], name: str, errors: str, utf8: bool) -> Iterator[bytes]:
    offset = lines = 0
    for block in blocks:
        size, ends = len(block), block.count(b"\n")
        nul = block.find(b"\0")
        if nul >= 0:
            if errors == "strict":
                raise CorpusError(
                    f"{name} looks like a binary file: there is a byte 0 at offset "
                    f"{offset + nul}; give a text file"
                    + (", or its encoding if it is UTF-16 or UTF-32." if utf8 else ".")
                )
            block = block.replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode())
        if utf8 and not block.isascii():
            try:
                block.decode("utf-8")
            except UnicodeDecodeError as error:
                if errors == "strict":
                    before = block[: error.start]
                    raise _bad_byte(
                        name,
                        block[error.start],
                        lines + before.count(b"\n") + 1,
                        offset + error.start,
                        "UTF-8",
                    ) from None
                block = block.decode("utf-8", "replace").encode("utf-8")
        yield block if offset else block.removeprefix(BOM_8)
        offset += size
        lines += ends


def _bad_byte(name: str, byte: int, line: int, offset: int, encoding: str) -> EncodingError:
    return EncodingError(
        f"{name}, line {line}, byte offset {offset}: the byte 0x{byte:02X} is not {encoding}; give "
        'the encoding of the text (encoding="latin-1", say), or encoding_errors="replace" to read '
        "on with a replacement character."
    )


def _transcoded(chunks: Chunks, encoding: str, errors: str) -> Iterator[bytes]:
    """The chunks of another encoding as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    offset = lines = 0
    pieces: Iterator[bytes] = iter(chunks)
    last = False
    while not last:
        chunk = next(pieces, b"")
        last = not chunk
        waiting = decoder.getstate()[0]
        try:
            text = decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            # what came before the bad byte in this chunk
            good = error.object[: error.start].decode(encoding, "replace")
            start = offset - len(waiting) + error.start
            raise _bad_byte(
                chunks.name,
                error.object[error.start],
                lines + good.count("\n") + 1,
                start,
                encoding,
            ) from None
        offset += len(chunk)
        lines += text.count("\n")
        yield text.encode("utf-8", "replace")

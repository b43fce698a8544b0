"""Which format a file or folder is, by its content."""

from __future__ import annotations

import struct
from pathlib import Path

from firth.errors import FormatError
from firth.vectors.formats.rows import is_header
from firth.vectors.formats.source import opened

HEAD = 1 << 16
FASTTEXT_MAGIC = b"\xba\x16\x4f\x2f"


def sniff(path: str | Path) -> str:
    """The name of the format of `path`.

    Raises:
        FormatError: nothing there, or nothing that any format would begin with.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.exists() and Path(f"{path}_tensor.tsv").exists():
        return "projector"
    with opened(path) as file:
        head = file.read(HEAD)
    if not head:
        raise FormatError(path, "an empty file", "word vectors")
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return "gensim"
    if head.startswith(FASTTEXT_MAGIC) or _is_early_fasttext(head):
        return "fasttext-bin"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        return "safetensors"
    return _lines(path, head)


def _is_early_fasttext(head: bytes) -> bool:
    """Whether it looks like the first versions of fastText's .bin, which had no magic number."""
    if len(head) < 80:
        return False
    dim, window, epochs, _, _, _, loss, model, buckets = struct.unpack_from("<9i", head)
    (t,) = struct.unpack_from("<d", head, 48)
    size, words, labels = struct.unpack_from("<3i", head, 56)
    numbers = 0 < dim <= 100_000 and 0 <= window <= 10_000 and epochs >= 0 and buckets >= 0
    kinds = loss in (1, 2, 3, 4) and model in (1, 2, 3)
    return numbers and kinds and 0 <= t <= 1 and size == words + labels and min(words, labels) >= 0


def _folder(path: Path) -> str:
    if (path / "model.json").exists():
        return "firth"
    for inner in (path, path / "0_StaticEmbedding"):
        if (inner / "tokenizer.json").exists() and any(inner.glob("*.safetensors")):
            return "model2vec"
    inside = ", ".join(sorted(file.name for file in path.iterdir())[:8]) or "nothing"
    raise FormatError(
        path,
        f"a folder with {inside}",
        "model.json (firth), or tokenizer.json and model.safetensors (model2vec)",
    )


def _lines(path: Path, head: bytes) -> str:
    first, _, rest = head.partition(b"\n")
    if is_header(first):
        second = rest.partition(b"\n")[0].split()
        dim = int(first.split()[1])
        cut = b"\n" not in rest
        tail = second[1:-1] if cut else second[max(1, len(second) - dim) :]
        text = bool(second) and all(_is_number(token) for token in tail[:dim] if token)
        return "word2vec-text" if text and tail else "word2vec-binary"
    tokens = first.split()
    if b"\t" in first and tokens and all(_is_number(token) for token in tokens):
        return "projector"
    if b"\x00" not in head and len(tokens) > 1 and _is_number(tokens[-1 if rest else 1]):
        return "glove"
    raise FormatError(
        path,
        f"{head[:40]!r} at the start",
        "the start of a vector file that firth reads",
        "Name the format with format= (--from) if it is one.",
    )


def _is_number(token: bytes) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True

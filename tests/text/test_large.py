"""Sizes that hurt: a line of 50 MB, texts beyond the memory, ten million words."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from firth.text.corpus import Corpus
from firth.text.stream import encode

MEASURE = """
import json, resource, sys
from firth.text.corpus import Corpus
from firth.text.stream import encode
e = encode(Corpus(sys.argv[1], tokenizer=sys.argv[2]), min_count=int(sys.argv[3]), threads=2)
try:  # ru_maxrss of a child begins with what its parent held
    status = open("/proc/self/status").read()
    rss = int(status.partition("VmHWM:")[2].split()[0]) >> 10
except OSError:
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rss //= 1 << 20 if sys.platform == "darwin" else 1 << 10
print(json.dumps([rss, e.types, e.tokens, len(e.vocabulary), type(e.stream.ids).__name__]))
"""


def measured(path, tokenizer, min_count=2):
    """[peak memory in MB, types, tokens, words kept, type of the ids] of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), tokenizer, str(min_count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_line_of_50_mb(tmp_path):
    path = tmp_path / "x.txt"
    words = "the quick brøwn fox jumps over a lazy dog and on "
    times = 50_000_000 // len(words.encode()) + 1
    path.write_text("a line before\n" + words * times + "\nthe last line\n", "utf-8")
    for tokenizer in ("words", "whitespace"):
        start = time.process_time()
        encoded = encode(Corpus(path, tokenizer=tokenizer), min_count=1)
        assert time.process_time() - start < 15
        assert encoded.lines == 3
        assert encoded.stream.ends.tolist() == [3, 3 + 11 * times, 6 + 11 * times]
    # the memory does not grow with the line, only by the ids: 8 bytes for each of 11 million
    (tmp_path / "small.txt").write_text(words, "utf-8")
    small = min(measured(tmp_path / "small.txt", "words", 1)[0] for _ in range(2))
    assert measured(path, "words")[0] < small + 200


def test_50_mb_without_a_space(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("日本語" * 5_600_000, "utf-8")
    encoded = encode(Corpus(path, tokenizer="characters"))
    assert encoded.stream.ends.tolist() == [16_800_000]
    assert list(encoded.vocabulary) == ["日", "本", "語"]


@pytest.mark.heavy
@pytest.mark.parametrize("tokenizer", ["whitespace", "words"])
def test_ten_million_words(tmp_path, tokenizer):
    """All of them kept: the worst case. Measured: 1.3 GB; rare words left out take less."""
    path = tmp_path / "x.txt"
    with path.open("w") as file:
        for _ in range(2):
            for first in range(0, 10_000_000, 100_000):
                numbers = range(first, first + 100_000)
                file.write(" ".join(f"word{n * 2654435761 % (1 << 32):x}" for n in numbers) + "\n")
    memory, types, tokens, kept, _ = measured(path, tokenizer)
    assert (types, tokens, kept) == (10_000_000, 20_000_000, 10_000_000)
    assert memory < 1500


@pytest.mark.heavy
def test_a_text_beyond_the_memory(tmp_path):
    """1.2 GB of text, 200 million words: their ids go to a file. Measured: 0.4 GB."""
    rng = np.random.default_rng(1)
    path = tmp_path / "x.txt"
    with path.open("w") as file:
        for _ in range(20):
            rows = rng.zipf(1.2, (50_000, 20)) % 100_000
            text = "\n".join(" ".join(f"w{i:x}" for i in row) for row in rows.tolist())
            for _ in range(10):
                file.write(text + "\n")
    memory, _, tokens, _, kind = measured(path, "whitespace")
    assert tokens == 200_000_000
    assert kind == "memmap"
    assert memory < 500

"""A corpus larger than the memory given trains."""

import os
import resource
import subprocess
import sys

import pytest

MEGABYTE = 1_000_000
LIMIT = 500 * MEGABYTE

SCRIPT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))
from firth import Corpus, SkipGram
fitted = SkipGram(dim=16, epochs=1, window=2, negatives=2, threads=1).fit(
    Corpus({text!r}, tokenizer="whitespace")
)
ids = 4 * fitted.corpus["kept_tokens"]
print(ids, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, fitted.history[0]["loss"])
"""


def limited(text, limit, tmp_path):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(limit=limit, text=str(text))],
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"},
    )


@pytest.mark.heavy
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_DATA"), reason="no RLIMIT_DATA on this system")
def test_a_corpus_larger_than_the_memory_trains(tmp_path):
    text = tmp_path / "large.txt"
    line = " ".join(f"word{i * i % 5003}" for i in range(60)) + "\n"
    lines = [" ".join(f"word{(i * i + 7 * k) % 5003}" for i in range(60)) for k in range(2000)]
    block = ("\n".join(lines) + "\n" + line).encode()
    with open(text, "wb") as out:
        while out.tell() < 1200 * MEGABYTE:
            out.write(block)
    assert text.stat().st_size > 2 * LIMIT
    done = limited(text, LIMIT, tmp_path)
    assert done.returncode == 0, done.stderr
    ids, _, loss = done.stdout.split()
    assert int(ids) > LIMIT  # not even the ids fit
    assert float(loss) > 0
    # the control: the limit is a real one
    assert limited(text, 40 * MEGABYTE, tmp_path).returncode != 0


COUNTING = """
import random, re, resource, sys
from firth import Corpus, WindowCounts
from firth.progress import SILENT
from firth.static import count_windows
from firth.text.stream import encode

def held():
    return int(re.search(r"VmData:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

memory, limit = map(int, sys.argv[1:])
rng = random.Random(1)
words = [f"w{int(5000 * rng.random() ** 3)}" for _ in range(300_000)]
lines = [words[k : k + 30] for k in range(0, len(words), 30)] * 8
WindowCounts(min_count=1, threads=1).count(lines[:100])  # compiled and loaded
settings = WindowCounts(min_count=1, threads=1, memory=memory)
encoded = encode(Corpus(lines), min_count=1, memory=100)
work = count_windows.plan(settings, encoded, memory, 1)
limit += held()
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
offsets, columns, values = work.go(SILENT)
print(-(-len(encoded.stream.ids) // work.tokens), len(columns))
"""


@pytest.mark.heavy
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc on this system")
def test_counting_keeps_to_its_memory():
    limit = 15 * MEGABYTE

    def run(memory):
        command = [sys.executable, "-c", COUNTING, str(memory), str(limit)]
        return subprocess.run(command, capture_output=True, text=True)

    done = run(12 * MEGABYTE)
    assert done.returncode == 0, done.stderr
    parts, pairs = map(int, done.stdout.split())
    assert parts > 3
    assert pairs * 12 > 2 * limit  # the result alone is more than the memory
    # the control: the limit is a real one
    assert "MemoryError" in run(100 * MEGABYTE).stderr

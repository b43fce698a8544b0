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

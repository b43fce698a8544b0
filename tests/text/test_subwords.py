"""n-grams of words: the worked example, the hash against its definition, exact and pruned rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firth.text.subwords import Subwords, fnv1a
from firth.text.vocabulary import Vocabulary


def plain_hash(text: bytes) -> int:
    """FNV-1a as fastText has it: each byte as a signed number."""
    h = 2166136261
    for byte in text:
        signed = byte - 256 if byte > 127 else byte
        h = ((h ^ (signed & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
    return h


def plain_strings(word: str, low: int, high: int) -> list[str]:
    """Every run of the marked word, by its place, then its length."""
    marked = f"<{word}>"
    runs = [marked[i:j] for i in range(len(marked)) for j in range(i + 1, len(marked) + 1)]
    whole = [run for run in runs if low <= len(run) <= high]
    edges = {0: "<", len(marked) - 1: ">"}
    if low <= 1 and word:  # a single < or > at the edge of a word is none
        whole = whole[1:-1] if edges else whole
    return whole


def test_ngrams_of_eating():
    """The lecture notes' table."""
    expected = {
        3: "<ea eat ati tin ing ng>",
        4: "<eat eati atin ting ing>",
        5: "<eati eatin ating ting>",
        6: "<eatin eating ating>",
    }
    for n, line in expected.items():
        assert Subwords(n, n, 100).strings("eating") == line.split()


def test_an_ngram_and_a_word_of_the_same_letters_are_two_entries():
    cut = Subwords(6, 8, 1 << 20)
    names = cut.strings("sample")
    assert "sample" in names
    assert "<sample>" in names
    rows = cut.rows(["sample"])[1]
    assert rows[names.index("sample")] != rows[names.index("<sample>")]


@given(st.lists(st.text(max_size=12), max_size=8), st.integers(1, 4), st.integers(0, 5))
def test_rows_are_the_hashes_of_the_strings(words, low, more):
    words = [word for word in words if word != "</s>"]
    cut = Subwords(low, low + more, 997)
    offsets, rows = cut.rows(words)
    for i, word in enumerate(words):
        names = cut.strings(word)
        if word:
            assert names == plain_strings(word, low, low + more)
        hashes = [plain_hash(n.encode("utf-8", "surrogatepass")) % 997 for n in names]
        assert rows[offsets[i] : offsets[i + 1]].tolist() == hashes


@pytest.mark.parametrize("word", ["eating", "été", "день", "我们", "🙂🙃", "a", "", "ﷺ"])
def test_hashes_of_words(word):
    assert fnv1a([word, "x"]).tolist() == [plain_hash(word.encode()), plain_hash(b"x")]
    assert fnv1a([word.encode()]) == fnv1a([word])


def test_a_line_end_has_none_and_neither_has_a_cut_without_length():
    assert Subwords(1, 6, 10).strings("</s>") == []
    offsets, rows = Subwords(3, 3, 10).rows(["ab", "</s>", "abc"])
    assert offsets.tolist() == [0, 2, 2, 5]
    assert Subwords(0, 0, 10).strings("word") == []
    assert Subwords(0, 0, 10).rows(["word"])[0].tolist() == [0, 0]
    assert Subwords(3, 6, 10).rows([])[0].tolist() == [0]
    assert Subwords(3, 6, 0).rows(["word"])[0].tolist() == [0, 0]


def test_words_of_many_pieces_are_those_of_one():
    words = [f"w{i}" for i in range(9000)]
    cut = Subwords(2, 4, 5000)
    offsets, rows = cut.rows(words)
    for i in (0, 4095, 4096, 8999):
        assert rows[offsets[i] : offsets[i + 1]].tolist() == cut.rows([words[i]])[1].tolist()


def test_exact_ngrams_have_their_own_rows():
    cut = Subwords(2, 3, 3, Vocabulary(["ab", "<a", "b>"]))
    assert cut.strings("ab") == ["<a", "<ab", "ab", "ab>", "b>"]
    assert cut.rows(["ab", "zz"])[1].tolist() == [1, 0, 2]
    assert cut.rows(["ab", b"zz"])[0].tolist() == [0, 3, 3]


def test_pruned_buckets_have_no_row():
    whole = Subwords(3, 6, 50)
    buckets = whole.rows(["eating"])[1]
    kept = np.unique(buckets)[::2].astype(np.int32)
    places = np.arange(len(kept), dtype=np.int32)[::-1]
    cut = Subwords(3, 6, 50, pruned=(kept, places))
    of = dict(zip(kept.tolist(), places.tolist(), strict=True))
    assert cut.rows(["eating"])[1].tolist() == [of[b] for b in buckets.tolist() if b in of]
    none = Subwords(3, 6, 50, pruned=(kept[:0], places[:0]))
    assert none.rows(["eating", "x"])[0].tolist() == [0, 0, 0]

"""Names and their integers: any name survives; opening is lazy; near names are offered."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import FormatError, UnknownWordError, VocabularyError
from firth.text.vocabulary import SEARCHES, Vocabulary

# lone surrogates too: names of other programs' files may hold them
names = st.lists(st.text(st.characters(codec=None), max_size=8), unique=True, max_size=12)


@settings(max_examples=300, deadline=None)
@given(names, st.booleans())
def test_any_name_survives(tmp_path_factory, names, counted):
    path = tmp_path_factory.mktemp("v") / "vocabulary.tsv"
    counts = list(range(len(names), 0, -1)) if counted else None
    Vocabulary(names, counts).save(path)
    loaded = Vocabulary.load(path)
    assert len(loaded) == len(names)
    # one by one, by search, before the names are strings
    for i, name in enumerate(names[:5]):
        assert loaded.get(name) == i
        assert loaded[i] == name
    assert loaded.names == names
    assert loaded.ids(names).tolist() == list(range(len(names)))
    if counted and names:
        assert loaded.counts.tolist() == counts
    else:
        assert loaded.counts is None
    loaded.save(path)
    assert Vocabulary.load(path).names == names


def test_the_bytes_of_the_file(tmp_path):
    path = tmp_path / "v.tsv"
    Vocabulary(["a\tb", "c\\t", "\n\r", "é", ""], [5, 4, 3, 2, 1]).save(path)
    assert path.read_bytes() == "a\\tb\t5\nc\\\\t\t4\n\\n\\r\t3\né\t2\n\t1\n".encode()


@settings(deadline=None)
@given(names, st.text(max_size=5))
def test_look_up_is_that_of_a_dictionary(names, other):
    raw = [name.encode("utf-8", "surrogatepass") for name in names]
    offsets = np.cumsum([0, *map(len, raw)])
    known = {name: i for i, name in enumerate(names)}
    for vocabulary in (Vocabulary(names), Vocabulary.from_bytes(b"".join(raw), offsets)):
        for word in [*names, other, other + "x", ""]:
            assert vocabulary.get(word, -7) == known.get(word, -7)
            assert (word in vocabulary) == (word in known)
        assert list(vocabulary) == names
        assert 3 not in vocabulary


def test_search_gives_way_to_a_dictionary():
    blob = b"onetwothree"
    vocabulary = Vocabulary.from_bytes(blob, np.array([0, 3, 6, 11]), [3, 2, 1])
    for _ in range(SEARCHES):
        assert vocabulary.get("three") == 2
        assert vocabulary._ids is None
    assert vocabulary.get("three") == 2
    assert vocabulary._ids == {"one": 0, "two": 1, "three": 2}


def test_part_of_a_name_is_not_found(tmp_path):
    path = tmp_path / "v.tsv"
    Vocabulary(["cat", "at", "cats", "t"], [4, 3, 2, 1]).save(path)
    loaded = Vocabulary.load(path)
    assert [loaded.get(w) for w in ("cat", "at", "cats", "t", "ca", "s", "cat\t4")] == [
        0, 1, 2, 3, -1, -1, -1,
    ]  # fmt: skip


def test_unknown_word_offers_the_nearest():
    vocabulary = Vocabulary(["king", "Queen", "queens", "kind", "стол"], [5, 4, 3, 2, 1])
    with pytest.raises(UnknownWordError) as error:
        vocabulary.id("quen")
    assert str(error.value) == (
        "'quen' is not among the 5 words of this vocabulary. Did you mean 'queens' or 'Queen'?"
    )
    assert vocabulary.nearest_names("queen", 1) == ["Queen"]
    assert vocabulary.nearest_names("столы") == ["стол"]
    assert vocabulary.nearest_names("zzz") == []
    assert vocabulary.nearest_names("") == []
    assert Vocabulary([]).nearest_names("a") == []


@settings(deadline=None)
@given(names, st.text(max_size=8))
def test_near_names_are_names(names, word):
    vocabulary = Vocabulary(names)
    assert set(vocabulary.nearest_names(word)) <= set(names)


def test_what_cannot_be_a_vocabulary(tmp_path):
    with pytest.raises(VocabularyError, match="found the string 'abc'"):
        Vocabulary("abc")
    with pytest.raises(VocabularyError, match=r"2 names but counts of shape \[1\]"):
        Vocabulary(["a", "b"], [1])
    with pytest.raises(VocabularyError, match="The name 'a' stands twice"):
        Vocabulary(["a", "b", "a"]).ids(["a", "b", "c"])
    with pytest.raises(IndexError):
        Vocabulary(["a"])[1]
    path = tmp_path / "v.tsv"
    with pytest.raises(FormatError, match="No such file"):
        Vocabulary.load(path)
    path.write_bytes(b"a\t1\nb\t")
    with pytest.raises(FormatError, match="a last line without an end"):
        Vocabulary.load(path)
    path.write_bytes(b"a\t1\nb\n")
    with pytest.raises(FormatError, match="1 counts for 2 lines"):
        Vocabulary.load(path)
    path.write_bytes(b"a\t1\t2\nb\n")
    with pytest.raises(FormatError, match="2 counts for 2 lines"):
        Vocabulary.load(path).names  # noqa: B018  (asking is what raises)
    for count in (b"x", b"", b"-1", b"1" * 19):
        path.write_bytes(b"a\t1\nb\t" + count + b"\n")
        with pytest.raises(FormatError, match="on line 2, expected a whole number"):
            Vocabulary.load(path).counts  # noqa: B018  (asking is what raises)
    path.write_bytes(b"\xff\t1\n")
    with pytest.raises(FormatError, match="UTF-8"):
        Vocabulary.load(path).names  # noqa: B018  (asking is what raises)


def test_400_000_names_open_quickly(tmp_path):
    path = tmp_path / "v.tsv"
    rng = np.random.default_rng(1)
    names = [f"wörd{n:x}" for n in rng.permutation(400_000)]
    Vocabulary(names, np.arange(400_000, 0, -1)).save(path)

    def seconds(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    opening = min(seconds(lambda: Vocabulary.load(path)) for _ in range(5))
    assert opening < 0.020
    looking = min(seconds(lambda: Vocabulary.load(path).id(names[-1])) for _ in range(3))
    assert looking < 0.060
    vocabulary = Vocabulary.load(path)
    assert seconds(lambda: vocabulary.nearest_names("wörd1e2f3x")) < 0.5
    assert "wörd1e2f3" in vocabulary.nearest_names("wörd1e2f3x")


def test_it_loads_no_compiler():
    code = (
        "import sys, firth.text.vocabulary;"
        "sys.exit(bool({'numba', 'scipy', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_names_as_bytes(tmp_path):
    names = ["a", "", "ünï", "tab\there", "line\nend", "back\\slash"]
    plain = Vocabulary(names)
    raw = [name.encode() for name in names]
    offsets = np.cumsum([0] + [len(one) for one in raw])
    plain.save(tmp_path / "v.tsv")
    made = Vocabulary.from_bytes(b"".join(raw), offsets)
    for vocabulary in (plain, made, Vocabulary.load(tmp_path / "v.tsv"), Vocabulary([])):
        text, starts, stops = vocabulary.encoded()
        assert len(starts) == len(stops) == len(vocabulary)
        found = [text[a:b].tobytes() for a, b in zip(starts, stops, strict=True)]
        assert found == raw[: len(vocabulary)]

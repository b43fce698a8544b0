"""The text reader: its rules, its errors with their lines, and the same from both parsers."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import FormatError
from firth.vectors.formats import load_vectors, rows
from firth.vectors.formats.rows import read_rows
from firth.vectors.formats.table import Reading


@pytest.fixture(params=["plain", "compiled"])
def parser(request, monkeypatch):
    if request.param == "compiled":
        monkeypatch.setattr(rows, "KERNEL_FROM", 0)
    else:
        monkeypatch.setattr(rows, "_parse_compiled", None)
    return request.param


@pytest.fixture
def read(tmp_path, parser):
    def reader(content, **reading):
        path = tmp_path / "v.txt"
        path.write_bytes(content)
        return read_rows(path, Reading(**reading))

    return reader


def test_rules_of_a_line(read):
    vectors = read(
        b"6 2\n"
        b"the 1 -2.5\n"
        b"new york 1e-3 +2E2 \n"  # a blank in the name, one at the end
        b"tab\t3\t4\r\n"  # tabs, CRLF
        b"two  5  6\n"  # two blanks: the name ends in one
        b"\n"
        b". . . .5 7.\n"
        b"3 8 9"  # no line end at the end of the file
    )
    assert vectors.names == ["the", "new york", "tab", "two ", ". . .", "3"]
    wanted = [[1, -2.5], [0.001, 200], [3, 4], [5, 6], [0.5, 7], [8, 9]]
    assert (vectors.matrix == np.array(wanted, np.float32)).all()


def test_a_file_of_windows(read):
    vectors = read(b"2 2\r\na 1 2\r\nb 3 4\r\n")
    assert vectors.names == ["a", "b"] and vectors.matrix.tolist() == [[1, 2], [3, 4]]


def test_no_header_takes_the_common_length(read):
    vectors = read(b"a 1 2\nb c 3 4\nd 5 6\n")
    assert vectors.names == ["a", "b c", "d"] and vectors.dim == 2


def test_limit(read):
    assert read(b"4 1\na 1\n\nb 2\nc 3\nd x\n", limit=3).names == ["a", "b", "c"]


def test_first_of_equal_names_wins_with_a_warning(read):
    with pytest.warns(UserWarning, match=r"2 rows bear the name.*'a'"):
        vectors = read(b"4 1\na 1\nb 2\na 3\nb 4\n")
    assert vectors.names == ["a", "b"] and vectors.matrix.ravel().tolist() == [1, 2]


@pytest.mark.parametrize("header", [b"2", b"4", b"9"])
def test_a_wrong_count_is_a_warning(read, header):
    with pytest.warns(UserWarning, match="announces . vectors, the file holds 3; all 3"):
        vectors = read(header + b" 1\na 1\nb 2\nc 3\n")
    assert vectors.names == ["a", "b", "c"]


def test_the_uncounted_unk_of_glove_is_no_warning(read):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(b"1 1\na 1\n<unk> 2\n").names == ["a", "<unk>"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"\n \n", "an empty file"),
        (b"2 2\na 1 2\nb 1\n", "1 numbers on line 3, expected a word and 2 numbers"),
        (b"2 2\na 1 2\nb 1 x2\n", "'x2' on line 3"),
        (b"2 2\na 1 2\nb 1 1_0\n", "'1_0' on line 3"),
        (b"2 2\na 1 2\nb 1 nan\n", "nan or infinity at line 3"),
        (b"2 2\na 1 2\nb inf 1\n", "nan or infinity at line 3"),
        (b"2 2\na 1 2\nb 1 1e39\n", "nan or infinity at line 3"),
        (b"2 2\na 1 2\n1 2\n", "2 numbers and no word on line 3"),
        (b"2 3\na 1 2 3 4\nb 1 2 3 4\n", "4 numbers on line 2, expected 3, as the header"),
        (b"2 5\na 1 2\nb 1 2\n", "2 numbers on line 2, expected 5, as the header"),
        (b"2 0\na\nb\n", "0 dimensions in the header on line 1"),
        (b"999999999999 2\na 1 2\n", "announces 999999999999 vectors, and 1 after it"),
        (b"2 999999999999\na 1 2\n", "2 numbers on line 2"),
        (b"9 2\na 1 2\nb 1 2", "2 of 9 vectors and no line end after the last"),
        (b"one\ntwo\n", "'one' on line 1"),
        (b"2 1\na 1\n\xff 2\n", r"not UTF-8 at line 3: b'\\xff'"),
        (b"2 1\na 1\n\n\xe4\xb8 2\n", "not UTF-8 at line 4"),
        # each name is bad, though the two together would be good UTF-8
        (b"2 1\n\xc3 1\n\xa9 2\n", "not UTF-8 at line 2"),
    ],
)
def test_bad_files_are_refused_with_their_line(read, content, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FormatError, match=message):
            read(content)


def test_bad_names_can_be_replaced(read):
    assert read(b"2 1\na\xff 1\nb 2\n", errors="replace").names == ["a\ufffd", "b"]


def test_chunks_do_not_show(read, monkeypatch):
    lines = [f"w{i} {i} -{i}.5" for i in range(200)]
    content = "\n".join(["200 2", *lines, ""]).encode()
    whole = read(content)
    monkeypatch.setattr(rows, "CHUNK", 37)
    pieces = read(content)
    assert whole.names == pieces.names == [f"w{i}" for i in range(200)]
    assert (whole.matrix == pieces.matrix).all()
    bad = content.replace(b"w150 150", b"w150 15x")
    with pytest.raises(FormatError, match="'15x' on line 152"):
        read(bad)


def test_a_line_without_end_is_refused(read, monkeypatch):
    monkeypatch.setattr(rows, "LONGEST", 1000)
    monkeypatch.setattr(rows, "CHUNK", 100)
    with pytest.raises(FormatError, match="a line of more than"):
        read(b"2 2\n" + b"x" * 5000)


def test_a_file_cut_anywhere_is_refused_warned_of_or_short_by_its_last_number(read):
    content = b"3 2\nab 1.25 2.5\nc 3.5 4.5\nd 5 60\n"
    whole = read(content)
    for length in range(4, len(content) - 1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                vectors = read(content[:length])
            except FormatError:
                continue
        if not caught:
            # all rows are there, and the cut is in the last number: no reader could know
            assert length > content.index(b"d 5 6")
            assert (vectors.matrix[:2] == whole.matrix[:2]).all()


def test_format_is_by_content_and_can_be_overruled(tmp_path):
    (tmp_path / "v").write_bytes(b"2 1\n1 2\n3 4\n")
    assert load_vectors(tmp_path / "v", format="glove").names == ["1", "3"]


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: not any(c in " \t\n\r\v\f" for c in name)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(names, min_size=1, max_size=8, unique=True),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_both_parsers_agree(tmp_path_factory, words, dim, random):
    def number():
        return random.choice(
            [
                f"{random.uniform(-3, 3):f}",
                repr(random.uniform(-3, 3)),
                "0",
                "-.5",
                "1e-40",
                "7.",
                "1E5",
            ]
        )

    blank = random.choice([" ", "\t", "  "])
    lines = [word + " " + blank.join(number() for _ in range(dim)) for word in words]
    path = tmp_path_factory.mktemp("rows") / "v"
    path.write_bytes(f"{len(lines)} {dim}\n".encode() + "\n".join(lines).encode() + b"\n")
    plain = read_rows(path, Reading())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "KERNEL_FROM", 0)
        compiled = read_rows(path, Reading())
    assert plain.names == compiled.names == words
    assert plain.matrix.tobytes() == compiled.matrix.tobytes()

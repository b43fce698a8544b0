"""Every source of text gives the same lines, as often as asked; bad ones say what is wrong."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tempfile
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, EncodingError, SettingError, StorageError
from firth.text import blocks, temporary
from firth.text.corpus import Corpus
from firth.text.stream import encode

LINES = ["the cat sat", "", "on the måt", "日本 👍🏽"]
TOKENS = [["the", "cat", "sat"], [], ["on", "the", "måt"], ["日", "本", "👍🏽"]]
TEXT = "\n".join(LINES) + "\n"


def zstd(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACKED = {
    "plain": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd,
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my.txt"
    path.write_text(TEXT, "utf-8")
    return path


def both(corpus: Corpus) -> None:
    """The corpus holds LINES, twice."""
    for _ in range(2):
        assert list(corpus) == TOKENS
        assert list(corpus.lines()) == LINES
    encoded = encode(corpus, min_count=1)
    assert (encoded.lines, encoded.tokens, encoded.types) == (4, 9, 8)


@pytest.mark.parametrize("kind", PACKED)
def test_files_packed_or_not(tmp_path, kind):
    # the content tells, not the name
    for name in (f"my.txt.{kind}", "my.txt"):
        (tmp_path / name).write_bytes(PACKED[kind](TEXT.encode()))
        both(Corpus(tmp_path / name))


@pytest.mark.parametrize("kind", PACKED)
def test_packed_twice_in_one_file(tmp_path, kind):
    halves = TEXT[:20], TEXT[20:]
    (tmp_path / "x").write_bytes(b"".join(PACKED[kind](half.encode()) for half in halves))
    both(Corpus(tmp_path / "x"))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_cut_off(tmp_path, kind):
    data = PACKED[kind](os.urandom(5000).hex().encode())
    (tmp_path / "x").write_bytes(data[:-60])
    with pytest.raises(CorpusError, match="x is a compressed file that is damaged or cut off"):
        list(Corpus(tmp_path / "x"))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_damaged(tmp_path, kind):
    data = bytearray(PACKED[kind](os.urandom(5000).hex().encode()))
    for at in range(100, 200):
        data[at] ^= 0x55
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(CorpusError):
        list(Corpus(tmp_path / "x"))


def test_folders_and_globs(tmp_path):
    (tmp_path / "deep").mkdir()
    for name, line in (("b.txt", "b"), ("a.txt", "a"), ("deep/c.txt", "c"), (".hidden", "no")):
        (tmp_path / name).write_text(line)
    assert list(Corpus(tmp_path)) == [["a"], ["b"], ["c"]]
    assert list(Corpus(str(tmp_path / "[ab].txt"))) == [["a"], ["b"]]
    assert list(Corpus(str(tmp_path / "**" / "*.txt"))) == [["a"], ["b"], ["c"]]
    assert list(Corpus(tmp_path / "b.txt", ["x y"], tmp_path / "a.txt")) == [
        ["b"], ["x", "y"], ["a"],
    ]  # fmt: skip
    assert list(Corpus([tmp_path / "b.txt", tmp_path / "a.txt"])) == [["b"], ["a"]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="empty holds no files"):
        Corpus(tmp_path / "empty")
    with pytest.raises(CorpusError, match=r"No file fits the pattern .*\*.md"):
        Corpus(str(tmp_path / "*.md"))


def test_iterables():
    both(Corpus(LINES))
    both(Corpus(tuple(LINES)))
    both(Corpus(line for line in LINES))
    both(Corpus(iter([f"{line}\n" for line in LINES])))
    both(Corpus(io.StringIO(TEXT)))


def test_lists_of_tokens():
    for given_ in (TOKENS, iter(TOKENS), [tuple(line) for line in TOKENS]):
        corpus = Corpus(given_)
        assert list(corpus) == list(corpus) == TOKENS
        encoded = encode(corpus, min_count=1)
        assert (encoded.lines, encoded.tokens, encoded.types) == (4, 9, 8)
        with pytest.raises(CorpusError, match="lists of tokens, not lines"):
            list(corpus.lines())


def test_lists_of_tokens_are_taken_as_they_are():
    odd = [["New York", "a\nb", "x\x1fy", "The", "\x1e", "\0"], ["\ud7ff", "", "é"]]
    assert list(Corpus(odd)) == [odd[0], ["\ud7ff", "é"]]
    assert set(encode(Corpus(odd), min_count=1).vocabulary) == {*odd[0], "\ud7ff", "é"}
    assert Corpus(odd).summary()["tokenizer"] == "given"
    folded = encode(Corpus(odd, fold_case=True), min_count=1).vocabulary
    assert "new york" in folded
    assert "a\nb" in folded


def test_a_line_end_inside_an_item_is_a_space():
    assert list(Corpus(["one\ntwo", "three\r\n"])) == [["one", "two"], ["three"]]
    assert list(Corpus(["one\ntwo", "three\r\n"]).lines()) == ["one two", "three"]


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfone two\r\nthree\r\n\r\nlast")
    assert list(Corpus(path).lines()) == ["one two", "three", "", "last"]
    assert list(Corpus(path, tokenizer="whitespace")) == [["one", "two"], ["three"], [], ["last"]]


def test_lines_do_not_run_across_files(tmp_path):
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    assert encode(Corpus(tmp_path), min_count=1).stream.ends.tolist() == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1", "cp1252", "utf-32"])
def test_other_encodings(tmp_path, encoding):
    path = tmp_path / "x.txt"
    text = "the måt\nsecond line\n" * 30_000
    path.write_bytes(text.encode(encoding))
    corpus = Corpus(path, encoding=encoding)
    assert list(corpus.lines()) == text.split("\n")[:-1]


def test_wide_text_is_named(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("hello".encode("utf-16"))
    with pytest.raises(EncodingError, match=r'byte order mark of UTF-16.*encoding="utf-16"'):
        list(Corpus(path))


def test_a_bad_byte_has_its_place(tmp_path):
    path = tmp_path / "x.txt"
    good = "\ufeffgood líne\n" * 100_000
    path.write_bytes(good.encode() + b"ab\xff rest\n")
    offset = len(good.encode()) + 2
    message = rf"x.txt, line 100001, byte offset {offset}: the byte 0xFF is not UTF-8; give"
    with pytest.raises(EncodingError, match=message):
        encode(Corpus(path))
    assert list(Corpus(path, encoding_errors="replace").lines())[-1] == "ab\ufffd rest"


def test_a_bad_byte_of_another_encoding_has_its_place(tmp_path):
    path = tmp_path / "x.txt"
    good = "好 line\n".encode("gb18030") * 100_000
    path.write_bytes(good + b"ab\xff\xff rest\n")
    message = rf"line 100001, byte offset {len(good) + 2}: the byte 0xFF is not gb18030"
    with pytest.raises(EncodingError, match=message):
        list(Corpus(path, encoding="gb18030"))
    replaced = Corpus(path, encoding="gb18030", encoding_errors="replace")
    assert "\ufffd" in list(replaced.lines())[-1]


def test_a_character_cut_off_at_the_end(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("abcé".encode()[:-1])
    with pytest.raises(EncodingError, match="line 1, byte offset 3: the byte 0xC3"):
        list(Corpus(path))


def test_binary_files(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"text\x00\x01\x02")
    with pytest.raises(CorpusError, match="x.bin looks like a binary file: .* at offset 4"):
        list(Corpus(path))
    assert list(Corpus(path, encoding_errors="replace").lines()) == ["text\ufffd\x01\x02"]


def test_missing_files(tmp_path, file):
    with pytest.raises(CorpusError, match=r"no file .*mi.txt. Did you mean 'my.txt'\?"):
        Corpus(tmp_path / "mi.txt")
    with pytest.raises(CorpusError, match="folder .*nowhere does not exist"):
        Corpus(tmp_path / "nowhere" / "my.txt")
    with pytest.raises(CorpusError, match=r"If this is the text itself, give it as a list of lin"):
        Corpus("the cat sat on the mat")
    for long in ("the cat sat " * 30, "今天天气很好" * 20 + "。"):  # longer than names may be
        with pytest.raises(CorpusError, match=r"There is no file"):
            Corpus(long)
        assert Corpus([long]).first == long
    with pytest.raises(CorpusError, match="give a file, a folder, or a list of lines"):
        Corpus()
    with pytest.raises(CorpusError, match=r"items of the list are names of files \('"):
        Corpus([str(file), str(file)])


def test_empty(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"x.txt: empty \(0 bytes\); give a file with text"):
        Corpus(tmp_path / "x.txt")
    (tmp_path / "x.txt").write_text("...\n\n - \n")
    with pytest.raises(CorpusError, match="3 lines, but not a single token by the tokenizer words"):
        encode(Corpus(tmp_path / "x.txt"))
    for empty in ([], iter([])):
        with pytest.raises(CorpusError, match="is empty; give at least one line"):
            Corpus(empty)
    used = iter(LINES)
    list(used)
    with pytest.raises(CorpusError, match="is empty"):
        Corpus(used)


def test_one_of_several_may_be_empty(tmp_path, file):
    (tmp_path / "empty.txt").write_bytes(b"")
    both(Corpus(tmp_path / "empty.txt", file))


@pytest.mark.parametrize(
    "wrong, message",
    [
        ([3, 4], r"first item of the list given is 3 \(int\); wanted a string for each line"),
        ([b"abc"], "holds bytes"),
        ([[["a"]]], "is a list of lists"),
        ([[1, 2]], r"The first token of the list given is 1 \(int\)"),
        ([{"text": "a"}], r"are dictionaries; say which entry is the text: column=.*'text'"),
        (7, "A int is no text"),
        (["a", ["b"]], r"Item 2 of the list given is \['b'\] \(list\), and the first was a string"),
        ([["a"], "b"], r"Item 2 of the list given is 'b' \(str\), and the first was a list"),
        ([["a"], ["b", 3]], r"Line 2 of the list given holds 3 \(int\) among its tokens"),
        (["a", "b\ud800"], r"Item 2 of the list given holds '\\ud800' at character 1"),
        ([["a"], ["b\ud800"]], r"Item 2 of the list given holds '\\ud800'"),
    ],
)
def test_items_that_are_no_text(wrong, message):
    with pytest.raises(CorpusError, match=message):
        encode(Corpus(wrong), min_count=1)


def test_settings_are_checked(file):
    with pytest.raises(SettingError, match="Did you mean 'utf-8'"):
        Corpus(file, encoding="utf-88")
    with pytest.raises(SettingError, match="encoding_errors='ignore' is not one of strict, rep"):
        Corpus(file, encoding_errors="ignore")
    with pytest.raises(SettingError, match="is not an encoding of text"):
        Corpus(file, encoding="zip")


def test_standard_input(file):
    code = (
        "from firth.text.corpus import Corpus;"
        "c = Corpus('-'); print(list(c)); print(list(c) == list(c))"
    )
    for data in (TEXT.encode(), gzip.compress(TEXT.encode())):
        done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True)
        assert done.stdout.decode().splitlines() == [repr(TOKENS), "True"]
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True)
    assert b"the standard input is empty; pipe a text into it" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_kept(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(TEXT, "utf-8"))
    writer.start()
    corpus = Corpus(tmp_path / "pipe")
    both(corpus)
    writer.join()


def test_temporary_files_are_gone(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    corpus = Corpus(iter(LINES))
    assert list(corpus) == TOKENS
    assert len(list(tmp_path.iterdir())) == 1
    del corpus
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_disk_full_while_keeping(monkeypatch, tmp_path):
    monkeypatch.setattr(temporary, "named", lambda suffix="": tmp_path / "kept")
    (tmp_path / "kept").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"the disk is full.*set TMPDIR to another folder"):
        list(Corpus(iter(["word " * 100_000] * 3)))
    assert not (tmp_path / "kept").is_symlink()


def test_a_line_longer_than_a_block(tmp_path):
    line = "one two thrée " * 100_000
    (tmp_path / "x.txt").write_text(f"first\n{line}\nlast\n", "utf-8")
    corpus = Corpus(tmp_path / "x.txt")
    assert max(map(len, (b for b, _ in corpus.blocks()))) < 4 * blocks.BLOCK
    assert [len(tokens) for tokens in corpus] == [1, 300_000, 1]
    encoded = encode(corpus, min_count=1)
    assert encoded.stream.ends.tolist() == [1, 300_001, 300_002]
    assert encoded.lines == 3
    assert [len(line) for line in Corpus(tmp_path / "x.txt").lines()] == [5, len(line), 4]


def test_a_token_longer_than_a_block(tmp_path):
    (tmp_path / "x.txt").write_text("a" * 3_000_000 + " b\n")
    assert [list(map(len, tokens)) for tokens in Corpus(tmp_path / "x.txt")] == [[3_000_000, 1]]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)))
def test_blocks_hold_every_line(lines):
    """Cut at any size, the blocks put together are the text."""
    raw = "\n".join([*lines, "x"]).encode()
    for size in (1, 3, 50):
        chunks = [raw[i : i + size] for i in range(0, len(raw), size)]
        old, blocks.BLOCK = blocks.BLOCK, size
        try:
            cut = list(blocks.cut(chunks, "x"))
        finally:
            blocks.BLOCK = old
        assert b"".join(cut) == raw + b"\n"
        assert all(block.endswith((b"\n", b" ")) for block in cut)


def test_summary_and_fingerprint(file):
    corpus = Corpus(file)
    assert corpus.summary() == {
        "sources": [str(file)],
        "files": 1,
        "column": None,
        "encoding": "utf-8",
        "encoding_errors": "strict",
        "tokenizer": "words",
        "tokenizer_is_function": False,
        "fold_case": True,
    }
    assert corpus.fingerprint() == Corpus(file).fingerprint()
    others = [
        Corpus(file, tokenizer="whitespace"),
        Corpus(file, fold_case=False),
        Corpus(LINES),
        Corpus(LINES[:2]),
        Corpus(TOKENS),
    ]
    assert len({one.fingerprint() for one in [corpus, *others]}) == 6
    before = corpus.fingerprint()
    file.write_text("changed text")
    assert Corpus(file).fingerprint() != before
    assert repr(corpus) == f"Corpus({file}; words)"

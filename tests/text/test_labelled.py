"""`Labelled`: the same examples from every source; what cannot be read says so in one sentence."""

import gzip
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, EncodingError, SettingError
from firth.text.label_kernels import pieces, take_labels
from firth.text.labelled import Labelled
from firth.text.stream import encode

EXAMPLES = [
    (["a"], "the first text"),
    (["b", "c"], "second"),
    ([], "no label here"),
    (["c"], ""),
    (["ünï"], "ein Text über alles"),
]
LINES = [
    "__label__a the first text",
    "__label__b second __label__c",
    "no label here",
    "__label__c",
    "ein Text __label__ünï über alles",
]
BLANKS = " \n\r\t\v\f\0"


def read(labelled, threads=1, **how):
    """What encoding gives back: [(labels, tokens)]."""
    tape = labelled.taped()
    encoded = encode(labelled.corpus, min_count=1, every_line=True, threads=threads, **how)
    numbers, label_ends = tape.finish()
    names, words = tape.names, encoded.vocabulary.names
    ids, ends = encoded.stream.ids, encoded.stream.ends
    assert len(ends) == len(label_ends)
    assert tape.counts.tolist() == [(numbers == i).sum() for i in range(len(names))]
    found = []
    for i in range(len(ends)):
        first, start = (ends[i - 1], label_ends[i - 1]) if i else (0, 0)
        own = [names[number] for number in numbers[start : label_ends[i]]]
        found.append((own, [words[j] for j in ids[first : ends[i]]]))
    return found


def wanted(examples):
    return [(labels, text.casefold().split()) for labels, text in examples]


@pytest.fixture
def sources(tmp_path):
    """The examples in each kind of file."""
    (tmp_path / "t.txt").write_text("\n".join(LINES) + "\n", "utf-8")
    with gzip.open(tmp_path / "t.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(LINES))
    rows = [(",".join(labels), text) for labels, text in EXAMPLES]
    csv = "label,text\n" + "".join(f'"{label}","{text}"\n' for label, text in rows)
    (tmp_path / "t.csv").write_text(csv, "utf-8")
    tsv = "".join(f"x\t{text}\t{label}\n" for label, text in rows)
    (tmp_path / "t.tsv").write_text(tsv, "utf-8")
    with open(tmp_path / "t.jsonl", "w", encoding="utf-8") as file:
        for labels, text in EXAMPLES:
            file.write(json.dumps({"text": text, "label": labels}) + "\n")
    return tmp_path


def all_sources(folder):
    frame = pytest.importorskip("pandas").DataFrame(
        {"text": [text for _, text in EXAMPLES], "label": [labels for labels, _ in EXAMPLES]}
    )
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = arrow.table({"text": frame["text"].tolist(), "label": frame["label"].tolist()})
    parquet.write_table(table, folder / "t.parquet")
    named = {"text": "text", "label": "label"}
    return {
        "text": Labelled(folder / "t.txt"),
        "packed": Labelled(str(folder / "t.txt.gz")),
        "lines": Labelled(LINES),
        "csv": Labelled(folder / "t.csv", **named, separator=","),
        "tsv": Labelled(folder / "t.tsv", text=1, label=2, separator=","),
        "jsonl": Labelled(folder / "t.jsonl", **named),
        "parquet": Labelled(folder / "t.parquet", **named),
        "pandas": Labelled(frame, **named),
        "arrow": Labelled(table, **named),
        "dicts": Labelled([{"text": t, "label": ls} for ls, t in EXAMPLES], **named),
        "pairs": Labelled(EXAMPLES),
        "once": Labelled(iter(EXAMPLES)),
        "tokens": Labelled([(ls, t.casefold().split()) for ls, t in EXAMPLES]),
    }


def test_every_source_gives_the_same(sources):
    for name, labelled in all_sources(sources).items():
        for _ in range(2):  # as often as one likes
            found = list(labelled)
            texts = [t if isinstance(t, str) else " ".join(t) for _, t in found]
            assert [labels for labels, _ in found] == [labels for labels, _ in EXAMPLES], name
            assert [t.casefold() for t in texts] == [t.casefold() for _, t in EXAMPLES], name
            assert read(labelled) == wanted(EXAMPLES), name


def test_threads_give_the_same(tmp_path):
    lines = [f"__label__{i % 7} w{i} w{i % 13} __label__x{i % 3}" for i in range(60_000)]
    (tmp_path / "t.txt").write_text("\n".join(lines) + "\n", "utf-8")
    one, two = (read(Labelled(tmp_path / "t.txt"), threads) for threads in (1, 2))
    assert one == two
    assert one[59_999] == (["2", "x2"], ["w59999", "w4"])


def test_several_files_are_read_one_after_another(sources):
    (sources / "u.txt").write_text("__label__z more\n", "utf-8")
    found = read(Labelled(sources / "t.txt", sources / "u.txt"))
    assert found == [*wanted(EXAMPLES), (["z"], ["more"])]


def test_a_line_longer_than_a_block(tmp_path):
    words = [f"w{i}" for i in range(250_000)]
    words[::50_000] = [f"__label__{i}" for i in range(5)]
    (tmp_path / "t.txt").write_text(" ".join(words) + "\n__label__b end\n", "utf-8")
    (labels, tokens), last = read(Labelled(tmp_path / "t.txt", tokenizer="whitespace"))
    assert labels == ["0", "1", "2", "3", "4"]
    assert len(tokens) == 249_995
    assert last == (["b"], ["end"])


def test_another_prefix():
    labelled = Labelled(["#good a #fine film"], prefix="#")
    assert list(labelled) == [(["good", "fine"], "a film")]
    assert read(labelled) == [(["good", "fine"], ["a", "film"])]
    assert labelled.summary()["label_prefix"] == "#"


def test_tokenizer_and_case():
    labelled = Labelled(["__label__A Don't Stop"], tokenizer="whitespace")
    assert read(labelled) == [(["A"], ["Don't", "Stop"])]
    twin = Labelled(["__label__B Go On"]).cut_like(labelled)
    assert read(twin) == [(["B"], ["Go", "On"])]
    assert read(Labelled([("a", ["New York"])])) == [(["a"], ["New York"])]


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("x", ["x"]),
        (" x ", ["x"]),
        ("", []),
        (None, []),
        (float("nan"), []),
        (3, ["3"]),
        (3.0, ["3"]),
        (2.5, ["2.5"]),
        (True, ["true"]),
        (np.int64(4), ["4"]),
        (["p", "q"], ["p", "q"]),
        (("p", 1), ["p", "1"]),
        ({"q", "p"}, ["p", "q"]),
        (np.array(["p", "q"]), ["p", "q"]),
        ("p,q", ["p,q"]),
    ],
)
def test_what_a_cell_may_hold(cell, labels):
    assert list(Labelled([(cell, "text")])) == [(labels, "text")]


@given(st.lists(st.text(st.sampled_from("ab_l#é\u3000" + BLANKS), max_size=12), max_size=8))
@settings(max_examples=150, deadline=None)
def test_labels_are_the_tokens_that_begin_with_the_prefix(texts):
    """Against plain Python, for blanks and prefixes in every place."""
    text = "".join(one.replace("\n", " ") + "\n" for one in texts)
    for prefix in ("#", "_l"):
        raw = np.frombuffer(text.encode(), np.uint8)
        plain = raw.copy()
        starts, stops, ends = (np.empty(len(raw) + 1, np.int32) for _ in range(3))
        mark = np.frombuffer(prefix.encode(), np.uint8)
        labels, lines = take_labels(raw, mark, plain, starts, stops, ends)
        assert lines == len(texts)
        places = zip(starts[:labels], stops[:labels], strict=True)
        found = [raw[a:b].tobytes().decode() for a, b in places]
        table = str.maketrans(dict.fromkeys(BLANKS, " "))
        tokens = [[w for w in t.translate(table).split(" ") if w] for t in text.split("\n")[:-1]]
        own = [[w.removeprefix(prefix) for w in ws if w.startswith(prefix)] for ws in tokens]
        assert found == [label for some in own for label in some]
        assert ends[:lines].tolist() == np.cumsum([len(some) for some in own]).tolist()
        rest = [w for ws in tokens for w in ws if not w.startswith(prefix)]
        n, lines = pieces(plain, starts, stops, ends)
        places = zip(starts[:n], stops[:n], strict=True)
        assert [plain[a:b].tobytes().decode() for a, b in places] == rest
        assert lines == len(texts)


# --- what cannot be read -------------------------------------------------------------------------


def said(make):
    with pytest.raises((CorpusError, SettingError)) as caught:
        make()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_sources_that_are_none(sources):
    assert "Labelled texts are needed" in said(lambda: Labelled())
    assert "no file" in said(lambda: Labelled("nix.txt"))
    assert "A int holds no labelled texts" in said(lambda: Labelled(3))
    assert "is empty" in said(lambda: Labelled([]))
    assert "wanted a pair of label (or labels) and text" in said(lambda: Labelled([("a",)]))
    text = said(lambda: list(Labelled([("a", "b"), ("a", "b", "c")])))
    assert text.startswith("Example 2 of the list given is ('a', 'b', 'c')")
    assert "is no label; wanted a text, a number" in said(lambda: list(Labelled([({}, "x")])))


def test_tables_need_both_columns(sources):
    path = sources / "t.csv"
    assert "say which columns are the text and the labels" in said(lambda: Labelled(path))
    assert "that of the label was not" in said(lambda: Labelled(path, text="text"))
    assert "that of the text was not" in said(lambda: Labelled(path, label="label"))
    labelled = said(lambda: list(Labelled(path, text="text", label="lable")))
    assert "no column 'lable'. Did you mean 'label'?" in labelled
    assert "no column 'txt'" in said(lambda: list(Labelled(path, text="txt", label="label")))
    assert "no column 9" in said(lambda: list(Labelled(sources / "t.tsv", text=1, label=9)))
    assert "not a table by its name" in said(lambda: Labelled(sources / "t.txt", text=0, label=1))
    assert "read in fastText's format" in said(lambda: Labelled("-", text="a", label="b"))
    frame = pytest.importorskip("pandas").DataFrame({"t": ["x"], "l": ["y"]})
    assert "say which columns" in said(lambda: Labelled(frame))
    assert "no column 'm'" in said(lambda: list(Labelled(frame, text="t", label="m")))


@pytest.mark.parametrize("prefix", ["", "a b", "\t"])
def test_a_prefix_that_marks_nothing(prefix):
    assert "cannot mark a label" in said(lambda: Labelled(["x"], prefix=prefix))


def test_a_prefix_with_nothing_behind_it(tmp_path):
    (tmp_path / "t.txt").write_text("__label__a x\n__label__b __label__ c y\n", "utf-8")
    text = said(lambda: read(Labelled(tmp_path / "t.txt")))
    assert "t.txt, line 2: '__label__' with nothing behind it" in text


def test_files_that_are_no_text(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    assert "empty (0 bytes)" in said(lambda: Labelled(tmp_path / "empty.txt"))
    (tmp_path / "binary.txt").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(5000))
    assert "binary.txt" in said(lambda: read(Labelled(tmp_path / "binary.txt")))
    (tmp_path / "noise.txt").write_bytes(os.urandom(1 << 14))
    assert "noise.txt" in said(lambda: read(Labelled(tmp_path / "noise.txt")))
    (tmp_path / "latin.txt").write_bytes("__label__a Füße\n".encode("latin-1"))
    with pytest.raises(EncodingError, match="0xFC"):
        read(Labelled(tmp_path / "latin.txt"))
    again = Labelled(tmp_path / "latin.txt", encoding="latin-1")
    assert read(again) == [(["a"], ["füsse"])]

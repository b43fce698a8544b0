"""Columns of tables, in files and in memory."""

import gzip
import json

import pytest

from firth.errors import CorpusError
from firth.text.corpus import Corpus

LINES = ["the cat, sat", 'she said "no"', "日本", ""]


def write(path, kind):
    if kind == "csv":
        rows = [f'{i},"{line.replace(chr(34), chr(34) * 2)}"' for i, line in enumerate(LINES)]
        path.write_text("\n".join(["id,text", *rows]) + "\n", "utf-8")
    elif kind == "tsv":
        rows = [f"{i}\t{line}" for i, line in enumerate(LINES)]
        path.write_text("\n".join(["id\ttext", *rows]) + "\n", "utf-8")
    elif kind in ("jsonl", "ndjson"):
        rows = [json.dumps({"id": i, "text": line}) for i, line in enumerate(LINES)]
        path.write_text("\n".join(rows) + "\n\n", "utf-8")
    else:
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        table = pyarrow.table({"id": range(len(LINES)), "text": LINES})
        parquet.write_table(table, path, row_group_size=2)
    return path


KINDS = ["csv", "tsv", "jsonl", "ndjson", "parquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_files(tmp_path, kind):
    path = write(tmp_path / f"x.{kind}", kind)
    corpus = Corpus(path, column="text")
    assert list(corpus.lines()) == list(corpus.lines()) == LINES
    with pytest.raises(CorpusError, match=r"has no column 'texts'. Did you mean 'text'\? It has: "):
        Corpus(path, column="texts")
    if "json" not in kind:
        with pytest.raises(
            CorpusError, match="say which column is the text.* It has: 'id', 'text'"
        ):
            Corpus(path)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_packed_files(tmp_path, kind):
    path = write(tmp_path / f"x.{kind}", kind)
    packed = tmp_path / f"y.{kind}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(Corpus(packed, column="text").lines()) == LINES


def test_by_number_there_are_no_headings(tmp_path):
    (tmp_path / "x.tsv").write_text("1\tone\n2\ttwo\n")
    assert list(Corpus(tmp_path / "x.tsv", column=1).lines()) == ["one", "two"]


def test_cells_of_several_lines_and_of_50_mb(tmp_path):
    (tmp_path / "x.csv").write_text('text\n"one\ntwo"\n' + "x" * 3_000_000 + "\n")
    assert [len(line) for line in Corpus(tmp_path / "x.csv", column="text").lines()] == [
        7, 3_000_000,
    ]  # fmt: skip


def test_unsound_files(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,text\n1,a\n2\n")
    with pytest.raises(CorpusError, match="x.csv, line 3: 1 columns, so there is no column 'text'"):
        list(Corpus(path, column="text"))
    path.write_text('text\n"never closed\na\nb\n')
    with pytest.raises(CorpusError, match="x.csv, line 4: unexpected end of data; wanted CSV"):
        list(Corpus(path, column="text"))
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a"}\n{"text": \n')
    with pytest.raises(CorpusError, match="x.jsonl, line 2: .*; wanted one JSON object a line"):
        list(Corpus(path, column="text"))
    path.write_text('{"text": "a"}\n[1]\n')
    with pytest.raises(CorpusError, match="x.jsonl, line 2: found list; wanted a JSON object"):
        list(Corpus(path, column="text"))
    path.write_text('{"text": "a"}\n{"text": 3}\n')
    with pytest.raises(CorpusError, match=r"line 2: column 'text' holds 3 \(int\); wanted text"):
        list(Corpus(path, column="text"))
    path = tmp_path / "x.parquet"
    path.write_text("no")
    pytest.importorskip("pyarrow")
    with pytest.raises(CorpusError, match="x.parquet is not a sound Parquet file"):
        Corpus(path, column="text")
    (tmp_path / "x.txt").write_text("a")
    with pytest.raises(CorpusError, match="x.txt is not a table by its name; wanted .csv"):
        Corpus(tmp_path / "x.txt", column="text")


def test_tokens_in_cells(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"t": ["New York", "is"]}\n{"t": null}\n{"t": []}\n')
    assert list(Corpus(tmp_path / "x.jsonl", column="t")) == [["New York", "is"], [], []]


DATA = {"id": [0, 1, 2], "text": ["a b", None, "c"]}
ROWS = [{"text": "a b"}, {"text": None}, {"text": "c"}]
TABLES = {
    "dictionary": lambda: DATA,
    "rows": lambda: ROWS,
    "rows once": lambda: iter(ROWS),
    "pandas": lambda: pytest.importorskip("pandas").DataFrame(DATA),
    "polars": lambda: pytest.importorskip("polars").DataFrame(DATA),
    "lazy polars": lambda: pytest.importorskip("polars").LazyFrame(DATA),
    "arrow": lambda: pytest.importorskip("pyarrow").table(DATA),
    "arrow batch": lambda: pytest.importorskip("pyarrow").RecordBatch.from_pydict(DATA),
}


@pytest.mark.parametrize("kind", TABLES)
def test_in_memory(kind):
    table = TABLES[kind]()
    corpus = Corpus(table, column="text")
    assert list(corpus.lines()) == list(corpus.lines()) == ["a b", "", "c"]
    if hasattr(type(table), "columns"):
        with pytest.raises(CorpusError, match="say which column"):
            Corpus(table)
        with pytest.raises(CorpusError, match="Did you mean 'text'"):
            Corpus(table, column="txt")
        with pytest.raises(CorpusError, match=r"holds 0 \(int\); wanted text"):
            Corpus(table, column="id")


def test_a_series():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    for series in (pandas.Series(["a b", "c"]), polars.Series("text", ["a b", "c"])):
        corpus = Corpus(series)
        assert list(corpus) == list(corpus) == [["a", "b"], ["c"]]


def test_lists_in_a_table():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"tokens": [["New York", "is"], ["big"]]})
    assert list(Corpus(frame, column="tokens")) == [["New York", "is"], ["big"]]
    assert list(Corpus(frame.to_pandas(), column="tokens")) == [["New York", "is"], ["big"]]
    assert list(Corpus(frame.to_arrow(), column="tokens")) == [["New York", "is"], ["big"]]


def test_rows_without_the_entry():
    with pytest.raises(CorpusError, match="row 1 has no column 'text'.* It has: 'a'"):
        Corpus([{"a": "b"}], column="text")

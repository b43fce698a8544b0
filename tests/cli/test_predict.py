"""`firth train fasttext-classifier`, `firth predict`, `firth evaluate MODEL DATA`."""

import io
import json
import sys

import pytest

from firth import Classifier, load
from firth.cli.main import main
from firth.cli.predict import lines_of
from static.labelled_worlds import lines, topics

SMALL = ("--dim", "8", "--epochs", "8", "--threads", "1", "--rate", "0.5")
TRAIN = ("train", "fasttext-classifier")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same labelled texts in fastText's format and as a table."""
    folder = tmp_path_factory.mktemp("labelled")
    examples = topics(300)
    (folder / "t.txt").write_text("\n".join(lines(examples)) + "\n", "utf-8")
    rows = [f"{labels[0]}\t{' '.join(words)}\n" for labels, words in examples]
    (folder / "t.tsv").write_text("topic\ttext\n" + "".join(rows), "utf-8")
    (folder / "dev.txt").write_text("\n".join(lines(topics(60, seed=8))) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def board(tmp_path_factory, checkerboard_file):
    """A model of words, which has no labels."""
    path = tmp_path_factory.mktemp("words") / "board.firth"
    words = ["train", "skipgram", str(checkerboard_file), "-o", str(path), "--dim", "4"]
    assert main([*words, "--epochs", "1", "--min-count", "1", "--threads", "1"]) == 0
    return path


@pytest.fixture(scope="module")
def model(files):
    path = files / "m.firth"
    words = [*TRAIN, str(files / "t.txt"), "-o", str(path), *SMALL]
    assert main(words) == 0
    return path


def test_training_says_what_comes_next(firth, files):
    answer = firth(*TRAIN, files / "t.txt", "-o", "x.firth", *SMALL)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("x.firth: 73 words, 4 labels, 8 numbers each, 8 epochs in ")
    assert "Next: firth predict x.firth TEXT" in answer.out
    document = json.loads(
        firth(*TRAIN, files / "t.txt", "-o", "y.firth", *SMALL, "--dev", files / "dev.txt",
              "--json").out
    )  # fmt: skip
    assert (document["kind"], document["labels"]) == ("fasttext-classifier", 4)
    assert document["history"][-1]["held_out_f1"] > 0.9


def test_a_table_and_the_format_of_fasttext_are_the_same(firth, files, model):
    words = (files / "t.tsv", "-o", "x.firth", "--column", "text", "--label-column", "topic")
    answer = firth(*TRAIN, *words, *SMALL, "--verbose")
    assert answer.code == 0, answer.err
    assert (load("x.firth").state["output"] == load(model).state["output"]).all()
    line = next(x for x in answer.err.splitlines() if x.startswith(">>> "))
    assert "Labelled(" in line
    assert ", text='text', label='topic')" in line
    exec("from firth import *\n" + line[4:].replace("x.firth", "y.firth"), {})
    assert (load("y.firth").state["output"] == load(model).state["output"]).all()


def test_several_labels_in_a_cell(firth, tmp_path):
    (tmp_path / "t.csv").write_text('text,tags\n"x y","a;b"\n"z",b\n', "utf-8")
    words = (*TRAIN, "t.csv", "-o", "x.firth", *SMALL, "--objective", "one-vs-all")
    answer = firth(*words, "--column", "0", "--label-column", "1", "--label-separator", ";")
    assert answer.code == 0, answer.err  # by number: the headings are a text like others
    assert sorted(load("x.firth").labels.names) == ["a", "b", "tags"]


def test_one_line_in_one_line_out(firth, model):
    text = "news1 news2 the1\n\nsport3 sport4\nfood1 art1"
    answer = firth("predict", model, stdin=text)
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert len(rows) == 4
    assert [row[0] for row in rows[::2]] == ["news", "sport"]
    assert all(len(row) == 2 and 0 <= float(row[1]) <= 1 for row in rows)
    two = firth("predict", model, "-", "-k", "2", stdin=text).out.splitlines()
    assert [len(line.split("\t")) for line in two] == [4] * 4
    sure = firth("predict", model, "-k", "-1", "--threshold", "0.9", stdin=text).out
    assert sure.splitlines()[3] == ""  # a line in, a line out, also without a label


def test_json_and_files(firth, files, model):
    answer = firth("predict", model, files / "dev.txt", "--json", "-k", "2")
    document = json.loads(answer.out)
    assert len(document["predictions"]) == 60
    assert set(document["predictions"][0][0]) == {"label", "probability"}
    table = firth("predict", model, files / "t.tsv", "--column", "text")
    plain = firth("predict", model, files / "t.txt")
    assert table.out == plain.out  # labels in the text are passed over
    wanted = Classifier(load(model)).predict(["news1"], k=1)
    said = firth("predict", model, "--verbose", stdin="news1\n")
    assert said.out == f"{wanted[0][0].label}\t{wanted[0][0].probability:.4f}\n"
    assert ">>> Classifier(load(" in said.err


def test_evaluate(firth, files, model):
    document = json.loads(firth("evaluate", model, files / "dev.txt", "--json").out)
    assert {"accuracy", "precision", "recall", "f1", "labels", "calibration"} <= set(document)
    assert document["accuracy"] > 0.9
    assert set(document["labels"]) == {"news", "sport", "food", "art"}
    assert len(document["calibration"]["bins"]) == 10
    answer = firth("evaluate", model, files / "dev.txt", "-k", "2")
    first, *rest = answer.out.splitlines()
    assert first.split("\t")[0] == "60"
    assert sorted(line.split("\t")[0] for line in rest[:4]) == ["art", "food", "news", "sport"]
    table = ("--column", "text", "--label-column", "topic")
    assert json.loads(firth("evaluate", model, files / "t.tsv", *table, "--json").out)["f1"] > 0.9
    some = firth("evaluate", model, "-", stdin="__label__news news1\nno label\n__label__x y\n")
    assert "1 texts do not count: without label" in some.err
    assert "1 texts do not count: unknown label" in some.err


def test_a_file_of_the_original(firth, shared, tmp_path):
    import gzip

    packed = shared / "golden" / "sup_softmax.bin.gz"
    (tmp_path / "m.bin").write_bytes(gzip.decompress(packed.read_bytes()))
    answer = firth("predict", "m.bin", shared / "golden" / "sup_predict.txt", "-k", "3")
    assert answer.code == 0, answer.err
    wanted = (shared / "golden" / "sup_softmax_k3.txt").read_text().splitlines()
    for ours, theirs in zip(answer.out.splitlines(), wanted, strict=True):
        ours, theirs = ours.split("\t"), theirs.replace("__label__", "").split()
        assert ours[::2] == theirs[::2]
        assert [float(x) for x in ours[1::2]] == pytest.approx(
            [float(x) for x in theirs[1::2]], abs=1e-4
        )
    found = json.loads(firth("evaluate", "m.bin", shared / "golden" / "sup_test.txt", "--json").out)
    assert (found["examples"], round(found["precision"], 3)) == (494, 0.696)


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("no label at all\nnone here\n", (), "None of the 2 texts has a label"),
        ("__label__a x\n__label__a y\n", (), "All 2 labels are 'a'"),
        ("", (), "empty (0 bytes)"),
        ("__label__ a x\n__label__b y\n", (), "line 1: '__label__' with nothing behind it"),
        ("__label__a x\n__label__b y\n", ("--rate", "nan"), "rate=nan is out of range"),
        ("__label__a x\n__label__b y\n", ("--min-n", "4", "--max-n", "3"), "min_n=4 is above"),
        ("__label__a x\n__label__b y\n", ("--buckets", "0", "--word-ngrams", "2"), "buckets=0"),
        ("__label__a x\n__label__b y\n", ("--dev", "unlabelled.txt"), "cannot be used to validate"),
        ("__label__a x\n__label__b y\n", ("--dev", "strange.txt"), "none of its labels ('c', say)"),
        ("__label__a x\n__label__b y\n", ("--label-column", "y"), "that of the text was not"),
        ("__label__a x\n__label__b y\n", ("--label-prefix", ""), "cannot mark a label"),
        ("__label__a x\n__label__b y\n", ("--init-from", "nix.vec"), "nix.vec: found nothing"),
    ],
)
def test_bad_training_text(firth, tmp_path, text, words, said):
    (tmp_path / "t.txt").write_text(text, "utf-8")
    (tmp_path / "unlabelled.txt").write_text("just text\n", "utf-8")
    (tmp_path / "strange.txt").write_text("__label__c text\n", "utf-8")
    answer = firth(*TRAIN, "t.txt", "-o", "x.firth", *SMALL[:-2], *words)
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "x.firth").exists()


def test_bad_questions(firth, files, model, board, vec, checkerboard_file):
    for words, said in (
        (("predict", model, "nix.txt"), "nix.txt"),
        (("predict", vec, "-"), "found a file that is no model, expected a classifier"),
        (("predict", board, "-"), "A model of the kind skipgram has no labels to predict"),
        (("predict", model, "-", "--threshold", "2"), "threshold=2.0 is out of range"),
        (("predict", model, "-", "-k", "0"), "k=0 is out of range"),
        (("predict", model, "-", "-k", "x"), "'x' is not a whole number"),
        (("predict", "nix.firth", "-"), "nix.firth: found nothing"),
        (("evaluate", model), "for a classifier, a file of labelled texts"),
        (("evaluate", model, checkerboard_file), "none of its texts has a label"),
        (("evaluate", model, files / "t.tsv"), "say which columns are the text and the labels"),
        (("evaluate", model, "x", "--similarity", "y"), "give one or the other"),
    ):
        answer = firth(*words, stdin="a text\n")
        assert answer.code == 2, answer.err
        assert said in answer.err
        assert "Traceback" not in answer.err
    assert "The standard input is empty" in firth("predict", model, stdin="").err
    bad = firth("predict", model, stdin="ein Füß".encode("latin-1"))
    assert bad.code == 2
    assert "the standard input, line 1: byte 0xFC is not utf-8" in bad.err


def test_the_standard_input_in_any_encoding(firth, model):
    text = "news1 news2\n\nsport3 \u0a0a\n"  # whose bytes in UTF-16 are those of line ends
    plain = firth("predict", model, stdin=text).out
    assert len(plain.splitlines()) == 3
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        raw = text.encode(encoding)
        for given in (raw, text.replace("\n", "\r\n").encode(encoding)):
            answer = firth("predict", model, "--encoding", encoding, stdin=given)
            assert (answer.code, answer.out) == (0, plain), answer.err


def test_a_byte_order_mark_is_no_word(firth, monkeypatch):
    seen = []
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeffa b\n\ufeffc".encode())))
    seen += lines_of("-", None, "utf-8")
    assert seen == ["a b", "\ufeffc"]
    # the input is not closed behind it
    assert sys.stdin.buffer.read() == b""


def test_bytes_that_are_not_in_the_encoding(firth, model):
    def told(raw, *words):
        answer = firth("predict", model, *words, stdin=raw)
        assert answer.code == 2 and "Traceback" not in answer.err
        return answer.err

    assert "line 3: byte 0xFC is not utf-8; give --encoding" in told(b"a\nb\nc \xfc d\n")
    long = b"".join(b"%d words\n" % number for number in range(5000))
    assert "line 5001: byte 0xFF is not utf-8" in told(long + b"\xff")
    assert "line 1, holds a byte 0" in told("a b\n".encode("utf-16-le"))
    assert "byte 0xFF is not utf-8" in told("a b\n".encode("utf-16"))
    assert "line 2: byte 0x61 is not utf-16" in told(b"\xff\xfea\0\n\0a", "--encoding", "utf-16")
    assert "'utf-9' is not an encoding of text" in told(b"a\n", "--encoding", "utf-9")


def test_a_function_as_the_tokenizer(firth, tmp_path):
    (tmp_path / "mine.py").write_text("def cut(line):\n    return line.split('-')\n", "utf-8")
    (tmp_path / "t.txt").write_text("__label__a x-y\n__label__b z-w\n" * 5, "utf-8")
    words = (*TRAIN, "t.txt", "-o", "x.firth", *SMALL, "--tokenizer", "mine:cut")
    assert firth(*words).code == 0
    assert "--tokenizer" in firth("predict", "x.firth", stdin="x-y\n").err
    answer = firth("predict", "x.firth", "--tokenizer", "mine:cut", stdin="x-y\n")
    assert answer.out.startswith("a\t")
    sys.modules.pop("mine", None)

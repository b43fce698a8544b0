"""`Tagged`: the same sentences from every source; what cannot be read says so in one sentence."""

import bz2
import gzip
import io
import itertools
import json
import lzma
import os
import sys
import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, EncodingError, SettingError
from firth.text import tag_lines
from firth.text.tagged import Sentence, Tagged, as_tagged

SENTENCES = [
    (["Wiki", "#", "hums", "."], ["NOUN", "SYM", "VERB", "PUNCT"]),
    (["中文", "شعر", "été\u00a0là"], ["X", "NOUN", "ADV"]),
    (["-"], ["PUNCT"]),
]
COLUMNS = """

Wiki  NN NOUN
#     #  SYM
hums  VB VERB
.     .  PUNCT
 \t
中文  FW X
شعر   NN NOUN
été\u00a0là RB ADV


-     :  PUNCT
"""
CONLLU = """# newdoc
# text = Wiki #hums.
1\tWiki\twiki\tNOUN\tNN\t_\t0\troot\t_\t_
2-3\t#hums\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
2\t#\t#\tSYM\t#\tA=b\t0\tdep\t_\t_
2.1\tit\tit\tPRON\tPRP\t_\t_\t_\t0:x\t_
3\thums\thum\tVERB\tVB\t_\t0\tdep\t_\t_
4\t.\t.\tPUNCT\t.\t_\t0\tdep\t_\t_

0.1\tso\tso\tADV\tRB\t_\t_\t_\t0:x\t_
1\t中文\t_\tX\tFW\t_\t0\troot\t_\t_
2\tشعر\t_\tNOUN\tNN\t_\t0\tdep\t_\t_
3\tété\u00a0là\t_\tADV\tRB\t_\t0\tdep\t_\t_

# only a remark

1\t-\t-\tPUNCT\t:\t_\t0\troot\t_\t_
"""
JSONL = "".join(
    json.dumps({"tokens": words, "tags": tags, "id": 1}, ensure_ascii=i > 0) + "\n"
    for i, (words, tags) in enumerate(SENTENCES)
)


@pytest.fixture
def folder(tmp_path):
    """The sentences in each kind of file."""
    (tmp_path / "t.txt").write_text(COLUMNS, "utf-8")
    (tmp_path / "t.conllu").write_text(CONLLU, "utf-8")
    (tmp_path / "t.jsonl").write_text(JSONL, "utf-8")
    return tmp_path


def write(path, text):
    path.write_bytes(text.encode("utf-8"))
    return path


def said(make):
    with pytest.raises((CorpusError, SettingError)) as caught:
        make()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_every_source_gives_the_same(folder):
    tabs = "\n\n".join(
        "\n".join(f"{w}\t_\t{t}" for w, t in zip(*s, strict=True)) for s in SENTENCES
    )
    write(folder / "tabs.conll", tabs)  # no line end at the end
    write(folder / "windows.txt", COLUMNS.replace("\n", "\r\n"))
    write(folder / "windows.conllu", CONLLU.replace("\n", "\r\n"))
    write(folder / "bom.txt", "\ufeff" + COLUMNS.lstrip("\n"))
    (folder / "wide.txt").write_bytes(COLUMNS.encode("utf-16"))
    arrays = [(np.array(words), np.array(tags)) for words, tags in SENTENCES]
    sources = {
        "columns": Tagged(folder / "t.txt"),
        "numbers": Tagged(folder / "t.txt", columns="0:2"),
        "from behind": Tagged(str(folder / "t.txt"), columns="-3:-1"),
        "tabs": Tagged(folder / "tabs.conll"),
        "windows": Tagged(folder / "windows.txt"),
        "bom": Tagged(folder / "bom.txt"),
        "utf-16": Tagged(folder / "wide.txt", encoding="utf-16"),
        "conllu": Tagged(folder / "t.conllu"),
        "conllu by number": Tagged(folder / "t.conllu", columns="1:3"),
        "conllu in capitals": Tagged(folder / "windows.conllu", columns="FORM:UPOS"),
        "jsonl": Tagged(folder / "t.jsonl"),
        "pairs": Tagged(SENTENCES),
        "once": Tagged(iter(SENTENCES)),
        "lists": Tagged([list(pair) for pair in SENTENCES]),
        "arrays": Tagged(arrays),
        "again": Tagged(Tagged(SENTENCES)),
        "as": as_tagged(SENTENCES),
    }
    for name, tagged in sources.items():
        for _ in range(2):  # as often as one likes
            assert list(tagged) == SENTENCES, name
            assert all(isinstance(sentence, Sentence) for sentence in tagged)
    assert as_tagged(sources["conllu"]) is sources["conllu"]


@pytest.mark.parametrize("kind", ["t.txt", "t.conllu", "t.jsonl"])
@pytest.mark.parametrize(("end", "pack"), [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_packed_files(folder, kind, end, pack):
    plain = (folder / kind).read_bytes()
    packed = folder / f"{kind}.{end}"
    packed.write_bytes(pack.compress(plain))
    assert list(Tagged(packed)) == SENTENCES
    packed.write_bytes(packed.read_bytes()[:-9])
    assert "damaged or cut off" in said(lambda: list(Tagged(packed)))


def test_several_and_folders(folder):
    three = Tagged(folder / "t.txt", folder / "t.jsonl", SENTENCES)
    assert list(three) == SENTENCES * 3
    assert repr(three).startswith("Tagged(") and "t.jsonl" in repr(three)
    assert list(Tagged(folder)) == SENTENCES * 3
    assert list(Tagged(str(folder / "*.txt"))) == SENTENCES


def test_the_standard_input(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(CONLLU.encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    tagged = Tagged("-", columns="form:upos")
    assert list(tagged) == list(tagged) == SENTENCES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are POSIX's")
def test_a_pipe(folder):
    """Can be read once, and is kept: several passes all the same."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(COLUMNS, "utf-8"), daemon=True)
    writer.start()
    tagged = Tagged(pipe)
    assert list(tagged) == list(tagged) == SENTENCES
    writer.join()


def test_other_columns(folder):
    xpos = [["NN", "#", "VB", "."], ["FW", "NN", "RB"], [":"]]
    assert [tags for _, tags in Tagged(folder / "t.conllu", columns="form:xpos")] == xpos
    assert [tags for _, tags in Tagged(folder / "t.txt", columns="0:1")] == xpos
    lemmas = [words for words, _ in Tagged(folder / "t.conllu", columns="lemma:feats")]
    assert lemmas[0] == ["wiki", "#", "hum", "."]
    path = write(folder / "n.jsonl", '\n{"words": ["a"], "ner": ["O"]}\n')
    assert list(Tagged(path, columns="words:ner")) == [(["a"], ["O"])]
    copy = write(folder / "named.txt", CONLLU)
    assert list(Tagged(copy, kind="conllu")) == list(Tagged(copy, columns="form:upos")) == SENTENCES


def test_comments_of_columns(folder):
    """Before a sentence; inside of one # is a word."""
    text = "# id 1 domain=en\n# more\na _ X\n# _ SYM\n\n\n# id 2 domain=en\n\nb _ X\n# the end"
    path = write(folder / "c.txt", text)
    assert list(Tagged(write(folder / "d.txt", text[:-9]), comments="#")) == [
        (["a", "#"], ["X", "SYM"]), (["b"], ["X"]),
    ]  # fmt: skip
    assert [where[-6:] for where, _ in Tagged(path, comments="# ").placed()] == ["line 3", "line 9"]
    assert "c.txt, line 2: 2 columns ('# more'); wanted 4" in said(lambda: list(Tagged(path)))
    # another mark: a # at the beginning of a sentence is a word again
    path = write(folder / "e.txt", "%% x\n# SYM\n")
    assert list(Tagged(path, comments="%%")) == [(["#"], ["SYM"])]
    assert Tagged(path, comments="%%").fingerprint() != Tagged(path).fingerprint()
    for comments in ("", " "):
        assert "is nothing that lines could begin with" in said(
            lambda: Tagged(path, comments=comments)  # noqa: B023  (called here)
        )
    for name in ("t.conllu", "t.jsonl"):
        told = said(lambda: Tagged(folder / name, comments="#"))  # noqa: B023
        assert f"{name} is read as {name[2:]}, and only columns have no comments" in told


def test_conllu_plus(folder):
    rows = "# text = a b c\n1\ta\tX\t*\n2-3\tbc\t_\t_\n2\tb\tY\t1:VID\n3\tc\t_\t1\n\n1\td\tX\t*\n"
    text = "# global.columns = ID FORM UPOS PARSEME:MWE\n" + rows
    plus = Tagged(write(folder / "a.conllup", text))
    assert list(plus) == [(["a", "b", "c"], ["X", "Y", "_"]), (["d"], ["X"])]
    mwe = Tagged(folder / "a.conllup", columns="form:parseme:mwe")
    assert [tags for _, tags in mwe] == [["*", "1:VID", "1"], ["*"]]
    assert list(Tagged(folder / "a.conllup", columns="1:2")) == list(plus)
    assert plus.summary()["columns"] == "form:upos" and plus.summary()["kind"] == "conllup"
    # without numbers every line is a word
    text = "#global.columns=FORM UPOS\na\tX\n\n2\tY\n"
    path = write(folder / "b.txt", text.replace("\n", "\r\n"))
    assert list(Tagged(path, kind="conllup")) == [(["a"], ["X"]), (["2"], ["Y"])]
    told = said(lambda: list(Tagged(folder / "a.conllup", columns="form:mwe")))
    assert "'mwe' is no column of this CoNLL-U Plus; it has id, form, upos, parseme:mwe" in told
    path = write(folder / "c.conllup", rows)
    told = said(lambda: list(Tagged(path)))
    assert "c.conllup, line 1: found '# text = a b c'; wanted the names of the columns" in told
    path = write(folder / "d.conllup", "# global.columns = ID FORM\n1\ta\tX\n")
    told = said(lambda: list(Tagged(path, columns="id:form")))
    assert "line 2: 3 columns between tabs ('1\\ta\\tX'); wanted the 2 of CoNLL-U Plus" in told


def test_places(folder):
    def places(name):
        return [where for where, _ in Tagged(folder / name).placed()]

    assert places("t.txt") == [f"{folder / 't.txt'}, line {n}" for n in (3, 8, 13)]
    assert places("t.conllu") == [f"{folder / 't.conllu'}, line {n}" for n in (3, 11, 17)]
    assert places("t.jsonl") == [f"{folder / 't.jsonl'}, line {n}" for n in (1, 2, 3)]
    assert [where for where, _ in Tagged(SENTENCES).placed()][1] == "Sentence 2 of the list given"


def test_docstart_lines_are_no_words(folder):
    text = "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\n-DOCSTART- -X- O O\nB NN I-NP O\n"
    assert list(Tagged(write(folder / "d", text))) == [(["EU"], ["I-ORG"]), (["B"], ["O"])]
    # AIDA's have a name of the document behind them, and fewer columns
    text = "-DOCSTART- (1 EU)\nEU\tB\tx y\tI-ORG\n"
    assert list(Tagged(write(folder / "d", text))) == [(["EU"], ["I-ORG"])]
    assert "holds no sentence" in said(lambda: list(Tagged(write(folder / "d", "-DOCSTART- O\n"))))


def test_sentences_of_no_words_and_of_many(folder):
    """As many sentences as lines of JSON; empty lines of columns are none."""
    empty = ([], [])
    path = write(
        folder / "e.jsonl", '{"tokens": [], "tags": []}\n{"tokens": ["a"], "tags": ["O"]}\n'
    )
    assert list(Tagged(path)) == [empty, (["a"], ["O"])]
    assert list(Tagged([empty, (["a"], ["O"])])) == [empty, (["a"], ["O"])]
    assert list(Tagged(write(folder / "e", "\n\n \na O\n\n\n\nb O\n\n"))) == [
        (["a"], ["O"]),
        (["b"], ["O"]),
    ]
    words = [f"w{i}" for i in range(5000)]
    path = write(folder / "long", "".join(f"{word} O\n" for word in words))
    assert list(Tagged(path)) == [(words, ["O"] * 5000)]


def test_a_file_of_many_blocks(folder):
    """Sentences lie across the blocks that a file is read in."""
    many = [([f"word{i}", "的"], ["A", f"T{i % 7}"]) for i in range(60_000)]
    text = "".join(f"{a} {x}\n{b} {y}\n\n" for (a, b), (x, y) in many)
    found = list(Tagged(write(folder / "many.txt", text)).placed())
    assert [sentence for _, sentence in found] == many
    assert found[-1][0].endswith(f", line {3 * 59_999 + 1}")


WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r\t \ufeff"), min_size=1)


@given(st.lists(st.lists(st.tuples(WORD, WORD), min_size=1, max_size=5), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_words_come_back_from_every_kind(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("any")
    sentences = [tuple(map(list, zip(*pair, strict=True))) for pair in pairs]
    sentences = [one for one in sentences if one[0][0] != tag_lines.DOCSTART] or [(["a"], ["b"])]
    for separator in " \t":
        rows = ["".join(f"{w}{separator}{t}\n" for w, t in zip(*s, strict=True)) for s in sentences]
        assert list(Tagged(write(folder / "c.txt", "\n".join(rows)))) == sentences
    dump = "".join(json.dumps({"tokens": w, "tags": t}) + "\n" for w, t in sentences)
    assert list(Tagged(write(folder / "c.jsonl", dump))) == sentences
    rows = [
        "".join(
            f"{i}\t{w}\t_\t{t}" + "\t_" * 6 + "\n"
            for i, (w, t) in enumerate(zip(*s, strict=True), 1)
        )
        for s in sentences
    ]
    path = write(folder / "c.conllu", "\n".join(rows))
    if any(tag != "_" for _, tags in sentences for tag in tags):
        assert list(Tagged(path)) == sentences


def test_summary_and_fingerprint(folder):
    tagged = Tagged(folder / "t.conllu")
    assert tagged.summary() == {
        "sources": [str(folder / "t.conllu")],
        "kind": "conllu",
        "columns": "form:upos",
    }
    assert Tagged(SENTENCES).summary()["kind"] == "pairs"
    assert json.loads(json.dumps(Tagged(folder, columns="0:1", kind="columns").summary()))
    prints = {
        tagged.fingerprint(),
        Tagged(folder / "t.conllu", columns="form:xpos").fingerprint(),
        Tagged(folder / "t.txt").fingerprint(),
        Tagged(SENTENCES).fingerprint(),
        Tagged(SENTENCES[:2]).fingerprint(),
    }
    assert len(prints) == 5
    assert Tagged(iter(SENTENCES)).fingerprint() == Tagged(iter(SENTENCES)).fingerprint()
    assert tagged.fingerprint() == Tagged(folder / "t.conllu").fingerprint()


# --- what cannot be read -------------------------------------------------------------------------


def test_sources_that_are_none(folder):
    assert "Tagged sentences are needed" in said(lambda: Tagged())
    assert "There is no file nix.txt" in said(lambda: Tagged("nix.txt"))
    assert "A int holds no tagged sentences" in said(lambda: Tagged(3))
    assert "the list given is empty; give at least one pair" in said(lambda: Tagged([]))
    assert "empty (0 bytes); give a file of tagged" in said(lambda: Tagged(write(folder / "0", "")))
    assert "is not one of columns, conllu, conllup, jsonl. Did you mean 'conllu'" in said(
        lambda: Tagged(folder / "t.txt", kind="conll")
    )
    for name, wanted in (("e.txt", "a word and its tags"), ("e.conllu", "CoNLL-U, a word on")):
        text = said(lambda: list(Tagged(write(folder / name, "\n \n"))))  # noqa: B023  (called here)
        assert f"{name} holds no sentence; wanted {wanted}" in text
    assert "holds no sentence; wanted a sentence" in said(
        lambda: list(Tagged(write(folder / "e.jsonl", "\n")))
    )
    # one of two that is empty is told, too: a development file of no sentence
    pair = Tagged(folder / "t.txt", write(folder / "e.txt", "\n"))
    assert "e.txt holds no sentence" in said(lambda: list(pair))


@pytest.mark.parametrize("columns", ["0", "0:", ":1", "", " : ", "form"])
def test_columns_that_are_no_pair(folder, columns):
    text = said(lambda: Tagged(folder / "t.txt", columns=columns))
    assert "does not name two columns; wanted WORD:TAG, numbers from 0 (0:3; -1" in text


def test_columns_that_are_not_there(folder):
    text = said(lambda: Tagged(folder / "t.txt", columns="0:tag"))
    assert "'tag' is not a number, and a file of kind 'columns' has no names of columns" in text
    text = said(lambda: Tagged(folder / "t.conllu", columns="form:uposs"))
    assert "'uposs' is no column of CoNLL-U; it has id, form" in text
    assert "Did you mean 'upos'" in text
    assert "'-1' is no column of CoNLL-U" in said(
        lambda: Tagged(folder / "t.conllu", columns="1:-1")
    )
    assert "'10' is no column" in said(lambda: Tagged(folder / "t.conllu", columns="1:10"))
    text = said(lambda: list(Tagged(folder / "t.txt", columns="0:3")))
    assert "t.txt, line 3: 3 columns ('Wiki  NN NOUN'), so there is no column 3; wanted a" in text
    assert "number from 0 to 2, or -1 for the last" in text
    assert "there is no column -4" in said(lambda: list(Tagged(folder / "t.txt", columns="-4:0")))


def test_lines_that_do_not_fit(folder):
    def told(text):
        return said(lambda: list(Tagged(write(folder / "bad.txt", text))))

    assert "bad.txt, line 1: one column ('just'), so there are no tags; wanted a word and" in told(
        "just\nwords\n"
    )
    text = told("\na NN O\n\nb NN\n")
    assert "bad.txt, line 4: 2 columns ('b NN'); wanted 3, as in line 2, and an empty line" in text
    assert "line 2: 4 columns" in told("a NN O\nNew York NN O\n")
    assert "line 2: 1 column ('x')" in told("a NN O\nx\n")
    remedy = 'are comments, give comments="#" (--comments "#"); if this is CoNLL-U, kind="conllu"'
    for text in ("a NN O\n# a remark of more words\n", "# a remark\na O\n", "#\na O\n"):
        assert remedy in told(text)
    assert "#" not in told("a NN O\nb O\n")
    text = told("a NN O\rb NN O\r\rc NN O\r")
    assert "line 1: a carriage return inside of the line ('a NN O\\rb NN O\\r\\rc NN '" in text
    assert r"convert the file (tr '\r' '\n')" in text
    assert "line 2: the word is empty; wanted at least one character" in told("a\tO\n\tO\n")
    assert "line 2: the tag is empty" in told("a\tO\nb\t\n")


def test_conllu_that_is_none(folder):
    def told(text):
        return said(lambda: list(Tagged(write(folder / "bad.conllu", text))))

    rest = "\t_\t_" + "\tX" * 6 + "\n"
    assert "bad.conllu, line 1: 1 column between tabs ('1 The DET'); wanted the 10 of" in told(
        "1 The DET\n"
    )
    text = told(f"1\ta{rest}3\tb{rest}")
    assert "line 2: the word has the number '3'; wanted 2, and an empty line between" in text
    assert "line 2: the word has the number '1'; wanted 2" in told(f"1\ta{rest}1\tb{rest}")
    assert "the number 'x'; wanted 1" in told(f"x\ta{rest}")
    text = told("1\ta" + "\t_" * 8 + "\n")
    assert "bad.conllu has no tags in its column upos: all are _, that is, not annotated" in text
    assert "line 1: the word is empty" in told("1\t\tx\ty" + "\t_" * 6 + "\n")
    assert "a carriage return inside of the line" in told(f"1\ta{rest}".replace("\n", "\r") * 2)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "wanted one JSON object a line"),
        ("[1]", "found list; wanted a sentence on each line"),
        ('{"tokens": ["a"], "tag": ["O"]}', "no key 'tags'. Did you mean 'tag'? It has: 'tokens'"),
        ("{}", "has no key 'tokens'. It has: nothing; say"),
        ('{"tokens": ["a", "b"], "tags": ["O"]}', "2 words and 1 tags; wanted a tag for each word"),
        (
            '{"tokens": "a b", "tags": ["O"]}',
            "'tokens': found 'a b' (str); wanted a list of strings",
        ),
        ('{"tokens": ["a"], "tags": null}', "'tags': found None (NoneType); wanted a list"),
        (
            '{"tokens": ["a"], "tags": [3]}',
            "is 3 (int); wanted a string. Numbers of tags need their",
        ),
        ('{"tokens": [true], "tags": ["O"]}', "item 1 is True (bool); wanted a string."),
        ('{"tokens": [""], "tags": ["O"]}', "'tokens': item 1 is empty; wanted at least one"),
        ('{"tokens": ["\\ud800"], "tags": ["O"]}', "item 1 is '\\ud800', with half of a surrogate"),
        ("[" * 100_000, "wanted one JSON object a line"),
    ],
)
def test_json_that_is_none(folder, line, text):
    path = write(folder / "bad.jsonl", '{"tokens": ["a"], "tags": ["O"]}\n' + line + "\n")
    told = said(lambda: list(Tagged(path)))
    assert "bad.jsonl, line 2" in told
    assert text in told


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        ("ab", "is 'ab'; wanted a pair, its words and their tags"),
        ((["a"],), "wanted a pair"),
        ([("The", "DET"), ("cat", "NOUN")], "wanted a pair"),  # two words and not two lists
        ([("The", "DET"), ("cat", "NOUN"), ("sat", "VERB")], "wanted a pair"),
        ((["a"], ["O", "O"]), "1 words and 2 tags; wanted a tag for each word"),
        (("a", ["O"]), "found 'a' (str); wanted a list of strings"),
        ((["a"], [1]), "item 1 is 1 (int); wanted a string. Numbers of tags"),
    ],
)
def test_pairs_that_are_none(pair, text):
    told = said(lambda: list(Tagged([(["x"], ["O"]), pair])))
    assert told.startswith("Sentence 2 of the list given")
    assert text in told


def test_bytes_that_are_no_text(folder):
    (folder / "latin.txt").write_bytes("Füße NN\n".encode("latin-1"))
    with pytest.raises(EncodingError, match="latin.txt, line 1, byte offset 1: the byte 0xFC"):
        list(Tagged(folder / "latin.txt"))
    assert list(Tagged(folder / "latin.txt", encoding="latin-1")) == [(["Füße"], ["NN"])]
    replaced = list(Tagged(folder / "latin.txt", encoding_errors="replace"))
    assert replaced == [(["F\ufffd\ufffde"], ["NN"])]
    (folder / "binary.txt").write_bytes(b"\x7fELF\x02" + bytes(5000))
    assert "looks like a binary file" in said(lambda: list(Tagged(folder / "binary.txt")))
    assert "is not an encoding of text" in said(lambda: Tagged(folder / "t.txt", encoding="utf-9"))


# --- published files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "columns", "sentences", "tokens", "tags"),
    [
        ("conll2000/train.txt.gz", "0:2", 8936, 211727, 22),
        ("conll2000/test.txt.gz", None, 2012, 47377, 19),
        ("conll2003/train.txt.gz", None, 14041, 203621, 8),
        ("conll2003/dev.txt.gz", "0:3", 3250, 51362, 6),
        ("conll2003/test.txt.gz", "0:1", 3453, 46435, None),
        ("ud_en_ewt/train.conllu.gz", None, 12544, 204577, 17),
        ("ud_en_ewt/dev.conllu.gz", "form:xpos", 2001, 25147, None),
        ("ud_en_ewt/test.conllu.gz", "form:deprel", 2077, 25094, None),
        ("ud_ru_taiga/train.conllu.gz", None, 3138, 43557, 17),
        ("ud_ru_taiga/dev.conllu.gz", "1:3", 945, 10094, 17),
        ("ud_ru_taiga/test.conllu.gz", "form:upos", 881, 10269, 17),
    ],
)
def test_numbers_of_published_files(shared, path, columns, sentences, tokens, tags):
    found = list(Tagged(shared / "data/tag" / path, columns=columns))
    assert len(found) == sentences
    assert sum(len(words) for words, _ in found) == tokens
    assert all(len(words) == len(tags) > 0 for words, tags in found)
    if tags is not None:
        counts = Counter(itertools.chain.from_iterable(tags for _, tags in found))
        assert len(counts) == tags


def test_a_column_that_was_not_annotated(shared):
    """Taiga of 2020 has no enhanced dependencies, and in its test part two words with an XPOS."""
    path = shared / "data/tag/ud_ru_taiga/test.conllu.gz"
    told = said(lambda: list(Tagged(path, columns="form:deps")))
    assert "has no tags in its column deps: all are _" in told
    # some are enough: _ is then a tag like others
    counts = Counter(tag for _, tags in Tagged(path, columns="form:xpos") for tag in tags)
    assert counts == {"_": 10267, "-": 2}

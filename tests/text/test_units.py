"""Text as the units of a language model, and units as text."""

import collections
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth import Corpus
from firth.errors import CorpusError, FormatError, SettingError, VocabularyError
from firth.progress import Progress
from firth.text.spelling import LINE_ENDS, Joiner
from firth.text.subword_pieces import SubwordPieces
from firth.text.unit_reader import UnitReader
from firth.text.units import UNITS, UNKNOWN, read_units
from firth.text.vocabulary import Vocabulary

#: scripts with and without blanks, right to left, beyond 16 bits
LINES = [
    "the cat sat on the mat", "", "سلام دنیا سلام", "Привет, мир!", "今天 天气 很 好", "a 𝔘 é",
]  # fmt: skip


def corpus(lines, tokenizer="whitespace"):
    return Corpus(lines, tokenizer=tokenizer)


def names_of(stream):
    return [stream.vocabulary[i] for i in stream.ids]


def text_of(stream):
    join = Joiner(stream.unit)
    return "".join(join(name) for name in names_of(stream))


# --- what is read ------------------------------------------------------------------------------


def plain_twin(lines, unit):
    """The units of a text, as one would write them by hand."""
    found = []
    for line in lines:
        found += [*line, "\n"] if unit == "character" else [*line.split(), "<eos>"]
    return found


@pytest.mark.parametrize("unit", ["word", "character"])
def test_every_unit_and_every_line_end_is_there(unit):
    stream = read_units(corpus(LINES), unit)
    assert names_of(stream) == plain_twin(LINES, unit)
    assert stream.lines == len(LINES)
    assert stream.units == len(stream.ids) - len(LINES)
    assert stream.unknown == 0
    assert stream.ids.dtype == np.int32


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab é好\U0001d518", max_size=12), min_size=1, max_size=6), st.integers(1, 3)
)
def test_as_the_plain_twin_with_rare_units_unknown(lines, min_count):
    for unit in ("word", "character"):
        twin = plain_twin(lines, unit)
        counts = collections.Counter(twin)
        kept = {u for u, n in counts.items() if n >= min_count or u == LINE_ENDS[unit]}
        if all(u == LINE_ENDS[unit] for u in twin):
            with pytest.raises(CorpusError, match="not a single token"):
                read_units(corpus(lines), unit)
        elif kept <= {LINE_ENDS[unit]}:
            with pytest.raises(VocabularyError, match="is left besides <unk>"):
                read_units(corpus(lines), unit, min_count=min_count)
        else:
            stream = read_units(corpus(lines), unit, min_count=min_count)
            assert names_of(stream) == [u if u in kept else UNKNOWN for u in twin]
            assert stream.unknown == sum(u not in kept for u in twin)


def test_units_are_numbered_by_falling_count():
    stream = read_units(corpus(["b b b a a c", "a b"]), "word", min_count=2)
    assert list(stream.vocabulary) == ["b", "a", "<eos>", "<unk>"]
    assert stream.vocabulary.counts.tolist() == [4, 3, 2, 1]
    # those that must be there take their room
    stream = read_units(corpus(["b b b a a c", "a b"]), "word", max_size=3)
    assert list(stream.vocabulary) == ["<unk>", "b", "<eos>"]  # a and c are <unk>: 4
    with pytest.raises(VocabularyError, match="raise --max-size"):
        read_units(corpus(["a b"]), "word", max_size=2)


def test_unknown_and_line_end_of_the_text_are_the_same_units():
    stream = read_units(corpus(["a <unk> b <eos>", "a"]), "word")
    assert names_of(stream) == ["a", "<unk>", "b", "<eos>", "<eos>", "a", "<eos>"]
    assert stream.unknown == 1
    assert stream.lines == 2


class Said(Progress):
    def __init__(self):
        self.sentences = []

    def say(self, text):
        self.sentences.append(text)


def test_unknown_words_that_are_taken_apart_are_noticed():
    said = Said()
    read_units(corpus(["a <unk> b"]), "word", progress=said)
    assert said.sentences == []
    read_units(corpus(["a <unk> b"], "words"), "word", progress=said)
    assert "give --tokenizer whitespace" in said.sentences[0]


@pytest.mark.parametrize("unit", ["character", "subword"])
def test_characters_and_bytes_are_those_of_the_text(unit):
    stream = read_units(corpus(LINES), unit, pieces=300)
    text = "\n".join(LINES) + "\n"
    assert (stream.characters, stream.bytes) == (len(text), len(text.encode()))


@pytest.mark.parametrize(
    ("tokenizer", "text"),
    [
        ("whitespace", "the cat sat\n\n今天 天气 ok 很 好\n"),
        # where words were found in a script without blanks there are none
        ("words", "the cat sat\n\n今天天气 ok 很好\n"),
        (str.split, "the cat sat\n\n今天天气 ok 很好\n"),
    ],
)
def test_characters_and_bytes_of_words_are_those_of_the_words(tokenizer, text):
    read = Corpus(["the  cat\tsat", "", "今天 天气 ok 很 好"], tokenizer=tokenizer)
    stream = read_units(read, "word")
    join = Joiner("word", "", read.tokenizer.name)
    assert "".join(join(name) for name in names_of(stream)) == text
    assert (stream.characters, stream.bytes) == (len(text), len(text.encode()))


def test_with_a_vocabulary_new_units_are_unknown():
    first = read_units(corpus(["a b a"]), "word")
    second = read_units(corpus(["a z", "y y"]), "word", vocabulary=first.vocabulary)
    assert second.vocabulary is first.vocabulary
    assert names_of(second) == ["a", "<unk>", "<eos>", "<unk>", "<unk>", "<eos>"]
    assert second.unknown == 3


def test_bad_input():
    with pytest.raises(SettingError, match="unit='letter' is not one of word, character, subword"):
        read_units(corpus(["a"]), "letter")
    for unit in UNITS:
        with pytest.raises(CorpusError):
            read_units(corpus(["", ""]), unit, pieces=300)
    with pytest.raises(CorpusError, match="holds lists of tokens"):
        read_units(Corpus([["a", "b"]]), "character")


# --- subwords ----------------------------------------------------------------------------------


def test_subwords_joined_are_the_text():
    lines = [*LINES * 3, "two  blanks, and\ttab ", " begins with one"]
    stream = read_units(corpus(lines), "subword", pieces=400)
    assert stream.unknown == 0
    back = text_of(stream).split("\n")[:-1]
    # a blank at the beginning of a line is the mark of a word, and is not told from one
    assert back == [line.removeprefix(" ") for line in lines]
    # negative control: with few pieces words are cut
    assert len(stream.ids) > len(read_units(corpus(lines), "word").ids)
    assert stream.summary()["subwords"] == stream.pieces.text


def test_subwords_are_cut_by_the_pieces_of_the_model():
    stream = read_units(corpus(LINES * 3), "subword", pieces=400)
    pieces = SubwordPieces(stream.pieces.text)
    again = read_units(corpus(LINES), "subword", vocabulary=stream.vocabulary, pieces=pieces)
    assert again.unknown == 0
    assert again.ids.tolist() == stream.ids[: len(again.ids)].tolist()
    with pytest.raises(SettingError, match="subwords of the model are damaged"):
        SubwordPieces("{}")


# --- joined again ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "before", "names", "text"),
    [
        ("word", "", ["the", "cat", "<eos>", "a"], "the cat\na"),
        ("word", "once", ["upon"], " upon"),
        ("word", "once ", ["upon"], "upon"),
        ("word", "今", ["天", "ok"], "天 ok"),
        ("character", "t", ["h", " ", "\n"], "h \n"),
        ("subword", "", ["▁the", "▁c", "at", "<eos>", "▁a"], "the cat\na"),
        ("subword", "on", ["ce", "▁upon"], "ce upon"),
    ],
)
def test_joined(unit, before, names, text):
    join = Joiner(unit, before)
    assert "".join(map(join, names)) == text


# --- read as the model did ---------------------------------------------------------------------


def reader(lines=LINES, unit="word", **more):
    text = corpus(lines * 3)
    stream = read_units(text, unit, pieces=400)
    return UnitReader(unit, stream.vocabulary, {**text.summary(), **stream.summary()}, **more)


@pytest.mark.parametrize("unit", UNITS)
def test_a_prompt_is_cut_as_the_text_was(unit):
    read = reader(unit=unit)
    stream = read.stream(LINES)
    ids = read.ids(read.cut("\n".join(LINES)))
    # the last line end is the model's to add
    assert [*ids, read.line_end] == stream.ids.tolist()
    assert read.cut("") == []
    assert read.not_known(read.cut("Ωthe Ω")) != []
    assert read.ids(read.cut("Ω")).tolist()[-1] == read.unknown


def test_a_corpus_that_is_cut_otherwise_is_refused():
    read = reader()
    assert read.stream(corpus(LINES)).unknown == 0
    assert read.stream(Corpus([["the", "cat"]])).unknown == 0
    with pytest.raises(SettingError, match="cut by the tokenizer words with fold_case=True"):
        read.stream(Corpus(LINES))


def test_tokens_given_apart_are_read_between_blanks():
    given = Corpus([["The", "cat's", "mat"]])
    stream = read_units(given, "word")
    read = UnitReader("word", stream.vocabulary, given.summary())
    assert read.cut("The cat's mat") == ["The", "cat's", "mat"]


def test_a_function_is_not_called_on_the_word_of_a_model():
    made = Corpus(["a-b a"], tokenizer=cut_at_hyphens)
    stream = read_units(made, "word")
    assert names_of(stream) == ["a", "b a", "<eos>"]
    with pytest.raises(SettingError, match="name it yourself if you trust it"):
        UnitReader("word", stream.vocabulary, made.summary())
    read = UnitReader("word", stream.vocabulary, made.summary(), tokenizer=cut_at_hyphens)
    assert read.cut("b a-a") == ["b a", "a"]


def cut_at_hyphens(line):
    return line.split("-")


def test_what_a_reader_refuses():
    with pytest.raises(CorpusError, match="None of the 2 words of the text is in the vocabulary"):
        reader().stream(["x y"])
    with pytest.raises(SettingError, match="leave the tokenizer out"):
        reader(unit="character", tokenizer="words")
    with pytest.raises(FormatError, match="no '<unk>'"):
        UnitReader("word", Vocabulary(["a", "<eos>"]), {})


WORDS = st.lists(st.text("ab好今é", min_size=1, max_size=3), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from(UNITS))
def test_what_is_joined_is_cut_into_the_same_units(lines, unit):
    """So that written text can be the next prompt."""
    text = corpus([" ".join(line) for line in lines])
    stream = read_units(text, unit, pieces=300)
    read = UnitReader(unit, stream.vocabulary, {**text.summary(), **stream.summary()})
    join = read.joiner()
    written = "".join(join(name) for name in names_of(stream))
    assert written.endswith("\n")
    assert [*read.ids(read.cut(written[:-1])), read.line_end] == stream.ids.tolist()


@pytest.mark.parametrize("language", ["zh", "ru", "fa"])
def test_real_text_of_other_scripts(shared, language):
    with gzip.open(shared / "data" / "text" / f"{language}.txt.gz", "rt", encoding="utf-8") as file:
        lines = [next(file).rstrip("\n") for _ in range(200)]
    text = "\n".join(lines) + "\n"
    stream = read_units(corpus(lines), "character")
    assert text_of(stream) == text
    subwords = read_units(corpus(lines), "subword", pieces=2000)
    assert text_of(subwords) == "".join(line.removeprefix(" ") + "\n" for line in lines)
    assert subwords.bytes == len(text.encode())

"""The tokenizers by name, and functions of the user."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, SettingError
from firth.text.corpus import Corpus
from firth.text.stream import encode
from firth.text.tokens import Tokenizer

text = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(deadline=None)
@given(text)
def test_whitespace_is_split(line):
    line = line.replace("\n", " ")
    assert Tokenizer("whitespace")(line) == line.split()


@settings(deadline=None)
@given(text)
def test_only_blanks_of_fasttext_split(line):
    line = line.replace("\n", " ")
    for blank in "\t\r\v\f\0":
        line = line.replace(blank, " ")
    assert Tokenizer("blanks")(line) == [token for token in line.split(" ") if token]


def test_every_blank_of_fasttext_splits():
    assert Tokenizer("blanks")("a b\tc\rd\ve\ff\0g\u00a0h\u3000i") == [
        *"abcdef", "g\u00a0h\u3000i"
    ]  # fmt: skip
    assert Tokenizer("blanks").fold is False


@settings(deadline=None)
@given(text)
def test_characters_lose_nothing(line):
    tokens = Tokenizer("characters")(line)
    assert "".join(tokens) == "".join(line.split())
    assert all(tokens)


def test_every_blank_splits():
    blanks = [chr(i) for i in range(0x110000) if chr(i).isspace()]
    line = "x".join(blanks).replace("\n", " ") + "x"
    assert Tokenizer("whitespace")(line) == ["x"] * len(blanks)
    assert Tokenizer("characters")(line) == ["x"] * len(blanks)


def test_characters_keep_their_marks():
    tokens = ["हि", "न्", "दी", "e\u0301", "👩\u200d💻", "👍🏽", "🇮🇷", "🇩🇪", "🇫"]
    tokens += ["م", "ی\u200c", "خ", "我", "們"]
    line = "हिन्दी e\u0301 👩\u200d💻👍🏽 🇮🇷🇩🇪🇫 می\u200cخ 我們"
    assert Tokenizer("characters")(line) == tokens


def test_signs_are_words_and_what_stands_between_them():
    line = "He can't, «eat» 3.50..."
    assert Tokenizer("signs")(line) == ["He", "can't", ",", "«", "eat", "»", "3.50", "..."]
    words = [word for word in Tokenizer("signs", fold_case=True)(line) if word.strip(",«».")]
    assert words == Tokenizer("words")(line)
    summary = Corpus([line], tokenizer="signs").summary()
    assert (summary["tokenizer"], summary["tokenizer_is_function"]) == ("signs", False)


def test_case_is_folded_for_words_only_unless_said():
    line = "Straße ΣΊΣΥΦΟΣ İ"
    assert Tokenizer("words")(line) == ["strasse", "σίσυφοσ", "i̇"]
    assert Tokenizer("words", fold_case=False)(line) == line.split()
    assert Tokenizer("whitespace")(line) == line.split()
    assert Tokenizer("whitespace", fold_case=True)(line) == line.casefold().split()
    assert Tokenizer(str.split)(line) == line.split()
    assert Tokenizer(str.split, fold_case=True)(line) == line.casefold().split()


def test_unknown_names():
    with pytest.raises(SettingError, match="Did you mean 'words'"):
        Tokenizer("word")
    with pytest.raises(SettingError, match="no file nowhere.json; wanted the tokenizer.json"):
        Tokenizer("bpe:nowhere.json")
    with pytest.raises(SettingError, match="tokenizer=3 is not a tokenizer"):
        Tokenizer(3)


def test_functions_are_named_and_checked():
    corpus = Corpus(["a b"], tokenizer=str.split)
    assert corpus.summary()["tokenizer_is_function"]
    assert Corpus(["a"], tokenizer=checked).summary()["tokenizer"].endswith("test_tokens:checked")
    assert list(Corpus(["a b"], tokenizer=lambda line: iter(line.split()))) == [["a", "b"]]
    for wrong, message in (
        (str.upper, "gave 'A B' for the line 'a b'; wanted a list of strings"),
        (len, "gave 3 for the line 'a b'"),
        (lambda line: [1], "a list that holds 1 for the line 'a b'; wanted strings"),
    ):
        with pytest.raises(CorpusError, match=message):
            list(Corpus(["a b"], tokenizer=wrong))


def longest_match(line):
    """A segmenter as small as can be: the longest word of a list, else one character."""
    known = {"我们", "喜欢", "机器", "学习", "机器学习"}
    tokens = []
    while line:
        size = next((n for n in (4, 3, 2) if line[:n] in known), 1)
        tokens.append(line[:size])
        line = line[size:]
    return tokens


def test_chinese_by_a_segmenter():
    corpus = Corpus(["我们喜欢机器学习", "机器喜欢我们"], tokenizer=longest_match)
    assert list(corpus) == [["我们", "喜欢", "机器学习"], ["机器", "喜欢", "我们"]]
    encoded = encode(corpus, min_count=2)
    assert encoded.vocabulary.names == ["喜欢", "我们"]
    assert encoded.stream.ids.tolist() == [1, 0, 0, 1]


def checked(line):
    return line.split()


@pytest.fixture
def trained(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=60, show_progress=False)
    made.train_from_iterator(["lower lowest newer newest wider widest"] * 5, trainer)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_trained_subwords(trained):
    for name in (f"bpe:{trained}", str(trained)):
        tokens = Tokenizer(name)("lowest newest")
        assert "".join(tokens) == "lowestnewest"
        assert 2 <= len(tokens) < 12
    with pytest.raises(SettingError, match="holds a model of the kind BPE"):
        Tokenizer(f"unigram:{trained}")
    trained.write_text("{}")
    with pytest.raises(SettingError, match="is not a tokenizer.json"):
        Tokenizer(str(trained))


def test_the_vowel_am_stays_with_its_consonant():
    assert next(iter(Corpus(["น้ำ ທຳ"], tokenizer="characters"))) == ["น้ำ", "ທຳ"]

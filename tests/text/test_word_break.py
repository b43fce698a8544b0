"""Word boundaries: the kernel against the rules written out one by one."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.text.tokens import Tokenizer
from oracles import word_break as oracle

words = Tokenizer("words", fold_case=False)

#: a few of each class of UAX #29, and of what stands beside them
OF_EACH = (
    "aZé\u0627\u05d0\u05ea7\u0663\u30ab\u30e6_\u203f:\u00b7\u0387,;\u066c.\u2018\u2019'\""
    "\U0001f1e6\U0001f1ff\u0301\u200c\u093e\u00ad\u200e\u200d \t\u00a0\u202f\u3000\r\x0b\x85"
    "\u2764\U0001f469\U0001f4bb\U0001f3fd\u2139\u24c2\u4e2d\u3042\u0e01$+-!\u00b8\u0e33\uac00\u1100\x00"
)

SENTENCES = {
    "english": (
        "The quick (“brown”) fox can’t jump 32.3 feet, right? don't stop_here e.g. U.S.A.",
        ["The", "quick", "brown", "fox", "can’t", "jump", "32.3", "feet", "right", "don't",
         "stop_here", "e.g", "U.S.A"],
    ),
    "persian": (
        "می‌خواهم کتاب‌ها را بخوانم؛ ۱۲٫۵ تومان.",
        ["می‌خواهم", "کتاب‌ها", "را", "بخوانم", "۱۲٫۵", "تومان"],
    ),
    "russian": ("Что-то случилось, ёлки!", ["Что", "то", "случилось", "ёлки"]),
    "chinese": ("我喜欢机器学习。", ["我", "喜", "欢", "机", "器", "学", "习"]),
    "arabic": ("السَّلامُ عليكم، يا صديقي؟", ["السَّلامُ", "عليكم", "يا", "صديقي"]),
    "hindi": ("नमस्ते दुनिया, हिन्दी में।", ["नमस्ते", "दुनिया", "हिन्दी", "में"]),
    "thai": ("ภาษาไทย", ["ภ", "า", "ษ", "า", "ไ", "ท", "ย"]),
    "japanese": (
        "コンピューターは速い。",
        ["コンピューター", "は", "速", "い"],
    ),
    "greek": ("Ο Οδυσσεύς, πολύτροπος.", ["Ο", "Οδυσσεύς", "πολύτροπος"]),
    "hebrew": ("צה\"ל ג'ירפה מ' שלום", ["צה\"ל", "ג'ירפה", "מ'", "שלום"]),
    "korean": ("안녕하세요 세계!", ["안녕하세요", "세계"]),
    "emoji": (
        "ok 👩‍💻👍🏽 🇮🇷🇩🇪🇫 ❤️!",
        ["ok", "👩‍💻", "👍🏽", "🇮🇷", "🇩🇪", "🇫", "❤️"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", SENTENCES)
def test_sentences(language):
    text, tokens = SENTENCES[language]
    assert words(text) == tokens
    assert oracle.words(text) == tokens


@pytest.mark.parametrize("language", SENTENCES)
def test_nothing_with_a_letter_is_lost(language):
    text, _ = SENTENCES[language]
    kept = "".join(words(text))
    assert [c for c in text if oracle.WORD.match(c)] == [c for c in kept if oracle.WORD.match(c)]


@settings(max_examples=1500, deadline=None)
@given(st.text(st.sampled_from(OF_EACH), max_size=12))
def test_every_class_beside_every_class(text):
    assert words(text) == oracle.words(text)


@pytest.mark.parametrize("text", ["¸·", "¸.", "¸·\n", "¸:,", "¸·\u0301¸", "a ¸' b"])
def test_what_joins_letters_and_is_none(text):
    """The cedilla by itself is of the class ALetter and no letter (category Sk)."""
    assert words(text) == oracle.words(text)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=30))
def test_any_text(text):
    text = text.encode("utf-8", "replace").decode()
    assert words(text) == oracle.words(text)


def test_all_pairs_and_triples():
    """Exhaustively: each class after each, alone and with a mark, a joiner or a letter between."""
    some = "a\u05d07\u30ab_:,.'\"\U0001f1e6\u0301\u200d\u00ad \u202f\u2764\u2139$"
    pieces = [x + y + z for x in some for y in some for z in some]
    pieces += [x + y + "\u0301" + z for x in "a\u05d07" for y in ":,.'\"" for z in some]
    for piece in pieces:
        assert words(piece) == oracle.words(piece), ascii(piece)


def test_the_comparison_would_notice():
    assert oracle.words("can't") == ["can't"]
    assert oracle.words("can' t") != ["can't"]
    assert words("a:b") != words("a: b")


def test_departures_from_the_standard():
    assert oracle.segments(" \u0301a") == [" \u0301", "a"]
    assert words(" \u0301a") == ["\u0301", "a"]
    assert oracle.segments("mot\u202f!") == ["mot\u202f", "!"]
    assert words("mot\u202f! 10\u202f000") == ["mot", "10\u202f000"]


def test_the_data_is_that_of_the_package():
    """Every code point, for the case that regex moves on: run scripts/make_unicode_table.py."""
    from firth.text import characters

    table = characters.properties()
    shown = {"CR": 15, "LF": 16, "Newline": 15, "WSegSpace": 15}
    order = ("Other", *oracle.NAMES[:14])
    for point in [*range(0x3400), 0x4E00, *range(0xA000, 0xAC00), *range(0x1F000, 0x1FB00)]:
        c = chr(point)
        expected = shown.get(oracle.kind(c))
        if expected is None:
            white = oracle.kind(c) == "Other" and regex.match(r"\p{White_Space}", c)
            expected = 15 if white else order.index(oracle.kind(c))
        assert table[point] & characters.CLASS == expected, hex(point)
        assert bool(table[point] & characters.WORD) == bool(oracle.WORD.match(c)), hex(point)
        assert bool(table[point] & characters.PICTURE) == bool(oracle.PICTURE.match(c)), hex(point)

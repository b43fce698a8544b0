"""Ten languages and scripts from a text to printed neighbours: nothing lost, words of a kind found.

Each text is a small world of its own: two kinds of words, each kind in sentences of its own.
"""

import itertools
import random
import unicodedata
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from firth import Corpus, load, load_vectors
from firth.cli.main import main

MARKS = "。、，．！？।॥.,!?؟،؛;:·«»„“”\"'()-–—…"


def longest(known, line):
    """The longest known word at each place, else a character: a segmenter of one line of code."""
    words, i = [], 0
    most = max(map(len, known))
    while i < len(line):
        size = next((n for n in range(most, 1, -1) if line[i : i + n] in known), 1)
        if size > 1 or not (line[i].isspace() or line[i] in MARKS):
            words.append(line[i : i + size])
        i += size
    return words


CHINESE = {"喜欢", "可爱", "我们", "孩子", "看见", "苹果", "香蕉", "葡萄", "西瓜", "好吃",
           "老虎", "猴子", "大象", "兔子", "森林", "里", "桌子", "上"}  # fmt: skip
THAI = {"แมว", "หมา", "ม้า", "ลิง", "วิ่ง", "ใน", "ป่า", "เด็ก", "เห็น", "ตัว", "ใหญ่",
        "มะม่วง", "กล้วย", "ส้ม", "องุ่น", "กิน", "บน", "โต๊ะ", "หวาน", "มาก"}  # fmt: skip


def chinese(line):
    return longest(CHINESE, line)


def thai(line):
    return longest(THAI, line)


class World(NamedTuple):
    """first, second: words of two kinds. Sentences of a kind have a place {} for its words."""

    tokenizer: str
    first: str
    first_sentences: tuple[str, ...]
    second: str
    second_sentences: tuple[str, ...]
    line: str
    tokens: str  # of the line, as they should be


WORLDS = {
    "English": World(
        "words",
        "cat dog horse monkey",
        ("The {} runs through the forest.", "Children don't see a big {}!"),
        "apple banana grape melon",
        ("We eat a sweet {} at the table;", "Her {}, ripe and fresh: 3.50 dollars?"),
        "Don't pay $3.50, well-known CAFÉ!",
        "don't pay 3.50 well known café",
    ),
    "Persian": World(
        "words",
        "گربه سگ اسب میمون",
        ("{} در جنگل می‌دود.", "بچه‌ها یک {} بزرگ می‌بینند!"),
        "سیب موز انگور هندوانه",
        ("ما سر میز {} شیرین می‌خوریم؛", "آیا {} تازه ۳۵۰۰ تومان است؟"),
        "آیا کتاب‌ها را می‌خوانید؟ بله، ۱۲ تا.",
        "آیا کتاب‌ها را می‌خوانید بله ۱۲ تا",
    ),
    "Russian": World(
        "words",
        "кошка собака лошадь обезьяна",
        ("По лесу быстро бежит {}.", "Детям видна большая {}!"),
        "груша слива дыня ягода",
        ("На столе лежит сладкая {};", "Сколько стоит ещё одна {}, 35 рублей?"),
        "Ещё раз: «Всё — по-русски», №7.",
        "ещё раз всё по русски 7",
    ),
    "Chinese, characters": World(
        "characters",
        "猫 狗 马 猴",
        ("林中有{}跑", "孩子看见大{}"),
        "梨 桃 杏 枣",
        ("我们桌上吃{}", "这{}很甜"),
        "我有3只猫。",
        "我 有 3 只 猫 。",
    ),
    "Chinese, a segmenter": World(
        f"{__name__}:chinese",
        "老虎 猴子 大象 兔子",
        ("森林里孩子看见{}。", "可爱的{}喜欢森林！"),
        "苹果 香蕉 葡萄 西瓜",
        ("桌子上有{}，好吃。", "我们吃{}。"),
        "我们看见老虎。",
        "我们 看见 老虎",
    ),
    "Arabic": World(
        "words",
        "قطة كلبة فرس قردة",
        ("تركض {} في الغابة.", "يرى الأطفال {} كبيرة!"),
        "تفاحة موزة عنبة بطيخة",
        ("نأكل {} حلوة على المائدة؛", "هل ثمن {} الطازجة ٣٥ درهما؟"),
        "اَلسَّلَامُ عَلَيْكُمْ، كيف حالك؟ ٣٫٥",
        "اَلسَّلَامُ عَلَيْكُمْ كيف حالك ٣٫٥",
    ),
    "Hindi": World(
        "words",
        "बिल्ली कुत्ता घोड़ा बंदर",
        ("जंगल में {} दौड़ता है।", "बच्चे बड़ा {} देखते हैं!"),
        "सेब केला अंगूर तरबूज़",
        ("हम मेज़ पर मीठा {} खाते हैं।", "क्या ताज़ा {} ३५ रुपये का है?"),
        "नमस्ते, क्षत्रिय! कैसे हैं आप? १२",
        "नमस्ते क्षत्रिय कैसे हैं आप १२",
    ),
    "Thai, a segmenter": World(
        f"{__name__}:thai",
        "แมว หมา ม้า ลิง",
        ("{}วิ่งในป่า", "เด็กเห็น{}ตัวใหญ่"),
        "มะม่วง กล้วย ส้ม องุ่น",
        ("เด็กกิน{}บนโต๊ะ", "{}หวานมาก"),
        "แมวกินส้ม 2 ส้ม",
        "แมว กิน ส้ม 2 ส้ม",
    ),
    "Thai, characters": World(
        "characters",
        "ก ข ค ง",
        ("ป่าที่{}วิ่ง", "เด็กเห็น{}ตัวใหญ่"),
        "ท ธ น บ",
        ("กินข้าวผัด{}", "โต๊ะสำหรับ{}หวานมาก"),
        "สวัสดีครับ",
        "ส วั ส ดี ค รั บ",
    ),
    "Japanese": World(
        "words",
        "イヌ ネコ ウマ サル",
        ("森で{}が走る。", "子どもは大きな{}を見た！"),
        "リンゴ バナナ ブドウ メロン",
        ("机で甘い{}を食べる。", "この{}は三百円、ですか？"),
        "東京でコーヒーを飲む、ﾊﾝｶｸ。",
        "東 京 で コーヒー を 飲 む ﾊﾝｶｸ",
    ),
    "Greek": World(
        "words",
        "γάτα σκύλα φοράδα μαϊμού",
        ("Η {} τρέχει στο δάσος.", "Τα παιδιά βλέπουν μια μεγάλη {}!"),
        "μπανάνα αχλάδα σταφίδα φράουλα",
        ("Τρώμε μια γλυκιά {} στο τραπέζι·", "Πόσο κάνει η {}, 3,50 ευρώ;"),
        "«ὁ ΛΌΓΟΣ» – τι είναι, 3,50 €;",
        "ὁ λόγοσ τι είναι 3,50",
    ),
    "Emoji": World(
        "words",
        "🐱 🐶 🐴 🐵",
        ("🌳🌲{}🏃", "👩‍👧‍👦 👀 {} ❤️"),
        "🍎 🍌 🍇 🍉",
        ("🍽️{}😋", "👍🏽 🇩🇪 {} 1️⃣"),
        "I ❤️ 👩‍💻👍🏽, 🇩🇪🇫🇷 1️⃣!",
        "i ❤️ 👩‍💻 👍🏽 🇩🇪 🇫🇷 1️⃣",
    ),
}


def text_of(world):
    """A few hundred lines in which each kind of word stands in its own sentences."""
    rng = random.Random(7)
    lines = [
        sentence.format(word)
        for words, sentences in (
            (world.first.split(), world.first_sentences),
            (world.second.split(), world.second_sentences),
        )
        for word, sentence in itertools.product(words, sentences)
    ] * 30
    rng.shuffle(lines)
    return lines


def significant(text):
    """What may not be lost: letters, marks, digits, pictures, joiners, private characters."""
    return [c for c in text if unicodedata.category(c)[0] not in "ZPCS" or is_picture(c)]


def is_picture(character):
    return unicodedata.category(character) in ("So", "Sk") and character >= "☀"


def corpus_of(world, *lines):
    tokenizer = {f"{__name__}:thai": thai, f"{__name__}:chinese": chinese}
    return Corpus(list(lines), tokenizer=tokenizer.get(world.tokenizer, world.tokenizer))


every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())


@every_world
def test_tokens_are_sensible(world):
    assert list(corpus_of(world, world.line)) == [world.tokens.split()]


@every_world
def test_nothing_is_lost(world):
    lines = [*text_of(world), world.line]
    for line, tokens in zip(lines, corpus_of(world, *lines), strict=True):
        before = line.casefold() if world.tokenizer == "words" else line
        assert significant("".join(tokens)) == significant(before), line


def test_the_comparison_would_notice():
    assert significant("aé 3.5, 👍🏽 क्ष") == [*"aé35👍🏽क्ष"]
    assert significant("aé") != significant("ae")
    assert significant("می‌خواهم") != significant("می‌خوام")


def apart(vectors, world):
    """Mean cosine of words of a kind less that of words of different kinds."""
    first, second = world.first.split(), world.second.split()
    pairs = list(itertools.combinations(first, 2)) + list(itertools.combinations(second, 2))
    alike = np.mean([vectors.similarity(a, b) for a, b in pairs])
    return alike - np.mean([vectors.similarity(a, b) for a, b in itertools.product(first, second)])


@every_world
def test_from_a_text_to_printed_neighbours(world, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = text_of(world)
    (tmp_path / "text.txt").write_text("\n".join(lines) + "\n", "utf-8")

    def train(out, *more):
        words = ["train", "skipgram", "text.txt", "-o", out, "--tokenizer", world.tokenizer]
        words += ["--dim", "16", "--min-count", "1", "--window", "3", "--threads", "1"]
        assert main([*words, "--subsample", "0", *more]) == 0, capsys.readouterr().err
        return load(out).vectors

    # the control: with a rate of zero nothing is learnt, and the kinds are not told apart
    assert apart(train("zero.firth", "--rate", "0", "--epochs", "1"), world) < 0.2
    vectors = train("x.firth", "--rate", "0.1", "--epochs", "10")
    assert apart(vectors, world) > 0.3

    # each token of the text has its row, under its own name and with its count
    counts = Counter(itertools.chain.from_iterable(corpus_of(world, *lines)))
    assert dict(zip(vectors.names, vectors.vocabulary.counts, strict=True)) == counts
    assert main(["convert", "x.firth", "x.vec"]) == 0
    assert load_vectors("x.vec").names == vectors.names

    for word in [world.first.split()[0], world.second.split()[0]]:
        capsys.readouterr()
        assert main(["neighbors", "x.firth", word, "-n", "5"]) == 0
        rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert len(rows) == 5
        numbers = [float(number) for _, number in rows]
        assert numbers == sorted(numbers, reverse=True)
        assert [name for name, _ in rows] == [n.word for n in vectors.nearest(word, n=5)]
        assert word not in dict(rows)

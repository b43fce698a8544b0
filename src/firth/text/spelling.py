"""How units become text again: where blanks stand between words.

Words are joined by one blank. Only where a tokenizer has found words in a script that is written
without blanks (Chinese, Japanese, Thai…), none stands where two such characters meet. Characters
are joined as they are; in subwords "▁" is the blank. A line end is a line feed.
"""

from __future__ import annotations

from firth.text.subword_pieces import BLANK

LINE_END = "<eos>"
#: what ends a line, by unit
LINE_ENDS = {"word": LINE_END, "character": "\n", "subword": LINE_END}

#: tokenizers that cut at blanks: there were some between all words, whatever the script
AT_BLANKS = ("whitespace", "blanks", "given")
#: first and last code points of scripts and punctuation that need no blanks between words
_NO_BLANKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # Han, kana, their punctuation
    (0xF900, 0xFAFF),  # more Han
    (0xFF00, 0xFF9F),  # full-width forms
    (0x20000, 0x3FFFF),  # more Han
)


def needs_no_blank(character: str) -> bool:
    """Whether it is of a script that is written without blanks between words."""
    code = ord(character)
    return any(first <= code <= last for first, last in _NO_BLANKS)


class Joiner:
    """Called with one unit after another: what each adds to the text.

    before: the text that stands before the first unit.  tokenizer: that words were cut by.
    """

    def __init__(self, unit: str, before: str = "", tokenizer: str = "words") -> None:
        self._unit, self._line_end = unit, LINE_ENDS[unit]
        self._at_blanks = tokenizer in AT_BLANKS
        self._last = before[-1:]
        #: whether a blank is there already, or a line begins
        self._has_blank = not self._last or self._last.isspace()

    def __call__(self, name: str) -> str:
        if name == self._line_end:
            self._has_blank = True
            return "\n"
        text = self._text(name)
        self._has_blank, self._last = False, text[-1:] or self._last
        return text

    def _text(self, name: str) -> str:
        if self._unit == "subword":
            text = name.replace(BLANK, " ")
            return text.removeprefix(" ") if self._has_blank else text
        if self._unit == "character" or self._has_blank or not name:
            return name
        if self._at_blanks or not (needs_no_blank(self._last) and needs_no_blank(name[0])):
            return f" {name}"
        return name

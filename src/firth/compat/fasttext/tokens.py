"""Texts and names as the package gives them."""

from __future__ import annotations

import re

from firth.text.subwords import LINE_END

#: a token or a line end; the blanks are fastText's
TOKEN = re.compile("\n|[^ \n\r\t\v\f\0]+")
#: what `>>` of C++ splits at
BLANKS = re.compile("[ \n\r\t\v\f]+")


def tokens_of(text: str) -> list[str]:
    """Its tokens; a line end is one too."""
    return [LINE_END if token == "\n" else token for token in TOKEN.findall(text)]


#: a line end that stands there as a word
WRITTEN = re.compile(f"(?:^|[ \r\t\v\f\0]){LINE_END}(?:[ \r\t\v\f\0]|$)")


def first_line(text: str) -> str:
    """What is predicted of a text: up to its line end, or a </s> that is written out."""
    line = text.partition("\n")[0]
    return WRITTEN.split(line, 1)[0] if LINE_END in line else line


def words_of(text: str) -> list[str]:
    """The words of the first line."""
    return [word for word in BLANKS.split(text.partition("\n")[0]) if word]


def readable(name: str, on_unicode_error: str) -> str:
    """`name`; bytes of it that are no UTF-8 (as surrogates) as `on_unicode_error` wants them.

    Raises:
        UnicodeDecodeError: there are such, and it is "strict".
    """
    if name.isascii():
        return name
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", on_unicode_error)
    return name

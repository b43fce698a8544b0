"""Opening what the user calls MODEL: a model folder, or any file of word vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firth.errors import FormatError, SettingError, did_you_mean
from firth.files import rescue

if TYPE_CHECKING:
    from firth.text.tokens import Tokenizer
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

#: bytes from which a copy of a foreign file is kept for the next time
LARGE = 20_000_000


def is_folder_of_ours(path: str) -> bool:
    """Whether `path` is a model folder that firth wrote."""
    return (Path(path) / "model.json").is_file()


def is_phrases(path: str) -> bool:
    """Whether `path` is a folder of phrases (it may still be damaged)."""
    import json

    try:
        return json.loads((Path(path) / "model.json").read_bytes()).get("kind") == "phrases"
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def open_vectors(path: str) -> Vectors:
    """The vectors of a model folder or of any file that `formats` reads.

    Raises:
        FormatError: nothing there, or nothing that can be read.
    """
    must_exist(path)
    if is_model(path):
        return open_fitted(path).must_have_vectors(path)
    from firth.vectors.formats import load_vectors

    # a text file of that size takes seconds to read; its copy is opened at once
    large = Path(path).is_file() and Path(path).stat().st_size >= LARGE
    return load_vectors(path, cache=large)


def is_model(path: str) -> bool:
    """Whether `path` is a whole model: a folder of ours, or a .bin or .ftz of fastText."""
    from firth.vectors.fitted import is_fasttext

    return is_folder_of_ours(path) or is_fasttext(path)


def kind_of(path: str) -> str:
    """The kind of a model (`is_model`), without opening what is large."""
    if is_folder_of_ours(path):
        from firth.vectors.fitted import read_model

        return str(read_model(Path(path)).get("kind"))
    return open_fitted(path).kind


def open_fitted(path: str) -> Fitted:
    """The whole model of a folder that firth wrote, or of a .bin or .ftz of fastText.

    Raises:
        FormatError: the path holds vectors only, or nothing.
    """
    must_exist(path)
    from firth.vectors.fitted import load

    # words cut inside a character, as in released files of fastText, are named in a note
    return load(path, encoding_errors="replace")


def open_to_ask(path: str) -> tuple[Vectors, Callable[[str], str]]:
    """The vectors, and what turns a text that was typed into one of their words.

    Raises:
        FormatError: as in `open_vectors`.
    """
    must_exist(path)
    fitted = open_fitted(path) if is_model(path) else None
    vectors = open_vectors(path) if fitted is None else fitted.must_have_vectors(path)
    return vectors, reader(fitted)


def reader(fitted: Fitted | None) -> Callable[[str], str]:
    """How a text given as one word is looked up: "new york" as new_york, if the model joins it.

    fitted: None for a file of vectors, which knows of no phrases.
    """
    if fitted is None or fitted.phrases is None:
        return lambda text: text
    phrases, vocabulary, corpus = fitted.phrases, fitted.vocabulary, fitted.corpus

    def read(text: str) -> str:
        if text in vocabulary or not any(character.isspace() for character in text.strip()):
            return text
        tokens = phrases.apply(tokenizer_like(corpus, None, None)(text))
        # more than one is no phrase: the message is about what was typed
        return tokens[0] if len(tokens) == 1 else text

    return read


def must_exist(path: str) -> None:
    """
    Raises:
        FormatError: there is nothing under this name; names nearby are offered.
    """
    rescue(Path(path))
    if Path(path).exists():
        return
    folder = Path(path).parent
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        raise FormatError(path, "no such folder", "a model folder or a file of vectors") from None
    near = did_you_mean(Path(path).name, names).strip()
    raise FormatError(path, "nothing", "a model folder or a file of vectors", near)


def tokenizer_like(
    summary: dict[str, Any], tokenizer: str | None, fold_case: bool | None
) -> Tokenizer:
    """The tokenizer that a model's text was cut with, unless another is asked for.

    summary: of the model's corpus, as in its `model.json`. A function named there is not
    called: a model comes from anywhere, and must not be able to run code.

    Raises:
        SettingError: it was cut by a function, which only the user may name.
    """
    from firth.text.tokens import Tokenizer

    stored = str(summary.get("tokenizer", "words"))
    if tokenizer is None and (stored == "given" or _is_function(stored)):
        how = "given as tokens" if stored == "given" else f"cut by the function {stored}"
        again = "module:function" if stored == "given" else stored
        raise SettingError(
            f"The text of this model was {how}, which is not called on the word of a model; name "
            f"it yourself if you trust it: --tokenizer {again}"
        )
    if fold_case is None and tokenizer is None:
        fold_case = summary.get("fold_case")
    return Tokenizer(resolve_tokenizer(tokenizer or stored), fold_case)


def _is_function(name: str) -> bool:
    # a file's name may hold a colon, a function's no dot
    return ":" in name and not name.startswith(("bpe:", "unigram:")) and name[-5:] != ".json"


def resolve_tokenizer(name: str) -> str | Callable[[str], list[str]]:
    """A tokenizer's name as it is; `module:function` imported.

    Raises:
        SettingError: the module or the function is not there.
    """
    if not _is_function(name):
        return name
    import importlib
    import sys

    module_name, _, function_name = name.partition(":")
    # as `python -m` does: what stands in the current folder can be named
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise SettingError(
            f"tokenizer={name!r}: the module '{module_name}' cannot be imported ({error}); wanted "
            "words, signs, whitespace, blanks, characters, bpe:FILE, unigram:FILE or "
            "module:function."
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SettingError(
            f"tokenizer={name!r}: the module '{module_name}' has no function '{function_name}'."
        )
    return function

"""Opening what the user calls MODEL: a model folder, or any file of word vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from firth.errors import FormatError
from firth.files import rescue

if TYPE_CHECKING:
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

#: bytes from which a copy of a foreign file is kept for the next time
LARGE = 20_000_000


def is_folder_of_ours(path: str) -> bool:
    """Whether `path` is a model folder that firth wrote."""
    return (Path(path) / "model.json").is_file()


def open_vectors(path: str) -> Vectors:
    """The vectors of a model folder or of any file that `formats` reads.

    Raises:
        FormatError: nothing there, or nothing that can be read.
    """
    must_exist(path)
    if is_folder_of_ours(path):
        from firth.vectors.fitted import load

        return load(path).vectors
    from firth.vectors.formats import load_vectors

    # a text file of that size takes seconds to read; its copy is opened at once
    large = Path(path).is_file() and Path(path).stat().st_size >= LARGE
    return load_vectors(path, cache=large)


def open_fitted(path: str) -> Fitted:
    """The whole model of a folder that firth wrote.

    Raises:
        FormatError: the path holds vectors only, or nothing.
    """
    must_exist(path)
    from firth.vectors.fitted import load

    return load(path)


def must_exist(path: str) -> None:
    """
    Raises:
        FormatError: there is nothing under this name; names nearby are offered.
    """
    rescue(Path(path))
    if Path(path).exists():
        return
    from firth.errors import did_you_mean

    folder = Path(path).parent
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        raise FormatError(path, "no such folder", "a model folder or a file of vectors") from None
    near = did_you_mean(Path(path).name, names).strip()
    raise FormatError(path, "nothing", "a model folder or a file of vectors", near)


def corpus_like(
    fitted_corpus: dict, *sources: str, tokenizer: str | None, fold_case: bool | None
) -> Corpus:
    """A corpus read as the model's own was, unless told otherwise."""
    from firth.text.corpus import Corpus

    stored = fitted_corpus.get("tokenizer", "words")
    return Corpus(
        *sources,
        tokenizer=resolve_tokenizer(tokenizer or stored),
        fold_case=fitted_corpus.get("fold_case", True) if fold_case is None else fold_case,
    )


def resolve_tokenizer(name: str) -> str | Callable[[str], list[str]]:
    """A tokenizer's name as it is; `module:function` imported.

    Raises:
        SettingError: the module or the function is not there.
    """
    if ":" not in name:
        return name
    import importlib
    import sys

    from firth.errors import SettingError

    module_name, _, function_name = name.partition(":")
    # as `python -m` does: what stands in the current folder can be named
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise SettingError(
            f"tokenizer={name!r}: the module '{module_name}' cannot be imported ({error}); wanted "
            "words, whitespace, characters or module:function."
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SettingError(
            f"tokenizer={name!r}: the module '{module_name}' has no function '{function_name}'."
        )
    return function

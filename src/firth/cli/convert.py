"""`firth convert`: one format of word vectors into another."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import must_exist, open_vectors
from firth.cli.options import COMMON, Common
from firth.files import must_not_exist


def convert(
    source: str,
    target: str,
    /,
    *,
    from_: Annotated[str | None, Parameter(name=["--from"])] = None,
    to: str | None = None,
    limit: int | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    common: Common = COMMON,
) -> None:
    """Turn one format of word vectors into another.

    Formats: word2vec-text word2vec-binary glove fasttext-vec safetensors model2vec gensim
    projector firth. What IN is, its content tells; what OUT is to be, its name.

    Parameters
    ----------
    source
        The file or folder to read.
    target
        The file or folder to write.
    from_
        The format of IN, if its content is not to decide.
    to
        The format of OUT, if its name is not to decide.
    limit
        Take only this many first words.
    overwrite
        Replace OUT if it exists.
    """
    from pathlib import Path

    from firth.vectors.formats import load_vectors

    must_exist(source)
    must_not_exist(Path(target), overwrite)
    if from_ is None and limit is None:
        vectors = open_vectors(source)
    else:
        vectors = load_vectors(source, format=from_, limit=limit)
    output.call(
        common.verbose,
        f"firth.load_vectors({source!r}, format={from_!r}, limit={limit})"
        f".save({target!r}, format={to!r})",
    )
    vectors.save(target, format=to, overwrite=overwrite)
    if common.json:
        output.write_json({"path": target, "words": len(vectors), "dim": vectors.dim})
    else:
        output.write(f"{len(vectors):,} vectors of {vectors.dim} numbers are in {target}")

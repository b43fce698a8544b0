"""`firth convert`: one format of word vectors into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import is_model, kind_of, must_exist, open_fitted, open_vectors
from firth.cli.options import COMMON, Common
from firth.errors import SettingError, did_you_mean
from firth.files import must_not_exist
from firth.neural.published_layout import ENDINGS

#: what `firth convert` reads and writes beside word vectors: files that need others beside them
GLOVE_FILES = ("glove-binary", "glove-records")
#: weights of a published ELMo; their options are a second file
ELMO_FILE = "elmo-hdf5"

_FORMATS = (
    "word2vec-text word2vec-binary glove fasttext-vec fasttext-bin safetensors model2vec firth; "
    "projector; only read: gensim; to or from firth: glove-binary glove-records elmo-hdf5"
)
_FROM = f"The format of SOURCE, if its content is not to decide: {_FORMATS}."
_TO = "The format of TARGET, if its name is not to decide: one of the same."
_LIMIT = "Take only this many first words; not with glove-binary and glove-records."
_VOCABULARY = (
    "GloVe's vocab.txt, only with glove-binary and glove-records. With --from it is read and must "
    "be given, as their files hold no words; with --to it is written too."
)
_GRADSQ = (
    "GloVe's gradsq.bin, only with glove-binary. With --from it is read, and training can go on "
    "with the steps it had reached; with --to it is written too."
)
_OPTIONS = (
    "The options (JSON) of a published ELMo, beside its weights (.hdf5): read with SOURCE, or "
    "written with TARGET."
)


def convert(
    source: Annotated[str, Parameter(help="The file or folder to read.")],
    target: Annotated[str, Parameter(help="The file or folder to write.")],
    /,
    *,
    from_: Annotated[str | None, Parameter(name=["--from"], help=_FROM)] = None,
    to: Annotated[str | None, Parameter(help=_TO)] = None,
    limit: Annotated[int | None, Parameter(help=_LIMIT)] = None,
    vocabulary: Annotated[str | None, Parameter(help=_VOCABULARY)] = None,
    gradsq: Annotated[str | None, Parameter(help=_GRADSQ)] = None,
    options: Annotated[str | None, Parameter(help=_OPTIONS)] = None,
    overwrite: Annotated[
        bool, Parameter(negative=(), help="Replace what is to be written if it exists.")
    ] = False,
    common: Common = COMMON,
) -> None:
    """Turn one format into another: word vectors, GloVe's files, published ELMos.

    What SOURCE is, its content tells; what TARGET is to be, its name. Two formats must be named,
    with --from or --to: glove-binary is vectors.bin of GloVe's program, all that it has learnt;
    in firth it is a model folder of kind glove, which can be trained further. glove-records is
    cooccurrence.bin, or its shuffled form; in firth it is a folder of counts.

    Models of fastText (.bin, .ftz) and of the kinds fasttext and fasttext-classifier go over whole,
    with n-grams and labels: what is then written as .bin or .ftz is fastText's.
    """
    from firth.static.cooccurrence import is_counts
    from firth.vectors.formats import FORMATS, load_vectors

    for name in (from_, to):
        known = (*FORMATS, *GLOVE_FILES, ELMO_FILE)
        if name is not None and name not in known:
            raise SettingError(
                f"format '{name}' is not known.{did_you_mean(name, known)} "
                f"Formats: {', '.join(known)}."
            )
    must_exist(source)
    must_not_exist(Path(target), overwrite)
    if options is not None or _is_elmo(source, from_) or _is_elmo(target, to):
        from firth.cli import convert_elmo

        convert_elmo.must_be_plain(limit=limit, vocabulary=vocabulary, gradsq=gradsq)
        convert_elmo.convert(
            source, target, options, from_ == ELMO_FILE, to == ELMO_FILE, overwrite, common
        )
        return
    if from_ in GLOVE_FILES or to in GLOVE_FILES:
        from firth.cli import convert_glove

        convert_glove.convert(
            convert_glove.Asked(
                source, target, from_, to, limit, vocabulary, gradsq, overwrite, common
            )
        )
        return
    if is_counts(source):
        raise SettingError(
            f"{source} is a folder of co-occurrence counts, not of vectors; --to glove-records "
            "writes those, and firth train makes vectors of them."
        )
    for option, value in (("--vocabulary", vocabulary), ("--gradsq", gradsq)):
        if value is not None:
            raise SettingError(
                f"{option} goes with GloVe's own files; name them with --from or --to "
                f"{' or '.join(GLOVE_FILES)}, or leave it out."
            )
    if _goes_whole(source, target, from_, to, limit):
        _convert_fasttext(source, target, to, overwrite, common)
        return
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


def _is_elmo(path: str, format: str | None) -> bool:
    """Whether the format, or the name where there is none, says weights of a published ELMo."""
    return format == ELMO_FILE or (format is None and Path(path).suffix in ENDINGS)


def _goes_whole(source: str, target: str, from_: str | None, to: str | None, limit: Any) -> bool:
    """Whether a model of fastText becomes one: n-grams and labels too."""
    from firth.vectors.formats.fasttext_model import KINDS

    endings = {".bin": "fasttext-bin", ".ftz": "fasttext-bin", ".firth": "firth", "": "firth"}
    to = to or endings.get(Path(target).suffix)
    if to not in ("fasttext-bin", "firth") or limit is not None:
        return False
    if from_ == "fasttext-bin":
        return True
    return from_ in (None, "firth") and is_model(source) and kind_of(source) in KINDS


def _convert_fasttext(
    source: str, target: str, to: str | None, overwrite: bool, common: Common
) -> None:
    from firth.vectors.formats import fasttext_model

    fitted = open_fitted(source)
    of_fasttext = to == "fasttext-bin" or Path(target).suffix in (".bin", ".ftz")
    if of_fasttext:
        output.call(
            common.verbose,
            f"firth.vectors.formats.fasttext_model.write(firth.load({source!r}), {target!r})",
        )
        fasttext_model.write(fitted, target, overwrite)
    else:
        output.call(common.verbose, f"firth.load({source!r}).save({target!r})")
        fitted.save(target, overwrite=overwrite)
    document: dict[str, Any] = {"path": target, "words": len(fitted.vocabulary)}
    document["dim"] = fitted.must_have_vectors(source).dim
    labels = ""
    if fitted.labels is not None:
        document["labels"] = len(fitted.labels)
        labels = f" and {len(fitted.labels):,} labels"
    if common.json:
        output.write_json(document)
    else:
        output.write(
            f"{document['words']:,} words{labels} of {document['dim']} numbers are in {target}"
        )

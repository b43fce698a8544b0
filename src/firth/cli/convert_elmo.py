"""`firth convert` of published ELMo weights: HDF5 and JSON into a model folder, and back."""

from __future__ import annotations

from pathlib import Path

from firth.cli import output
from firth.cli.models import is_folder_of_ours, must_exist, open_fitted
from firth.cli.options import Common
from firth.errors import FormatError, SettingError
from firth.neural import need_torch
from firth.neural.published_layout import ENDINGS


def must_be_plain(**given: object) -> None:
    """
    Raises:
        SettingError: an option of word vectors was given.
    """
    for name, value in given.items():
        if value is not None:
            raise SettingError(
                f"--{name} is of word vectors, and an ELMo goes over whole; leave it out."
            )


def convert(
    source: str,
    target: str,
    options: str | None,
    reads: bool,
    writes: bool,
    overwrite: bool,
    common: Common,
) -> None:
    """reads, writes: it was said that SOURCE, or TARGET, holds published weights.

    Raises:
        SettingError: neither end is such weights, or both; no options.
    """
    reads = reads or (not is_folder_of_ours(source) and Path(source).suffix in ENDINGS)
    writes = writes or (not reads and Path(target).suffix in ENDINGS)
    if reads == writes:
        raise SettingError(
            f"--options goes with the weights of a published ELMo (.hdf5) as SOURCE or as TARGET, "
            f"and a model folder as the other; given were {source} and {target}."
        )
    if options is None:
        raise SettingError(
            "The weights of a published ELMo have their options in a second file; name it: "
            "--options options.json"
        )
    need_torch("An ELMo")
    from firth.neural.published_elmo import read_published, save_published

    if writes:
        if not is_folder_of_ours(source):
            raise FormatError(source, "no model folder", "an ELMo, as firth train elmo makes one")
        output.call(
            common.verbose,
            f"save_published(firth.load({source!r}), {target!r}, {options!r})",
        )
        fitted = open_fitted(source)
        notes = save_published(fitted, target, options, overwrite)
    else:
        must_exist(options)
        output.call(common.verbose, f"read_published({source!r}, {options!r}).save({target!r})")
        fitted = read_published(source, options)
        fitted.save(target, overwrite=overwrite)
        notes = [
            "there is no softmax in it, so that it gives vectors and predicts no words; it reads "
            "text that is cut into words already (do n't stop .)."
        ]
    dim, layers = fitted.settings["dim"], fitted.settings["layers"]
    if common.json:
        output.write_json({"path": target, "options": options, "layers": layers, "width": 2 * dim})
        return
    beside = f" and {options}" if writes else ""
    output.write(
        f"{layers + 1} representations of {2 * dim} numbers a word are in {target}{beside}"
    )
    for note in notes:
        output.say(f"firth: note: {note}")

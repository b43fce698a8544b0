"""Product quantisation with the package's arguments."""

from __future__ import annotations

from firth.compat.fasttext.arguments import renamed
from firth.compat.fasttext.files import labelled, must_open
from firth.compat.fasttext.shown import Shown
from firth.errors import SettingError
from firth.static.quantize import ModelQuantization, quantize
from firth.vectors.fitted import Fitted


def smaller(
    fitted: Fitted,
    *,
    input: str,
    prefix: str,
    output_too: bool,
    cutoff: int,
    retrain: bool,
    epoch: int,
    lr: float,
    thread: int,
    verbose: int,
    dsub: int,
    norms: bool,
) -> Fitted:
    """The quantised model.

    Raises:
        ValueError: it is no classifier, or quantised already; a file that is not there.
    """
    if fitted.labels is None:
        raise ValueError(
            "For now we only support quantization of supervised models; word vectors are made "
            "smaller by firth: firth.quantize_vectors(model.fitted.vectors)."
        )
    texts = None
    if retrain and cutoff > 0:  # without a cutoff there is nothing to make up for
        must_open(input, f"{input} cannot be opened for training!")
        texts = labelled(input, prefix)
    try:
        how = ModelQuantization(
            dsub=dsub,
            norms=norms,
            threads=max(0, thread),
            cutoff=max(0, cutoff),
            output_too=output_too,
            epochs=epoch,
            rate=lr,
        )
        return quantize(fitted, how, texts, Shown(verbose))
    except SettingError as error:
        raise renamed(error) from None

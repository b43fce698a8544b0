"""From arguments to a trained model."""

from __future__ import annotations

from typing import Any

from firth import compiled
from firth.compat.fasttext.arguments import OBJECTIVES, Args, loss_name, model_name, renamed
from firth.compat.fasttext.files import labelled, must_open
from firth.compat.fasttext.shown import Shown
from firth.errors import FitError, SettingError
from firth.static.machine import available_cores
from firth.vectors.fitted import Fitted


class EncounteredNaN(FitError, RuntimeError):
    """Training diverged; the package raises RuntimeError."""


def train(args: Args) -> Fitted:
    """The model that `args` asks for.

    Raises:
        ValueError: a file that is not there, texts that cannot be learnt from, a number out of
            range.  RuntimeError: the numbers overflowed.
    """
    if args.input == "-":
        raise ValueError("Cannot use stdin for training!")
    must_open(args.input, f"{args.input} cannot be opened for training!")
    shown = Shown(args.verbose)
    if compiled.is_cold():
        shown.say("compiling for this machine, once: about 25 s")
    try:
        if args.model == model_name.supervised:
            fitted = _supervised(args, shown)
        else:
            fitted = _unsupervised(args, shown)
    except SettingError as error:
        raise renamed(error) from None
    except FitError as error:
        raise EncounteredNaN(
            f"Encountered NaN. {error}".replace("--rate (rate=", "lr (lr=")
        ) from None
    # what it answers is what its file will answer
    fitted.corpus = {**fitted.corpus, "program": "fasttext", "label_prefix": args.label}
    if args.verbose > 0:
        shown.counted(fitted)
    return fitted


def shared(args: Args) -> dict[str, Any]:
    """The settings of both kinds."""
    return {
        "dim": args.dim,
        "rate": args.lr,
        "epochs": args.epoch,
        "min_count": max(1, args.minCount),
        "min_n": max(0, args.minn),
        "max_n": max(0, args.maxn),
        "buckets": args.bucket,
        "negatives": args.neg if args.loss == loss_name.ns else max(1, args.neg),
        "objective": OBJECTIVES[args.loss],
        # more threads than cores only get in each other's way
        "threads": max(0, min(args.thread, available_cores())),
        "seed": args.seed,
    }


def _supervised(args: Args, shown: Shown) -> Fitted:
    from firth.static.classifier import FastTextClassifier

    settings = FastTextClassifier(
        word_ngrams=max(1, args.wordNgrams),
        min_count_label=max(0, args.minCountLabel),
        **shared(args),
    )
    texts = labelled(args.input, args.label)
    if args.autotuneValidationFile:
        from firth.compat.fasttext.tuning import tune

        return tune(args, settings, texts, _given(args), shown)
    return settings.fit(texts, init_from=_given(args), progress=shown)


def _unsupervised(args: Args, shown: Shown) -> Fitted:
    from firth.static.fasttext import FastText

    if args.loss == loss_name.ova:
        raise SettingError(
            "loss=ova is for train_supervised; train word vectors with ns, hs or softmax."
        )
    settings = FastText(
        model=args.model.name,
        window=args.ws,
        subsample=args.t,
        noise_power=0.5,
        **shared(args),
    )
    # tokens that begin with the prefix of labels are no words
    corpus = labelled(args.input, args.label).corpus
    return settings.fit(corpus, init_from=_given(args), progress=shown)


def _given(args: Args) -> Any:
    """The vectors to start from."""
    if not args.pretrainedVectors:
        return None
    from firth.vectors.formats import load_vectors

    path = args.pretrainedVectors
    must_open(path, f"{path} cannot be opened for loading!")
    return load_vectors(path)

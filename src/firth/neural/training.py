"""How a neural net learns: the settings every neural model shares, without torch."""

from __future__ import annotations

from dataclasses import dataclass

from firth.settings import Settings, setting

OPTIMISERS = ("sgd", "adam", "adamw", "adagrad")
SCHEDULES = ("constant", "linear", "cosine", "halve", "plateau")

#: the first learning rate where none is given
RATES = {"sgd": 1.0, "adam": 0.002, "adamw": 0.002, "adagrad": 0.1}
#: what adagrad's sums of g^2 begin with. From 0, as torch has it, the first step moves every weight
#: by the whole rate, and an ELMo goes astray. bilm-tf begins with 1 for the gradient of 20 times
#: the mean loss (its windows have 20 words), which is 1/400 here, and right for its large net and
#: rate. Small nets hardly begin to learn with it. At rate 0.1, from 0, 1e-6 and 1/400: perplexity
#: of a language model after 100 steps 81, 83, 124 (125 from TensorFlow's 0.1); of an ELMo after 32
#: steps 1,487, 1,279, 1,270; loss of a tagger after 3 epochs 0.77, 0.66, 1.58
INITIAL_SUM = 1e-6
#: passes over the text where neither they nor a time are given
EPOCHS = 10


@dataclass(frozen=True)
class Training(Settings):
    """What the one loop (`train.train`) takes; settings of neural models inherit it."""

    optimiser: str = setting("adam", "how a gradient becomes a step", choices=OPTIMISERS)
    rate: float | None = setting(
        None, "learning rate at its highest; default: sgd 1, adam and adamw 0.002, adagrad 0.1",
        low=0,
    )  # fmt: skip
    schedule: str = setting(
        "cosine", "how the learning rate falls until the end", choices=SCHEDULES
    )
    warmup: int = setting(0, "first steps, over which the learning rate rises from 0", low=0)
    weight_decay: float = setting(0.0, "pull of the weights towards 0", low=0)
    initial_sum: float = setting(
        INITIAL_SUM, "what the sums of squared gradients begin with (adagrad)", low=0
    )
    clip_norm: float = setting(0.25, "longest gradient, as a norm; 0: no limit", low=0)
    clip_value: float = setting(0.0, "largest number in a gradient; 0: no limit", low=0)
    accumulate: int = setting(1, "batches whose gradients make one step", low=1)
    average: float = setting(
        0.0, "memory of the running average of weights that is kept (0.999, say); 0: none",
        low=0, high=0.99999,
    )  # fmt: skip
    epochs: int | None = setting(
        None, "passes over the text, at most; default: the preset's, else 10", low=1
    )
    minutes: float | None = setting(
        None, "minutes of training, in which the learning rate falls; default: no limit", low=0
    )
    patience: int = setting(
        0, "held-out measurements without a better one before stopping; 0: never stop", low=0
    )
    evaluate_every: int = setting(
        0, "steps between measurements on held-out text; 0: an epoch", low=0
    )
    device: str = setting("auto", "where it computes: auto, cpu, cuda, cuda:1, mps")
    precision: str = setting(
        "auto", "number format of products; auto: bf16 where the hardware has it, else fp32",
        choices=("auto", "fp32", "bf16"),
    )  # fmt: skip
    threads: int = setting(0, "processor cores to use; 0: those that are idle", low=0)
    seed: int = setting(
        1, "of the random numbers; one thread and one seed give the same bits", low=0
    )
    log: str | None = setting(
        None, "folder for log.jsonl and events for TensorBoard, which stays; default: none"
    )
    checkpoint_every: float = setting(60.0, "seconds between checkpoints", low=0)

    @property
    def kind(self) -> str:
        """What `firth train` calls it."""
        return "net"

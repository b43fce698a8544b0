"""The published ELMo in float64, from its specification: words -> representations.

Written from what the two programs compute (the layout is in `firth.neural.published_layout`), not
from our net: word by word, place by place, and arrays by their names in the files.
"""

import numpy as np

BEGIN_SENTENCE, END_SENTENCE, BEGIN_WORD, END_WORD, PADDING = range(256, 261)


def spelled(word, longest):
    """Row of `longest` symbols; a word given as a number is a border of a sentence."""
    inside = [word] if isinstance(word, int) else list(word.encode("utf-8")[: longest - 2])
    row = [BEGIN_WORD, *inside, END_WORD]
    return row + [PADDING] * (longest - len(row))


def token(options, weights, word):
    """x [P] of one word."""
    cnn = options["char_cnn"]
    C = weights["char_embed"][spelled(word, cnn["max_characters_per_token"])]
    active = {"relu": lambda y: np.maximum(y, 0), "tanh": np.tanh}[cnn["activation"]]
    found = []
    for i, (width, _) in enumerate(cnn["filters"]):
        W, b = weights[f"CNN/W_cnn_{i}"][0], weights[f"CNN/b_cnn_{i}"]
        answers = [
            np.einsum("wd,wdm->m", C[t : t + width], W) + b for t in range(len(C) - width + 1)
        ]
        found.append(active(np.max(answers, axis=0)))
    y = np.concatenate(found)
    for k in range(cnn["n_highway"]):
        name = f"CNN_high_{k}/"
        share = sigmoid(y @ weights[name + "W_carry"] + weights[name + "b_carry"])
        new = np.maximum(y @ weights[name + "W_transform"] + weights[name + "b_transform"], 0)
        y = share * new + (1 - share) * y
    if len(y) != options["lstm"]["projection_dim"]:
        y = y @ weights["CNN_proj/W_proj"] + weights["CNN_proj/b_proj"]
    return y


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def clipped(a, limit):
    return a if limit is None else np.clip(a, -limit, limit)


def read(options, weights, inputs, direction):
    """inputs [T, P] in the order of reading -> [T, P] of each layer."""
    lstm = options["lstm"]
    H, P = lstm["dim"], lstm["projection_dim"]
    outputs = []
    for layer in range(lstm["n_layers"]):
        name = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell/"
        c, h, line = np.zeros(H), np.zeros(P), []
        for x in inputs:
            i, j, f, o = np.split(
                np.concatenate([x, h]) @ weights[name + "W_0"] + weights[name + "B"], 4
            )
            c = clipped(sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j), lstm["cell_clip"])
            h = sigmoid(o) * np.tanh(c)
            if P < H:
                h = clipped(h @ weights[name + "W_P_0"], lstm["proj_clip"])
            line.append(h + x if layer and lstm["use_skip_connections"] else h)
        inputs = np.array(line)
        outputs.append(inputs)
    return outputs


def representations(options, weights, words):
    """[L + 1, T, 2 P] of one sentence."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    x = np.array([token(options, weights, w) for w in (BEGIN_SENTENCE, *words, END_SENTENCE)])
    forward = read(options, weights, x, 0)
    backward = [line[::-1] for line in read(options, weights, x[::-1], 1)]
    layers = [np.concatenate([x, x], 1)]
    layers += [np.concatenate(both, 1) for both in zip(forward, backward, strict=True)]
    return np.array(layers)[:, 1:-1]

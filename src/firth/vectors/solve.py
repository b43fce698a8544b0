"""The best answer of thousands of analogies at once.

The questions of a file share few words: 19,544 of google.txt have 905. So the cosines of those
words with a block of the vocabulary are one product, S float32[words, block], and a question
costs three passes over rows of S that are in the cache, not a product of its own:

    add   S[b] - S[a] + S[c]
    mul   P[b] P[c] / (P[a] + 0.001),  P = (1 + S) / 2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.vectors.rows import DENSE, dense, scores, span, unit
from firth.vectors.search import EPSILON, inverse

#: numbers of S held at once: 64 MB
HELD = 1 << 24


@dataclass
class Answers:
    """The best row and its score, per question."""

    rows: np.ndarray
    scores: np.ndarray


def solve(
    matrix: Any,
    norms: np.ndarray,
    questions: np.ndarray,
    banned: list[list[int]],
    mul: bool = False,
) -> dict[str, Answers]:
    """{"add": Answers} and, if `mul`, also "mul"; ties go to the first row.

    questions: int64[Q, 3], rows of a, b, c.  banned: per question the rows not to answer.
    """
    count, rows = len(questions), matrix.shape[0]
    answers = {
        name: Answers(np.full(count, -1), np.full(count, -np.inf, np.float32))
        for name in (["add", "mul"] if mul else ["add"])
    }
    words, places = np.unique(questions, return_inverse=True)
    triples = places.reshape(-1, 3).tolist()
    # of sparse rows only some are made dense at a time: the product is taken in parts
    parts = np.array_split(words, max(1, len(words) * matrix.shape[1] // (4 * DENSE)))
    directions = [dense(unit(matrix[part])).astype(np.float32) for part in parts]
    scale = inverse(norms)
    step = max(1024, min(rows, HELD // max(1, len(words))))
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        block = span(matrix, start, stop)
        cosines = np.concatenate([scores(some, block) for some in directions])
        cosines *= scale[start:stop]
        _add(cosines, triples, banned, answers["add"], start)
        if mul:
            _mul(cosines, triples, banned, answers["mul"], start)
    return answers


def _add(
    s: np.ndarray, triples: list[list[int]], banned: list[list[int]], best: Answers, start: int
) -> None:
    score = np.empty(s.shape[1], np.float32)
    for question, (a, b, c) in enumerate(triples):
        np.subtract(s[b], s[a], out=score)
        score += s[c]
        _keep(score, banned[question], best, question, start)


def _mul(
    s: np.ndarray, triples: list[list[int]], banned: list[list[int]], best: Answers, start: int
) -> None:
    # the cosines are not needed after this: their memory is used again
    p = np.multiply(s, np.float32(0.5), out=s)
    p += np.float32(0.5)
    below = np.reciprocal(p + np.float32(EPSILON))
    score = np.empty(s.shape[1], np.float32)
    for question, (a, b, c) in enumerate(triples):
        np.multiply(p[b], p[c], out=score)
        score *= below[a]
        _keep(score, banned[question], best, question, start)


def _keep(score: np.ndarray, banned: list[int], best: Answers, question: int, start: int) -> None:
    for out in banned:
        if start <= out < start + len(score):
            score[out - start] = -np.inf
    row = int(score.argmax())
    if score[row] > best.scores[question]:
        best.rows[question], best.scores[question] = start + row, score[row]

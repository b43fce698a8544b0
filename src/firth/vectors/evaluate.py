"""Word similarity and analogies, scored as one of five programs would; coverage always beside.

The presets are rows of `protocols`. The report of the protocol "firth" also has 3CosMul, the
mean over sections and a bootstrap interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firth.errors import SettingError
from firth.vectors import correlation
from firth.vectors.evaluation_reports import (
    AnalogyReport,
    SectionScore,
    SimilarityReport,
    total_of,
)
from firth.vectors.protocols import Protocol, key_of, protocol_named
from firth.vectors.questions import read_analogies, read_pairs
from firth.vectors.rows import dense, products, span, unit
from firth.vectors.solve import solve
from firth.vectors.vectors import Vectors

RESAMPLES = 1000


def evaluate_similarity(
    vectors: Vectors,
    path: str | Path,
    protocol: str = "firth",
    limit: int | None = None,
    unknown: str | None = None,
) -> SimilarityReport:
    """Correlation of cosines with the human scores of a file of pairs.

    limit: only the first rows are known (None: the protocol's).
    unknown: "drop" pairs with an unknown word; take "zero" for their similarity (gensim's
        dummy4unknown); or "infer" its vector from its n-grams, and drop the pair where it has
        none. If not given: infer with the protocols firth and fasttext, if the vectors have
        n-grams; else drop.

    Raises:
        FormatError: a malformed file, with its line.
        SettingError: an unknown protocol or policy.
    """
    rules = protocol_named(protocol)
    if unknown is None:
        unknown = "infer" if rules.infer and vectors.subwords is not None else "drop"
    _check("unknown", unknown, ("drop", "zero", "infer"))
    limit = _limit(limit, rules.pair_limit)
    keys = _Keys(vectors, rules.pair_case, limit, rules.without)
    pairs = read_pairs(path)
    rows = np.array([[keys.row(a), keys.row(b)] for a, b, _ in pairs])
    gold = np.array([score for _, _, score in pairs])
    known = np.asarray((rows >= 0).all(axis=1))
    similarities = np.zeros(len(pairs))
    similarities[known] = _cosines(vectors, rows[known], rules.single)
    scored = known.copy()
    if unknown == "infer":
        found, cosines = _inferred(vectors, [pair[:2] for pair in pairs], rows, keys)
        scored |= found
        similarities[found] = cosines
    if unknown != "zero":
        gold, similarities = gold[scored], similarities[scored]
    spearman = correlation.spearman(gold, similarities)
    return SimilarityReport(
        name=_name(path),
        protocol=protocol,
        limit=limit,
        case=rules.pair_case,
        unknown=unknown,
        spearman=float(round(100 * spearman)) if rules.whole and spearman == spearman else spearman,
        pearson=correlation.pearson(gold, similarities),
        pairs=len(pairs),
        covered=int(known.sum()),
        inferred=int(scored.sum() - known.sum()),
        interval=correlation.spearman_interval(gold, similarities, RESAMPLES)
        if protocol == "firth"
        else None,
        gold=gold,
        similarities=similarities,
    )


def evaluate_analogies(
    vectors: Vectors,
    path: str | Path,
    protocol: str = "firth",
    limit: int | None = None,
    unknown: str = "skip",
) -> AnalogyReport:
    """Accuracy of 3CosAdd (protocol firth: 3CosMul too) on a file of analogies.

    limit: ask and answer among the first rows only (None: the protocol's).
    unknown: "skip" questions with an unknown word, or count them as "wrong".

    Raises:
        FormatError: a malformed file, with its line.
        SettingError: an unknown protocol or policy.
    """
    rules = protocol_named(protocol)
    _check("unknown", unknown, ("skip", "wrong"))
    limit = _limit(limit, rules.analogy_limit)
    keys = _Keys(vectors, rules.analogy_case, limit, rules.without)
    sections = read_analogies(path)
    words = [question for section in sections for question in section.questions]
    row_of = {word: keys.row(word) for question in words for word in question}
    rows = np.array([[row_of[word] for word in question] for question in words])
    known = np.asarray((rows >= 0).all(axis=1))
    right, right_mul = _right(vectors, keys, rules, rows[known])
    scores, at, done = {}, 0, 0
    for section in sections:
        asked = len(section.questions)
        covered = int(known[at : at + asked].sum())
        part = slice(done, done + covered)
        scores[section.name] = SectionScore(
            correct=int(right[part].sum()),
            asked=asked,
            covered=covered,
            scored=asked if unknown == "wrong" else covered,
            correct_mul=None if right_mul is None else int(right_mul[part].sum()),
        )
        at, done = at + asked, done + covered
    total = total_of(list(scores.values()))
    return AnalogyReport(
        name=_name(path),
        protocol=protocol,
        limit=limit,
        case=rules.analogy_case,
        unknown=unknown,
        sections=scores,
        interval=_interval(total.correct, total.scored) if protocol == "firth" else None,
    )


class _Keys:
    """Rows by the key that a protocol compares; of one key the first row is the word's."""

    def __init__(self, vectors: Vectors, case: str, limit: int | None, without: str | None) -> None:
        names = vectors.names if limit is None else vectors.names[:limit]
        self.key = key_of(case)
        self.keys = [self.key(name) for name in names]
        self.first: dict[str, int] = {}
        self.others: dict[str, list[int]] = {}
        self.exact = {name: row for row, name in enumerate(names)} if case == "fold" else {}
        self.without = [] if without is None else [r for r, n in enumerate(names) if n == without]
        for row, key in enumerate(self.keys):
            if self.first.setdefault(key, row) != row:
                self.others.setdefault(key, []).append(row)
        for row in self.without:
            self.first.pop(self.keys[row], None)

    def row(self, word: str) -> int:
        """-1 if it is not known."""
        if word in self.exact:
            return self.exact[word]
        return self.first.get(self.key(word), -1)

    def variants(self, row: int) -> list[int]:
        """All rows with the key of `row`."""
        key = self.keys[row]
        return [self.first.get(key, row), *self.others.get(key, ())]


def _right(
    vectors: Vectors, keys: _Keys, rules: Protocol, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Per question (a, b, c, d) of `rows`: whether the answer is right; the same by 3CosMul."""
    if not len(rows):
        return np.zeros(0, bool), np.zeros(0, bool) if rules.mul else None
    banned = [[*_banned(keys, rules, question[:3]), *keys.without] for question in rows.tolist()]
    limit = len(keys.keys)
    matrix, norms = span(vectors.matrix, 0, limit), vectors.norms[:limit]
    answers = solve(matrix, norms, rows[:, :3], banned, rules.mul)
    results = [
        np.array(
            [
                _is_right(keys, rules, matrix, question, int(row), float(score))
                for question, row, score in zip(
                    rows.tolist(), found.rows, found.scores, strict=True
                )
            ]
        )
        for found in answers.values()
    ]
    return results[0], results[1] if rules.mul else None


def _banned(keys: _Keys, rules: Protocol, question: Sequence[int]) -> list[int]:
    if rules.variants == "answered" or not keys.others:
        return list(question)
    return [variant for row in question for variant in keys.variants(row)]


def _is_right(
    keys: _Keys,
    rules: Protocol,
    matrix: np.ndarray,
    question: list[int],
    row: int,
    score: float,
) -> bool:
    if row < 0 or keys.keys[row] != keys.keys[question[3]]:
        return False
    if rules.positive and score <= 0:
        return False
    if rules.top is None:
        return True
    # gensim gives up if the first five answers are all other spellings of a, b and c
    others = set(_banned(keys, rules, question[:3])) - set(question[:3])
    if len(others) < rules.top:
        return True
    a, b, c = unit(dense(matrix[question[:3]]))
    above = (unit(matrix[sorted(others)]) @ (b - a + c)) > score
    return int(above.sum()) < rules.top


def _cosines(vectors: Vectors, rows: np.ndarray, single: bool) -> np.ndarray:
    """float64[n]; `single`: in float32 throughout, as gensim."""
    if not single:
        a, b = unit(vectors.matrix[rows[:, 0]]), unit(vectors.matrix[rows[:, 1]])
        return products(a, b)
    values = []
    for first, second in rows.tolist():
        a, b = (_single_unit(row) for row in dense(vectors.matrix[[first, second]]))
        values.append(np.dot(a, b))
    return np.array(values, np.float64)


def _inferred(
    vectors: Vectors, pairs: list[tuple[str, str]], rows: np.ndarray, keys: _Keys
) -> tuple[np.ndarray, np.ndarray]:
    """(bool[pairs], their cosines): those with a word whose vector its n-grams give."""
    if vectors.subwords is None:
        raise SettingError(
            'unknown="infer" needs vectors with n-grams, which these have not; train the kind '
            'fasttext, or give unknown="drop".'
        )
    flat, words = rows.ravel(), [keys.key(word) for pair in pairs for word in pair]
    missing = np.flatnonzero(flat < 0)
    made, able = vectors.subwords.of([words[i] for i in missing])
    sides = np.zeros((len(flat), vectors.dim), np.float32)
    sides[flat >= 0] = dense(vectors.matrix[flat[flat >= 0]])
    sides[missing] = made
    usable = np.ones(len(flat), bool)
    usable[missing] = able
    both = np.asarray(usable.reshape(-1, 2).all(axis=1) & (rows < 0).any(axis=1))
    return both, products(unit(sides[0::2][both]), unit(sides[1::2][both]))


def _single_unit(row: np.ndarray) -> np.ndarray:
    wide = row.astype(np.float64)
    length = float(np.linalg.norm(wide))
    return (wide * (1.0 / length)).astype(np.float32) if length > 0 else row


def _interval(correct: int, scored: int) -> tuple[float, float] | None:
    """Questions drawn anew give a binomial number of right ones."""
    if not scored:
        return None
    draws = np.random.default_rng(1).binomial(scored, correct / scored, RESAMPLES) / scored
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def _name(path: str | Path) -> str:
    name = Path(path).name
    for suffix in (".gz", ".bz2", ".xz", ".zip", ".txt", ".tsv", ".csv"):
        name = name.removesuffix(suffix)
    return name


def _limit(given: int | None, usual: int | None) -> int | None:
    if given is not None and given < 1:
        raise SettingError(f"limit={given} is out of range; wanted at least 1.")
    return usual if given is None else given


def _check(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingError(f"{name}={value!r} is not one of {', '.join(choices)}.")

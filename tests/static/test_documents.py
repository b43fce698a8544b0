"""PV-DBOW and PV-DM as models: planted topics, ids, inference, going on, bad input."""

import dataclasses
import itertools
import random

import numpy as np
import pytest

from firth import PVDBOW, PVDM, Corpus, load
from firth.errors import CorpusError, FitError, FormatError, SettingError, VocabularyError
from firth.progress import Progress
from firth.static.infer import Inference, infer
from firth.text.labelled import Labelled

TOPICS = 4
SMALL = {
    "dim": 20, "min_count": 1, "subsample": 0.0, "window": 3, "epochs": 20, "rate": 0.05,
    "shrink_windows": True,  # of more words around a place less is left for the document to tell
}  # fmt: skip
ONE = SMALL | {"threads": 1}


def topics(many=120, seed=1):
    """Documents of four topics, one after another in turn; half of the words are common to all."""
    rng = random.Random(seed)
    common = [f"c{i}" for i in range(20)]
    words = [[f"t{topic}w{i}" for i in range(15)] for topic in range(TOPICS)]
    return [
        [
            rng.choice(words[d % TOPICS] if rng.random() < 0.5 else common)
            for _ in range(rng.randint(20, 50))
        ]
        for d in range(many)
    ]


def score(matrix):
    """Share of the five nearest documents that are of one's own topic; chance is 1 / TOPICS."""
    matrix = np.asarray(matrix, np.float64)
    unit = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    near = np.argsort(-cosines, axis=1)[:, :5]
    return float(np.mean(near % TOPICS == np.arange(len(matrix))[:, None] % TOPICS))


@pytest.fixture(scope="module")
def world():
    return topics()


WAYS = [
    pytest.param(kind, way | {"objective": objective}, id=f"{name}-{short}")
    for name, kind, way in (
        ("dbow", PVDBOW, {}),
        ("dbow-words", PVDBOW, {"words": True}),
        ("dbow-exact", PVDBOW, {"exact": True}),
        ("dm-mean", PVDM, {}),
        ("dm-exact", PVDM, {"exact": True}),
        ("dm-sum", PVDM, {"combine": "sum"}),
    )
    for short, objective in (("ns", "negative-sampling"), ("hs", "hierarchical-softmax"))
]
CONCATENATION = [
    pytest.param(PVDM, {"combine": "concatenation", "objective": objective}, id=f"dm-conc-{short}")
    for short, objective in (("ns", "negative-sampling"), ("hs", "hierarchical-softmax"))
]


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_finds_the_topics(kind, way, world):
    untrained = kind(**ONE | way | {"rate": 0.0, "epochs": 1}).fit(world)
    assert score(untrained.documents) < 0.4
    fitted = kind(**ONE | way).fit(world)
    assert score(fitted.documents) > 0.9
    losses = [entry["loss"] for entry in fitted.history]
    assert losses[-1] < losses[0]
    # and of documents it has not seen
    other = topics(80, seed=2)
    vectors, known = infer(fitted, other, threads=1)
    assert known.all()
    assert score(vectors) > 0.85
    both = [fitted.documents.nearest(vector, n=5) for vector in vectors[:20]]
    right = [
        int(one.document) % TOPICS == d % TOPICS for d, some in enumerate(both) for one in some
    ]
    assert np.mean(right) > 0.85


@pytest.mark.parametrize(("kind", "way"), CONCATENATION)
def test_concatenation_finds_the_topics_with_more_text(kind, way, world):
    """It has 2 c + 1 times as much to learn."""
    settings = ONE | way | {"epochs": 60, "window": 1, "dim": 8}
    untrained = kind(**settings | {"rate": 0.0, "epochs": 1}).fit(world)
    assert score(untrained.documents) < 0.4
    fitted = kind(**settings).fit(world)
    assert score(fitted.documents) > 0.7
    assert fitted.state["output"].shape[1] == 8 * 3


@pytest.mark.heavy  # to compile, not to run
@pytest.mark.parametrize("objective", ["softmax", "sampled-softmax"])
@pytest.mark.parametrize("kind", [PVDBOW, PVDM])
def test_the_other_objectives_do_it_too(kind, objective, world):
    fitted = kind(**ONE | {"objective": objective}).fit(world)
    assert score(fitted.documents) > 0.9


@pytest.mark.parametrize(("kind", "way"), WAYS + CONCATENATION)
def test_one_thread_and_one_seed_give_the_same_bits_and_the_folder_keeps_them(
    kind, way, world, tmp_path
):
    model = kind(**ONE | way | {"epochs": 2})
    one, two = model.fit(world), model.fit(world)
    np.testing.assert_array_equal(one.documents.matrix, two.documents.matrix)
    np.testing.assert_array_equal(one.state["output"], two.state["output"])
    other = dataclasses.replace(model, seed=2).fit(world)
    assert not np.array_equal(one.documents.matrix, other.documents.matrix)
    one.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    np.testing.assert_array_equal(again.documents.matrix, one.documents.matrix)
    assert (again.vectors is None) == (one.vectors is None)
    assert again.documents.names is None
    assert kind.from_json(again.settings) == model
    np.testing.assert_array_equal(
        infer(again, world[:9]).vectors, infer(one, world[:9], threads=1).vectors
    )


@pytest.mark.parametrize("kind", [PVDBOW, PVDM])
def test_two_threads_find_them_too(kind):
    fitted = kind(**SMALL | {"threads": 2}).fit(topics(1200))
    assert score(fitted.documents.matrix[:200]) > 0.9


# --- what the vectors of words are ---------------------------------------------------------------


def test_words_of_plain_pvdbow_lie_in_the_space_of_documents(world):
    fitted = PVDBOW(**ONE).fit(world)
    np.testing.assert_array_equal(fitted.vectors.matrix, fitted.state["output"])
    near = fitted.documents.nearest(fitted.vectors["t2w3"], n=10)
    assert np.mean([int(one.document) % TOPICS == 2 for one in near]) > 0.8
    words = fitted.vectors.nearest("t1w1", n=5)
    assert all(one.word.startswith("t1") for one in words)
    hs = PVDBOW(**ONE | {"objective": "hierarchical-softmax", "epochs": 1}).fit(world)
    assert hs.vectors is None
    assert list(hs.vocabulary) == list(fitted.vocabulary)


@pytest.mark.parametrize(("kind", "way"), [(PVDBOW, {"words": True}), (PVDM, {})])
def test_words_that_learn_too_are_alike_where_they_should(kind, way, world):
    fitted = kind(**ONE | way).fit(world)
    near = [fitted.vectors.nearest(f"t{t}w{i}", n=3) for t in range(TOPICS) for i in range(15)]
    right = [one.word[:2] == f"t{n // 15}" for n, some in enumerate(near) for one in some]
    assert np.mean(right) > 0.8


# --- ids -----------------------------------------------------------------------------------------


def test_class_labels_are_ids(world):
    """Worked example 16 of the notes (JADS): PV-DM and PV-DBOW accept a class label as the id."""
    labelled = [(f"topic {d % TOPICS}", text) for d, text in enumerate(world)]
    for kind in (PVDBOW, PVDM):
        fitted = kind(**ONE).fit(labelled)
        assert sorted(fitted.documents.ids) == [f"topic {t}" for t in range(TOPICS)]
        vectors, _ = infer(fitted, topics(40, seed=3))
        right = [
            fitted.documents.nearest(vector, n=1)[0].document == f"topic {d % TOPICS}"
            for d, vector in enumerate(vectors)
        ]
        assert np.mean(right) > 0.95
        # its own words are nearer to a label than those of the others
        untrained = kind(**ONE | {"rate": 0.0, "epochs": 1}).fit(labelled)
        vectors, _ = infer(untrained, topics(40, seed=3))
        assert not vectors.any()


def test_ids_of_every_way_are_the_same_model(world, tmp_path):
    lines = [" ".join(text) for text in world]
    ids = [f"d{d}" for d in range(len(lines))]
    cut = {"tokenizer": "whitespace"}
    tsv = tmp_path / "t.tsv"
    tsv.write_text("id\ttext\n" + "".join(f"{i}\t{t}\n" for i, t in zip(ids, lines, strict=True)))
    marked = tmp_path / "t.txt"
    marked.write_text("".join(f"__label__{i} {t}\n" for i, t in zip(ids, lines, strict=True)))
    pairs = list(zip(ids, lines, strict=True))
    model = PVDBOW(**ONE | {"epochs": 2})
    numbered = model.fit(Corpus(lines, **cut))
    assert numbered.documents.names is None
    for given in (
        Labelled(tsv, text="text", label="id", **cut),
        Labelled(marked, **cut),
        Labelled(pairs, **cut),
        [([i], t.split()) for i, t in pairs],
        iter([(i, t.split()) for i, t in pairs]),
    ):
        fitted = model.fit(given)
        assert fitted.documents.ids == ids
        np.testing.assert_array_equal(fitted.documents.matrix, numbered.documents.matrix)


def test_an_id_that_comes_twice_is_one_row(world):
    twice = [("a" if d in (3, 7) else str(d), text) for d, text in enumerate(world[:20])]
    fitted = PVDBOW(**ONE | {"epochs": 1}).fit(twice)
    assert len(fitted.documents) == 19
    assert fitted.documents.names.counts[fitted.documents.row("a")] == 2
    with pytest.raises(
        CorpusError, match=r"id 'a' names document 4 and again document 8; unique_ids wants"
    ):
        PVDBOW(**ONE | {"unique_ids": True}).fit(twice)
    with pytest.raises(CorpusError, match="id 'b' names document 1 twice"):
        PVDBOW(**ONE | {"unique_ids": True}).fit([(["b", "b"], "x y"), ("c", "x z")])


def test_several_ids_and_none():
    rng = random.Random(1)
    texts = [rng.choices(["a", "b"] if d % 2 else ["c", "d"], k=30) for d in range(60)]
    ids = [[f"d{d}", "odd" if d % 2 else "even"] for d in range(60)]
    ids[10] = ids[11] = []
    for kind, way in itertools.product((PVDBOW, PVDM), ({}, {"exact": True})):
        fitted = kind(**ONE | way).fit(list(zip(ids, texts, strict=True)))
        documents = fitted.documents
        assert len(documents) == 60
        assert "d10" not in documents
        # the even words are not the odd ones
        near = documents.nearest("odd", n=20, exclude=["even"])
        assert np.mean([int(one.document[1:]) % 2 for one in near]) > 0.7
    # the same id twice with one document is the id once
    one, other = (
        PVDBOW(**ONE | {"epochs": 2}).fit([(some, ["x", "y"] * 9), ("z", ["y"] * 9)])
        for some in (["a"], ["a", "a"])
    )
    np.testing.assert_array_equal(one.documents.matrix, other.documents.matrix)
    with pytest.raises(CorpusError, match="None of the 2 documents has an id"):
        PVDBOW(**ONE).fit([([], "x y"), ([], "y z")])


@pytest.mark.parametrize("kind", [PVDBOW, PVDM])
def test_an_empty_document_keeps_its_place(kind, world):
    texts = [*world[:5], [], ["only", "here"], *world[5:30], []]
    fitted = kind(**ONE | {"min_count": 2, "epochs": 3}).fit(texts)
    assert len(fitted.documents) == len(texts)
    assert np.flatnonzero(fitted.documents.empty).tolist() == [5, 6, len(texts) - 1]
    assert not fitted.documents.matrix[5].any()
    # the rows after it are those of their own documents
    without = kind(**ONE | {"min_count": 2, "epochs": 3}).fit(
        [("a", []), *((str(d), text) for d, text in enumerate(texts))]
    )
    assert without.documents.empty[[0, 6, 7, len(texts)]].all()
    assert fitted.documents.nearest(5, n=3)[0].similarity == 0


# --- new documents -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "way"), WAYS[:8:2] + CONCATENATION)
def test_a_text_has_one_vector_whatever_is_beside_it(kind, way, world):
    fitted = kind(**ONE | way | {"epochs": 3, "subsample": 0.01}).fit(world)
    before = [matrix.copy() for matrix in fitted.state.values()]
    texts = topics(3000, seed=5)
    ready = Inference(fitted)
    one, two = ready(texts, threads=1), ready(texts, threads=2)
    np.testing.assert_array_equal(one.vectors, two.vectors)
    for d in (0, 1, 2999):
        np.testing.assert_array_equal(ready([texts[d]]).vectors[0], one.vectors[d])
    again = infer(fitted, texts[::-1])
    np.testing.assert_array_equal(again.vectors[::-1], one.vectors)
    other = ready(texts[:5], seed=9)
    assert not np.array_equal(other.vectors, one.vectors[:5])
    for matrix, was in zip(fitted.state.values(), before, strict=True):
        np.testing.assert_array_equal(matrix, was)


def test_inference_of_nothing_known(world):
    fitted = PVDM(**ONE | {"epochs": 2}).fit(world)
    vectors, known = infer(fitted, [["t1w1", "zebra"], [], ["zebra"], ["c1"]])
    assert known.tolist() == [True, False, False, True]
    assert not vectors[1:3].any()
    assert vectors[[0, 3]].any(axis=1).all()
    nothing = infer(fitted, [["zebra"]])
    assert not nothing.known.any() and not nothing.vectors.any()
    assert infer(fitted, []).vectors.shape == (0, 20)


def test_inference_is_the_best_row(world):
    """J is concave in the row: more passes of inference come nearer to one and the same place."""
    fitted = PVDBOW(**ONE | {"objective": "hierarchical-softmax"}).fit(world)
    text = world[:6]
    long = infer(fitted, text, epochs=400).vectors
    far = [np.linalg.norm(infer(fitted, text, epochs=n).vectors - long) for n in (5, 40, 200)]
    assert far == sorted(far, reverse=True)
    assert far[2] < 0.5 * far[0]


def test_lines_are_cut_as_the_model_was(world):
    lines = [" ".join(text).upper() for text in world]
    fitted = PVDBOW(**ONE | {"epochs": 2}).fit(lines)
    np.testing.assert_array_equal(
        infer(fitted, lines[:4]).vectors, infer(fitted, world[:4]).vectors
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"epochs": 0}, "epochs=0 is out of range; wanted at least 1"),
        ({"rate": -1.0}, "rate=-1.0 is out of range"),
        ({"rate": float("nan")}, "rate=nan is out of range"),
    ],
)
def test_inference_settings_out_of_range(world, settings, text):
    fitted = PVDBOW(**ONE | {"epochs": 1}).fit(world[:8])
    with pytest.raises(SettingError, match=text):
        infer(fitted, ["a"], **settings)


def test_only_models_of_documents_infer(world):
    from firth import CBOW

    with pytest.raises(FormatError, match="cbow: found a model that infers no documents"):
        infer(CBOW(min_count=1, epochs=1, threads=1).fit(world[:9]), world[:2])


# --- documents that come later -------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "way"), WAYS[::3] + CONCATENATION[:1])
def test_documents_join_while_words_stay(kind, way, world):
    """Adding documents, which ends gensim with a crash (piskvorky/gensim#1019)."""
    fitted = kind(**ONE | way).fit([(f"d{d}", text) for d, text in enumerate(world)])
    new = topics(40, seed=7)
    more = kind(**ONE | way).fit(
        [(f"n{d}", [*text, "neverseen"]) for d, text in enumerate(new)],
        continue_from=fitted,
        freeze=True,
    )
    assert list(more.vocabulary) == list(fitted.vocabulary)
    np.testing.assert_array_equal(more.state["output"], fitted.state["output"])
    np.testing.assert_array_equal(more.documents.matrix[:120], fitted.documents.matrix)
    assert more.documents.ids[118:122] == ["d118", "d119", "n0", "n1"]
    if way.get("combine") != "concatenation":
        assert score(more.documents) > 0.85
    # as inference of the same documents would have it, nearly
    vectors, _ = infer(fitted, new)
    rows = more.documents.matrix[120:]
    cosines = (vectors * rows).sum(1) / np.linalg.norm(vectors, axis=1)
    cosines /= np.linalg.norm(rows, axis=1)
    assert np.median(cosines) > (0.6 if way.get("combine") == "concatenation" else 0.8)


@pytest.mark.parametrize(("kind", "way"), WAYS[::3] + CONCATENATION[:1])
def test_training_goes_on_with_new_documents_and_words(kind, way, world, tmp_path):
    model = kind(**ONE | way | {"epochs": 5})
    first = model.fit([(f"d{d}", text) for d, text in enumerate(world)])
    first.save(tmp_path / "m.firth")
    fitted = load(tmp_path / "m.firth")
    new = [("d3", world[3]), *((f"n{d}", [*text, "new"]) for d, text in enumerate(topics(40, 7)))]
    more = model.fit(new, continue_from=fitted)
    assert "new" in more.vocabulary and "new" not in fitted.vocabulary
    assert len(more.documents) == 160
    moved = np.abs(more.documents.matrix[:120] - fitted.documents.matrix).max(axis=1)
    assert np.flatnonzero(moved).tolist() == [3]
    assert more.documents.matrix[120:].any(axis=1).all()
    # twice more, from what was just made
    third = model.fit([("last", world[5])], continue_from=more)
    assert third.documents.ids[-2:] == ["n39", "last"]


def test_numbered_documents_go_on_with_the_numbers_that_follow(world):
    model = PVDBOW(**ONE | {"epochs": 2})
    fitted = model.fit(world[:30])
    more = model.fit(world[30:40], continue_from=fitted)
    assert more.documents.names is None
    assert len(more.documents) == 40
    named = model.fit([("x", world[0]), ("5", world[5])], continue_from=fitted)
    assert len(named.documents) == 31
    assert named.documents.ids[30] == "x"
    # numbers after names, unless a name is in the way
    again = model.fit(world[:2], continue_from=named)
    assert again.documents.ids[30:] == ["x", "31", "32"]
    clash = model.fit([("31", world[1])], continue_from=fitted)
    with pytest.raises(SettingError, match="'31', the number of one of them, is the id of another"):
        model.fit(world[:1], continue_from=clash)


def test_what_cannot_be_continued(world):
    dbow = PVDBOW(**ONE | {"epochs": 1}).fit(world)
    with pytest.raises(SettingError, match="has words=False, this run words=True"):
        PVDBOW(**ONE | {"words": True}).fit(world, continue_from=dbow)
    with pytest.raises(SettingError, match="pvdbow model cannot be continued as pvdm"):
        PVDM(**ONE).fit(world, continue_from=dbow)
    dm = PVDM(**ONE | {"epochs": 1, "combine": "concatenation"}).fit(world)
    with pytest.raises(SettingError, match="has combine=concatenation, this run combine=mean"):
        PVDM(**ONE).fit(world, continue_from=dm)
    with pytest.raises(SettingError, match="has window=3, this run window=2"):
        PVDM(**ONE | {"combine": "concatenation", "window": 2}).fit(world, continue_from=dm)
    with pytest.raises(SettingError, match="has dim=20, this run dim=10"):
        PVDBOW(**ONE | {"dim": 10}).fit(world, continue_from=dbow)
    with pytest.raises(SettingError, match="freeze keeps the vectors of init_from"):
        PVDM(**ONE).fit(world, freeze=True)


def test_words_start_from_given_vectors(world):
    from firth import SkipGram

    vectors = SkipGram(**ONE).fit(world).vectors
    fitted = PVDM(**ONE | {"epochs": 2}).fit(world, init_from=vectors, freeze=True)
    np.testing.assert_array_equal(fitted.vectors["t1w1"], vectors["t1w1"])
    moved = PVDM(**ONE | {"epochs": 2}).fit(world, init_from=vectors)
    assert not np.array_equal(moved.vectors["t1w1"], vectors["t1w1"])
    with pytest.raises(SettingError, match="has no input rows of words that could start from"):
        PVDBOW(**ONE).fit(world, init_from=vectors)


# --- the loop ------------------------------------------------------------------------------------


class StopAt(Progress):
    """Ctrl-C at the n-th look."""

    def __init__(self, n):
        self.left = n

    def advance(self, done, **figures):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("kind", "way"), WAYS[::3] + CONCATENATION[:1])
def test_stop_and_go_on_is_the_whole_run(kind, way, world, tmp_path):
    from firth.static.checkpoints import Interrupted

    model = kind(**ONE | way | {"epochs": 6, "checkpoint_every": 0.0})
    texts = [(f"d{d}", text) for d, text in enumerate(world)]
    whole = model.fit(texts)
    folder = tmp_path / "c"
    with pytest.raises(Interrupted) as caught:
        model.fit(texts, checkpoint=folder, progress=StopAt(4))
    assert 0 < len(caught.value.fitted.history) < 6
    assert caught.value.fitted.documents.ids[:2] == ["d0", "d1"]
    rest = model.fit(texts, checkpoint=folder, resume=True)
    np.testing.assert_array_equal(rest.documents.matrix, whole.documents.matrix)
    np.testing.assert_array_equal(rest.state["output"], whole.state["output"])
    assert rest.history[-1]["loss"] == whole.history[-1]["loss"]
    # the same words cut into other documents are another text
    halves = [half for _, text in texts for half in (text[:9], text[9:])]
    with pytest.raises(SettingError, match="another text, of 120 documents, this one has 240"):
        model.fit(halves, checkpoint=folder, resume=True)


@pytest.mark.parametrize(
    ("kind", "way"), [(PVDBOW, {}), (PVDM, {}), (PVDM, {"combine": "concatenation"})]
)
def test_held_out_documents_stop_the_training(kind, way, world):
    settings = ONE | way | {"epochs": 40, "rate": 0.1, "patience": 1, "dim": 40}
    fitted = kind(**settings).fit(world[:30], dev=topics(20, seed=4))
    held_out = [entry["held_out_loss"] for entry in fitted.history]
    assert np.isfinite(held_out).all()
    assert len(held_out) < 40
    assert held_out[-1] > min(held_out)
    assert fitted.documents.matrix.any()


@pytest.mark.parametrize("kind", [PVDBOW, PVDM])
def test_fast_is_as_good_as_exact(kind, world):
    """After equal work: losses near each other, as many pairs."""
    settings = ONE | {"epochs": 10, "rate": 0.025}
    fast, exact = kind(**settings).fit(world), kind(**settings, exact=True).fit(world)
    assert fast.history[-1]["loss"] == pytest.approx(exact.history[-1]["loss"], rel=0.1)
    assert fast.history[-1]["pairs"] == exact.history[-1]["pairs"]


# a value for each setting that must change what comes out, or is explained
FLOW = {
    "dim": 12, "window": 1, "min_count": 30, "max_size": 40, "epochs": 1,
    "objective": "hierarchical-softmax", "negatives": 1, "noise_power": 0.1, "subsample": 0.01,
    "shrink_windows": False, "rate": 0.01, "seed": 5, "exact": True, "shared": 5, "chunk": 20,
    "piece": 2, "words": True, "combine": "sum", "update": "exact", "sets": 1,
}  # fmt: skip
#: these change how, not what: they have tests of their own
NOT_SEEN = {"threads", "checkpoint_every", "patience", "samples", "unique_ids"}
#: of plain PV-DBOW, which has no windows
OF_WINDOWS = {"window", "shrink_windows"}


@pytest.mark.parametrize(("kind", "unseen"), [(PVDBOW, OF_WINDOWS), (PVDM, set())])
def test_every_setting_arrives(kind, unseen, world):
    settings = ONE | {"epochs": 2}
    plain = kind(**settings).fit(world)
    fields = {field.name for field in dataclasses.fields(kind)}
    assert fields <= FLOW.keys() | NOT_SEEN
    for name in fields - NOT_SEEN:
        changed = kind(**settings | {name: FLOW[name]}).fit(world)
        same = np.array_equal(changed.documents.matrix, plain.documents.matrix)
        assert same == (name in unseen), name
    for name in unseen:
        one, other = (
            kind(**settings | {"words": True} | more).fit(world)
            for more in ({}, {name: FLOW[name]})
        )
        assert not np.array_equal(one.vectors.matrix, other.vectors.matrix)


# --- bad input -----------------------------------------------------------------------------------


def test_one_document_only():
    text = ["a", "b", "c", "b", "a", "d"] * 400
    for kind in (PVDBOW, PVDM):
        for rate in (0.025, 0.1):
            fitted = kind(**ONE | {"rate": rate}).fit([text])
            assert len(fitted.documents) == 1
            assert np.isfinite(fitted.documents.matrix).all()
            losses = [entry["loss"] for entry in fitted.history]
            assert losses[-1] <= losses[0]
            assert fitted.documents.nearest(0, n=3) == []


def test_two_labels_for_much_text_stay_finite():
    """All pairs move one of two rows: chunks are short enough."""
    rng = random.Random(1)
    texts = [(str(d % 2), rng.choices("abcdefgh", k=40)) for d in range(400)]
    for kind in (PVDBOW, PVDM):
        for rate in (0.025, 0.2):
            fitted = kind(**ONE | {"rate": rate, "epochs": 5}).fit(texts)
            assert np.abs(fitted.documents.matrix).max() < 20
            assert fitted.history[-1]["loss"] < fitted.history[0]["loss"] * 1.05


def test_bursts_of_one_word_stay_finite():
    texts = [["a", "b", "c"] * 5 + ["x"] * 300 for _ in range(40)]
    for kind in (PVDBOW, PVDM):
        fitted = kind(**ONE | {"rate": 0.1, "epochs": 5}).fit(texts)
        assert np.isfinite(fitted.documents.matrix).all()


@pytest.mark.parametrize("kind", [PVDBOW, PVDM])
def test_what_cannot_be_trained_on(kind):
    with pytest.raises(VocabularyError, match="holds one word, 'a'"):
        kind(min_count=1).fit([["a"] * 100])
    with pytest.raises(VocabularyError, match="0 of 3 types reached min_count=5"):
        kind().fit([("x", "a b c")])
    with pytest.raises(CorpusError, match="not a single token"):
        kind().fit(["", ""])
    with pytest.raises(SettingError, match="rate=nan is out of range"):
        kind(rate=float("nan"))
    with pytest.raises(SettingError, match="piece=0 is out of range"):
        kind(piece=0)
    with pytest.raises(FitError, match="overflowed in epoch 1"):
        kind(**ONE | {"rate": 1e30}).fit(topics(20))

"""`Contextual`: vectors of words in their sentences, in memory and on disk."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import Corpus, load  # noqa: E402  # after importorskip
from firth.errors import FormatError, ModelExistsError, SettingError, StorageError  # noqa: E402
from firth.neural import contextual  # noqa: E402
from firth.neural.bilm import bilm_of, symbols_of  # noqa: E402
from firth.neural.characters import places, tensors  # noqa: E402
from firth.neural.contextual import Contextual, chosen_layers, pieces_of  # noqa: E402
from firth.neural.layer_store import LayerStore  # noqa: E402
from firth.progress import Progress  # noqa: E402
from neural.drawn_elmo import DIM, drawn_elmo  # noqa: E402

SENTENCES = [
    ["the", "bank", "of", "the", "river"],
    [],
    ["a", "bank"],
    ["日本語", "ﷺ", "incomprehensibilities" * 3, "\N{ROCKET}"],
    ["x"],
    ["the", "bank", "lent", "money"],
]


@pytest.fixture(scope="module")
def model():
    return Contextual(drawn_elmo(), device="cpu", threads=1)


def one_by_one(fitted, words):
    """[J, n, width] of one sentence by the net itself."""
    names, tokens, lengths = places([words])
    spelled = tensors(symbols_of(fitted).spelled(names))
    with torch.no_grad():
        layers = bilm_of(fitted).representations(*spelled, tokens, lengths)
    return np.stack([h[0].numpy() for h in layers])


@pytest.mark.parametrize("characters", ["", "abekntrhvfo日"])
def test_all_at_once_is_one_by_one(characters):
    fitted = drawn_elmo(characters=characters)
    found = Contextual(fitted, device="cpu", threads=1).of(SENTENCES)
    for words, one in zip(SENTENCES, found, strict=True):
        assert one.shape == (3, len(words), 2 * DIM)
        assert one.dtype == np.float32
        if words:
            np.testing.assert_allclose(one, one_by_one(fitted, words), atol=1e-6)


def test_many_sentences_go_through_in_chunks(monkeypatch):
    """However the text is cut into chunks and batches, a sentence has its vectors."""
    model = Contextual(drawn_elmo(), device="cpu", threads=1)
    many = SENTENCES * 7
    whole = model.of(many)
    for chunk, places_at_once in ((5, 3), (1, 1), (20, 1000)):
        monkeypatch.setattr(contextual, "CHUNK", chunk)
        monkeypatch.setattr(contextual, "PLACES", places_at_once)
        for one, other in zip(whole, model.of(many), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_word_has_its_sentence_in_its_vector(model):
    """The spelling alone is the same everywhere, the layers above are not."""
    first, second = model.of([SENTENCES[0], SENTENCES[5]])
    np.testing.assert_array_equal(first[0, 1], second[0, 1])
    for layer in (1, 2):
        assert np.abs(first[layer, 1] - second[layer, 1]).max() > 1e-2
    # within a sentence too: "the bank of the river"
    np.testing.assert_array_equal(first[0, 0], first[0, 3])
    assert np.abs(first[1, 0] - first[1, 3]).max() > 1e-2


def test_the_same_sentence_has_the_same_vectors(model):
    """No state goes from one sentence to the next, as it does in the published program."""
    again = model.of([SENTENCES[0], SENTENCES[5], SENTENCES[0]])
    np.testing.assert_array_equal(again[0], again[2])
    # in a batch of another size products are added up in another order
    np.testing.assert_allclose(again[0], model.of([SENTENCES[0]])[0], atol=1e-6)


def test_lines_are_cut_as_the_text_of_the_model(model):
    cut, given = model.of(["the bank of  the river", ["the", "bank", "of", "the", "river"]])
    np.testing.assert_array_equal(cut, given)
    folded = drawn_elmo()
    folded.corpus |= {"tokenizer": "words", "fold_case": True}
    folded = Contextual(folded, device="cpu", threads=1)
    assert folded.cut("The Bank!") == ["the", "bank", *folded.cut("!")]


def test_a_function_is_not_called_on_the_word_of_a_model():
    fitted = drawn_elmo()
    fitted.corpus |= {"tokenizer": "os:system", "tokenizer_is_function": True}
    model = Contextual(fitted, device="cpu", threads=1)
    assert len(model.of([["a", "list"]])) == 1
    with pytest.raises(SettingError, match="not called on the word of a model.*--tokenizer"):
        model.of(["touch run"])
    trusting = Contextual(fitted, device="cpu", threads=1, tokenizer=str.split)
    assert trusting.cut("a b") == ["a", "b"]


def test_other_models_and_a_string():
    other = drawn_elmo()
    other.kind = "skipgram"
    with pytest.raises(FormatError, match="one of kind skipgram, expected an ELMo"):
        Contextual(other)
    with pytest.raises(SettingError, match="for one of them, \\[sentence\\]"):
        Contextual(drawn_elmo(), device="cpu", threads=1).of("the bank")


def test_nothing_at_all(tmp_path, model):
    assert model.of([]) == []
    assert [h.shape for h in model.of([[], []])] == [(3, 0, 2 * DIM)] * 2
    assert model.words_of([]).shape == (0, 3, 2 * DIM)
    assert len(model.store([[], []], tmp_path / "s.npy")) == 2


def test_a_long_line():
    """Its vectors are those of the net, and all of them depend on what is far away."""
    fitted = drawn_elmo()
    model = Contextual(fitted, device="cpu", threads=1)
    words = [f"w{i % 97}" for i in range(5000)]
    found, short = model.of([words, ["a"]])
    np.testing.assert_allclose(found, one_by_one(fitted, words), atol=1e-5)
    np.testing.assert_allclose(short, one_by_one(fitted, ["a"]), atol=1e-6)
    halves = model.of([words[:2500], words[2500:]])
    assert np.abs(found[:, 2500] - halves[1][:, 0]).max() > 1e-2


@pytest.mark.parametrize("chunk", [1, 8, 10_000])
def test_a_line_that_is_too_long_is_read_in_pieces(tmp_path, monkeypatch, chunk):
    """Each from a fresh state; what is stored is still line by line."""
    model = Contextual(drawn_elmo(), device="cpu", threads=1)
    words = [f"w{i % 7}" for i in range(23)]
    lines = [["the", "bank"], words, [], ["a"], words[:4]]
    whole = model.of([words])[0]
    monkeypatch.setattr(contextual, "LONGEST", 5)
    monkeypatch.setattr(contextual, "CHUNK", chunk)
    cuts = [0, 4, 9, 13, 18, 23]
    wanted = [words[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    assert [one.words for one in pieces_of(lines) if one.line == 1] == wanted
    pieces = np.concatenate(model.of(wanted), 1)
    found = model.of(lines)
    np.testing.assert_allclose(found[1], pieces, atol=1e-6)
    assert np.abs(pieces - whole).max() > 1e-2  # negative control
    store = model.store(lines, tmp_path / "s.npy", dtype="float32")
    assert store.lengths.tolist() == [2, 23, 0, 1, 4]
    for one, other in zip(store, found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_memory_does_not_grow_with_the_line(tmp_path, monkeypatch):
    """However long a line is, no more words than a chunk and a piece are computed at once."""
    model = Contextual(drawn_elmo(), device="cpu", threads=1)
    monkeypatch.setattr(contextual, "LONGEST", 50)
    monkeypatch.setattr(contextual, "CHUNK", 100)
    seen, words_of = [], model.words_of

    def noted(lines):
        seen.append(sum(map(len, lines)))
        return words_of(lines)

    monkeypatch.setattr(model, "words_of", noted)
    assert len(model.store([["w"] * 2000, ["a"]], tmp_path / "s.npy")) == 2
    assert sum(seen) == 2001 and max(seen) <= 150


def test_what_cannot_be_written_is_said_before_the_text_is_read(tmp_path, model):
    class Text(list):
        def __iter__(self):
            raise AssertionError("read")

    for path, wrong, said in (
        ("s.npy", {"dtype": "int8"}, "'int8' is not one of"),
        ("s.npy", {"dtype": "half"}, "'half' is not one of"),
        ("s.txt", {}, "give it that ending"),
        ("s.npy", {"layers": "best"}, "layers='best'"),
    ):
        with pytest.raises(SettingError, match=said):
            model.store(Text([["a"]]), tmp_path / path, **wrong)


def test_a_saved_model(tmp_path, model):
    drawn_elmo().save(tmp_path / "e.firth")
    again = Contextual(load(tmp_path / "e.firth"), device="cpu", threads=1).of(SENTENCES)
    for one, other in zip(model.of(SENTENCES), again, strict=True):
        np.testing.assert_array_equal(one, other)


# --- layers --------------------------------------------------------------------------------------


def test_chosen_layers():
    words = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for layers, wanted in (
        ("all", words),
        ("top", words[:, 2:]),
        ("average", words.mean(1, keepdims=True)),
        ("0,2", words[:, [0, 2]]),
        ((2, 0), words[:, [2, 0]]),
        (1, words[:, 1:2]),
        ("1", words[:, 1:2]),
    ):
        chosen = chosen_layers(layers, 3)
        assert chosen.count == wanted.shape[1]
        np.testing.assert_array_equal(chosen.of(words), wanted)
    for wrong in ("", "best", "3", (0, 0), -1, [], None, "0;1"):
        with pytest.raises(SettingError, match="numbers from 0 .* to 2"):
            chosen_layers(wrong, 3)


# --- store ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", ["all", "top", "average", "2,0"])
def test_a_store_holds_what_of_gives(tmp_path, model, layers):
    store = model.store(SENTENCES, tmp_path / "s.npy", layers=layers)
    chosen = chosen_layers(layers, 3)
    assert (len(store), store.layers, store.width) == (6, chosen.count, 2 * DIM)
    for one, whole in zip(store, model.of(SENTENCES), strict=True):
        wanted = chosen.of(whole.transpose(1, 0, 2)).transpose(1, 0, 2)
        # float16 has 11 bits
        np.testing.assert_allclose(one, wanted, rtol=2**-10, atol=1e-6)
    again = LayerStore.open(tmp_path / "s.npy")
    np.testing.assert_array_equal(store.words, again.words)


def test_any_source_of_sentences(tmp_path, model):
    lines = [" ".join(words) for words in SENTENCES]
    stores = [
        model.store(source, tmp_path / "s.npy", dtype="float32").words.copy()
        for source in (SENTENCES, lines, iter(lines), Corpus(lines, tokenizer="whitespace"))
    ]
    for one in stores[1:]:
        np.testing.assert_array_equal(stores[0], one)


class Watcher(Progress):
    def __init__(self):
        self.said, self.totals, self.done = [], [], []

    def say(self, text):
        self.said.append(text)

    def start(self, task, total, unit):
        self.totals.append(total)

    def advance(self, done, **figures):
        self.done.append(done)


def test_the_size_is_said_before(tmp_path, model):
    watcher = Watcher()
    model.store(SENTENCES * 50, tmp_path / "s.npy", progress=watcher)
    words = 16 * 50
    size = (tmp_path / "s.npy").stat().st_size
    assert watcher.said == [f"{words:,} words, {size / 1e6:,.1f} MB"]
    assert watcher.totals == [words]
    assert watcher.done[-1] == words


def test_a_disk_that_is_too_small_is_known_before(tmp_path, model, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(contextual.must_fit.__globals__["shutil"], "disk_usage", lambda _: usage)
    monkeypatch.setattr(model, "words_of", None)  # it is not run
    with pytest.raises(StorageError, match="take fewer layers"):
        model.store(SENTENCES * 50, tmp_path / "s.npy")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_kept_unless_it_is_said(tmp_path, model):
    (tmp_path / "s.npy").write_text("mine", "utf-8")
    with pytest.raises(ModelExistsError):
        model.store(SENTENCES, tmp_path / "s.npy", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["s.npy"]
    assert len(model.store(SENTENCES, tmp_path / "s.npy")) == 6


def test_an_interruption_leaves_nothing(tmp_path, model, monkeypatch):
    monkeypatch.setattr(contextual, "CHUNK", 3)
    given = iter(SENTENCES * 3)

    def lines():
        yield from SENTENCES * 3
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.store(lines(), tmp_path / "s.npy")
    assert not list(tmp_path.iterdir())
    assert len(model.store(given, tmp_path / "s.npy")) == 18

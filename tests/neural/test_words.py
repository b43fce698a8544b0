"""The inputs of a net, word by word: what each gives, and that nothing else changes it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.errors import SettingError  # noqa: E402  # after importorskip
from firth.neural.layer_store import LayerStore  # noqa: E402
from firth.neural.symbols import Symbols  # noqa: E402
from firth.neural.words import (  # noqa: E402
    Characters,
    Elmo,
    Given,
    Lookup,
    Spelling,
    Words,
    WordStack,
)
from firth.neural.words.lookup import UNKNOWN, vocabulary_of  # noqa: E402
from firth.text.subwords import Subwords  # noqa: E402
from firth.text.vocabulary import Vocabulary  # noqa: E402
from firth.vectors.subwords import SubwordRows  # noqa: E402
from firth.vectors.vectors import Vectors  # noqa: E402

SENTENCES = [["The", "cat", "sat"], [], ["the", "dog"], ["cat", "12"]]


@pytest.fixture
def words():
    return Words(SENTENCES)


def every(words):
    return words.batch(np.arange(len(words)))


def test_words_are_numbered_once(words):
    assert words.names == ["The", "cat", "sat", "the", "dog", "12"]
    assert words.ids.tolist() == [0, 1, 2, 3, 4, 1, 5]
    assert words.starts.tolist() == [0, 3, 3, 5] and words.lengths.tolist() == [3, 0, 2, 2]
    assert words.counts.tolist() == [1, 2, 1, 1, 1, 1]
    batch = words.batch(np.array([2, 3]))
    assert batch.ids.tolist() == [[3, 4], [1, 5]]
    assert every(words).ids.tolist() == [[0, 1, 2], [-1] * 3, [3, 4, -1], [1, 5, -1]]
    # each word of a batch once, and every place finds its own
    assert batch.distinct.tolist() == [1, 3, 4, 5]
    assert torch.equal(batch.distinct[batch.place], batch.ids)


# --- lookup ------------------------------------------------------------------------------------


def test_spelling():
    assert Spelling()("Straße 12") == "Straße 12"
    assert Spelling(fold_case=True)("Straße") == "strasse"
    assert Spelling(fold_digits=True).all(["x12", "٣", "no"]) == ["x00", "0", "no"]


def test_the_vocabulary_of_sentences(words):
    folded = Spelling(fold_case=True, fold_digits=True)
    whole = vocabulary_of(words, folded, 1)
    assert whole.names == [UNKNOWN, "cat", "the", "00", "dog", "sat"]
    assert whole.counts.tolist() == [0, 2, 2, 1, 1, 1]
    often = vocabulary_of(words, folded, 2)
    assert often.names == [UNKNOWN, "cat", "the"] and often.counts.tolist() == [3, 2, 2]
    assert vocabulary_of(words, Spelling(), 2).names == [UNKNOWN, "cat"]
    strange = vocabulary_of(Words([[UNKNOWN, UNKNOWN, "a"]]), Spelling(), 1)
    assert strange.names == [UNKNOWN, "a"] and strange.counts.tolist() == [2, 1]


def test_lookup_gives_rows_and_unk(words):
    lookup = Lookup(Vocabulary([UNKNOWN, "the", "cat"]), 4, Spelling(fold_case=True)).eval()
    x = lookup(lookup.prepare(words), every(words))
    assert x.shape == (4, 3, 4)
    for place, row in {(0, 0): 1, (0, 1): 2, (0, 2): 0, (2, 0): 1, (2, 1): 0}.items():
        assert torch.equal(x[place], lookup.weight[row])
    bound = (3 / 4) ** 0.5
    assert lookup.weight.abs().max() <= bound and lookup.weight.abs().max() > bound / 3


def test_rare_words_are_dropped_more_often():
    vocabulary = Vocabulary([UNKNOWN, "often", "rare"], [0, 99, 1])
    lookup = Lookup(vocabulary, 2, dropout=1.0)
    words = Words([["often", "rare"] * 2000])
    part, batch = lookup.prepare(words), every(words)
    torch.manual_seed(1)
    unknown = (lookup(part, batch)[0] == lookup.weight[0]).all(-1).float().view(-1, 2).mean(0)
    assert unknown.tolist() == pytest.approx([0.01, 0.5], abs=0.03)
    lookup.eval()
    assert not (lookup(part, batch)[0] == lookup.weight[0]).all(-1).any()
    # a = 0: none ever
    assert not Lookup(vocabulary, 2).often.any()


# --- given vectors -----------------------------------------------------------------------------


def vectors(subwords=None):
    matrix = np.arange(9, dtype=np.float32).reshape(3, 3)
    return Vectors(Vocabulary(["the", "cat", "Cat"]), matrix, subwords=subwords)


def test_given_vectors_fall_back_on_lower_case(words):
    given = Given(vectors())
    rows, known = given.rows_of(["The", "cat", "Cat", "CAT", "sat"])
    assert known.tolist() == [True] * 4 + [False]
    assert rows.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [3, 4, 5], [0, 0, 0]]
    with torch.no_grad():
        given.unknown.fill_(-1)
    x = given(given.prepare(words), every(words))
    assert x[0].tolist() == [[0, 1, 2], [3, 4, 5], [-1, -1, -1]]
    assert given.covered(words) == (4, 7)
    # nothing but the vector of unknown words learns
    assert [name for name, _ in given.named_parameters()] == ["unknown"]


def test_ngrams_give_unseen_words_a_vector():
    rule = Subwords(3, 3, 20)
    rows = SubwordRows(rule, np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32))
    given = Given(vectors(rows))
    found, known = given.rows_of(["cats", "cat"])
    assert known.all()
    np.testing.assert_array_equal(found[0], rows.of(["cats"])[0][0])
    assert found[1].tolist() == [3, 4, 5]


def test_tuned_rows_learn_and_others_stay(words):
    given = Given(vectors(), tuned=np.array([1]))
    part, batch = given.prepare(words), every(words)
    x = given(part, batch)
    assert torch.equal(x, Given(vectors())(Given(vectors()).prepare(words), batch)), "it begins so"
    (x * torch.randn_like(x)).sum().backward()
    assert (given.tuned.grad != 0).all()
    with torch.no_grad():
        given.tuned[0] = 7
    after = given(part, batch)
    assert (after[0, 1] == 7).all() and after[0, 0].tolist() == [0, 1, 2]


def test_words_in_capitals_have_the_row_of_the_small_ones():
    names = ["straße", "weiss", "mass"]
    given = Given(Vectors(Vocabulary(names), np.eye(3, dtype=np.float32)))
    # vectors of other programs are in lower case, firth's own are casefolded: ß is ss
    _, known = given.rows_of(["Straße", "WEISS", "Maß", "Fuß"])
    assert known.tolist() == [True, True, True, False]


def test_sparse_vectors_are_refused():
    scipy = pytest.importorskip("scipy.sparse")
    sparse = Vectors(Vocabulary(["a", "b"]), scipy.csr_array(np.eye(2, dtype=np.float32)))
    with pytest.raises(SettingError, match="the input of a net takes dense ones"):
        Given(sparse)


# --- characters --------------------------------------------------------------------------------


def characters(kind, width=8):
    torch.manual_seed(3)
    return Characters(Symbols("byte", longest=20), kind, 5, width).eval()


@pytest.mark.parametrize("kind", ["cnn", "rnn"])
def test_a_word_has_one_vector_wherever_it_stands(kind):
    net = characters(kind)
    short, long = Words([["cat", "a"]]), Words([["cat", "characteristically"], ["x", "cat"]])
    alone = net(net.prepare(short), every(short))[0, 0]
    x = net(net.prepare(long), every(long))
    assert x.shape == (2, 2, 8)
    torch.testing.assert_close(x[0, 0], alone, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(x[1, 1], alone, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(x[0, 1], alone)


def test_the_rnn_of_characters_is_its_two_last_states():
    net = characters("rnn")
    words = Words([["abc", "zz", "characteristically"]])
    part = net.prepare(words)
    x = net(part, every(words))[0]
    for row in range(3):
        ids = part["ids"][row, : part["lengths"][row]].long()
        e = net.net.embedding[ids]
        ahead, back = net.net.encoder.layers[0].cells
        states = [cell.start(1) for cell in (ahead, back)]
        for t in range(len(e)):
            states[0] = ahead.step(e[t][None], states[0])
            states[1] = back.step(e[len(e) - 1 - t][None], states[1])
        twin = torch.cat([states[0][0], states[1][0]], 1)[0]
        torch.testing.assert_close(x[row], twin, rtol=1e-5, atol=1e-6)


def test_characters_never_seen_and_odd_widths():
    net = Characters(Symbols("character", "abc", 20), "cnn", 5, 9).eval()
    assert net.net.outputs == 9
    words = Words([["ab", "中文", ""]])
    assert torch.isfinite(net(net.prepare(words), every(words))).all()
    with pytest.raises(SettingError, match="character_width=7 cannot be halved"):
        characters("rnn", 7)


# --- an ELMo's layers --------------------------------------------------------------------------


class Kept:
    """Layers that were kept: those of a biLM, as far as an input sees."""

    layers, width = 3, 4

    def stored(self, words):
        draw = np.random.default_rng(1)
        rows = draw.normal(size=(len(words.ids), 3, 4)).astype(np.float16)
        return LayerStore(rows, np.append(words.starts, len(words.ids)))


def test_layers_are_mixed_taken_or_averaged(words):
    batch = words.batch(np.array([0, 3]))
    store = Kept().stored(words)
    h = store.batch([0, 3])
    top, average = Elmo(Kept(), "top"), Elmo(Kept(), "average")
    mix = Elmo(Kept(), "mix")
    assert torch.equal(top(top.prepare(words), batch), h[2])
    torch.testing.assert_close(average(average.prepare(words), batch), h.mean(0))
    torch.testing.assert_close(mix(mix.prepare(words), batch), h.mean(0))  # it begins so
    with torch.no_grad():
        mix.mix.s.copy_(torch.tensor([0.0, 100.0, 0.0]))
        mix.mix.gamma.fill_(2)
    torch.testing.assert_close(mix(store, batch), 2 * h[1])
    assert sorted(dict(mix.named_parameters())) == ["mix.gamma", "mix.s"]
    assert not dict(top.named_parameters())


def test_a_stack_is_its_inputs_side_by_side(words):
    lookup, given = Lookup(Vocabulary([UNKNOWN, "cat"]), 4), Given(vectors())
    stack = WordStack({"lookup": lookup, "vectors": given}).eval()
    parts, batch = stack.prepare(words), every(words)
    x = stack(parts, batch)
    assert stack.width == 7 and x.shape == (4, 3, 7)
    assert torch.equal(x[..., :4], lookup(parts["lookup"], batch))
    assert torch.equal(x[..., 4:], given(parts["vectors"], batch))

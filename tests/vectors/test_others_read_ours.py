"""What we write, the other libraries read; each is skipped if it is not installed."""

import numpy as np
import pytest

from firth import Vectors, load_vectors
from firth.text.subwords import Subwords
from firth.vectors.formats import FORMATS
from firth.vectors.subwords import ComposedRows, SubwordRows
from vectors.worlds import family_vectors, random_vectors


# gensim leaves a file open when it reads one without header
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("kind", "binary", "dialect"),
    [
        ("word2vec-text", False, "gensim"),
        ("word2vec-text", False, "word2vec"),
        ("word2vec-binary", True, "gensim"),
        ("word2vec-binary", True, "word2vec"),
        ("fasttext-vec", False, None),
        ("glove", False, None),
    ],
)
def test_gensim(tmp_path, kind, binary, dialect):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed (extra bench)")
    vectors = random_vectors(60, 9)
    options = {"dialect": dialect} if dialect else {}
    FORMATS[kind].write(vectors, tmp_path / "v", **options)
    keyed = models.KeyedVectors.load_word2vec_format(
        str(tmp_path / "v"), binary=binary, no_header=kind == "glove"
    )
    assert keyed.index_to_key == vectors.names
    exact = dialect == "gensim" or binary
    if exact:
        assert (keyed.vectors == vectors.matrix).all()
    else:
        np.testing.assert_allclose(keyed.vectors, vectors.matrix, rtol=6e-5, atol=6e-7)


def test_gensim_text_is_byte_for_byte_gensims(tmp_path):
    """Numbers of every size, in the shortest digits that read back."""
    models = pytest.importorskip("gensim.models", reason="gensim is not installed (extra bench)")
    vectors = random_vectors(200, 30)
    vectors.matrix *= 10.0 ** np.random.default_rng(5).integers(-44, 38, vectors.matrix.shape)
    vectors.matrix[0] = [0, -0.0, 1, -1, 0.5, 0.1, 1e-4, 9.9999e-5, 1e16, 123456790, *range(20)]
    keyed = models.KeyedVectors(30)
    keyed.add_vectors(vectors.names, vectors.matrix)
    keyed.save_word2vec_format(str(tmp_path / "theirs"))
    FORMATS["word2vec-text"].write(vectors, tmp_path / "ours")
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_model2vec(tmp_path):
    library = pytest.importorskip("model2vec", reason="model2vec is not installed")
    vectors = family_vectors()
    vectors.save(tmp_path / "v.model2vec")
    model = library.StaticModel.from_pretrained(str(tmp_path / "v.model2vec"))
    for word in ("red", "king3"):
        np.testing.assert_allclose(model.encode(word), vectors[word], rtol=1e-5, atol=1e-7)
    mean = (vectors["red"] + vectors["blue"]) / 2
    np.testing.assert_allclose(model.encode("red, Blue!"), mean, rtol=1e-4, atol=1e-6)
    model.save_pretrained(str(tmp_path / "theirs"))
    from firth.vectors.formats import load_vectors

    back = load_vectors(tmp_path / "theirs")
    assert (back[vectors.names] == vectors.matrix).all()


def test_sentence_transformers(tmp_path):
    library = pytest.importorskip(
        "sentence_transformers", reason="sentence-transformers is not installed"
    )
    vectors = family_vectors()
    vectors.save(tmp_path / "v.model2vec")
    model = library.SentenceTransformer(str(tmp_path / "v.model2vec"), device="cpu")
    np.testing.assert_allclose(model.encode("red"), vectors["red"], rtol=1e-5)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_gensim_and_fasttext_bin(tmp_path):
    """Words seen and unseen, in the file that we write and in the one that gensim makes of it."""
    models = pytest.importorskip("gensim.models.fasttext", reason="gensim is not installed")
    rng = np.random.default_rng(1)
    names, rule = random_vectors(40, 9).vocabulary, Subwords(3, 5, 60)
    own, ngrams = (rng.normal(size=(n, 9)).astype(np.float32) for n in (len(names), 60))
    subwords = SubwordRows(rule, ngrams)
    vectors = Vectors(names, ComposedRows(names, own, subwords), subwords=subwords)
    vectors.save(tmp_path / "ours.bin", format="fasttext-bin")
    theirs = models.load_facebook_model(str(tmp_path / "ours.bin"))
    models.save_facebook_model(theirs, str(tmp_path / "theirs.bin"))
    again = load_vectors(tmp_path / "theirs.bin")
    for word in (names[0], names[7], "neverseen", "день"):
        np.testing.assert_allclose(theirs.wv[word], vectors[word], atol=1e-5)
        np.testing.assert_allclose(again[word], vectors[word], atol=1e-5)

import numpy as np
import pytest

from firth.errors import FormatError
from firth.text.vocabulary import Vocabulary
from firth.vectors.clusters import kmeans, read_classes, write_classes
from firth.vectors.formats import load_vectors
from firth.vectors.vectors import Vectors


def test_classes_are_those_of_word2vec(shared, tmp_path):
    vectors = load_vectors(shared / "golden" / "w2v.bin.gz")
    golden = shared / "golden" / "w2v_classes.txt"
    write_classes(tmp_path / "classes.txt", vectors.names, vectors.clusters(50))
    assert (tmp_path / "classes.txt").read_bytes() == golden.read_bytes()
    assert read_classes(golden)["the"] == 36


def plain(matrix, k, rounds):
    """word2vec.c line by line, in float64."""
    classes = [row % k for row in range(len(matrix))]
    for _ in range(rounds):
        centroids, counts = np.zeros((k, matrix.shape[1])), np.ones(k)
        for row, one in enumerate(classes):
            centroids[one] += matrix[row]
            counts[one] += 1
        centroids /= counts[:, None]
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
        classes = [int(np.argmax(centroids @ row)) for row in matrix]
    return classes


def test_kmeans_is_the_plain_loop():
    matrix = np.random.default_rng(0).standard_normal((200, 5)).astype(np.float32)
    assert kmeans(matrix, 7, 10).tolist() == plain(matrix, 7, 10)


def test_planted_groups_are_found_and_noise_has_none():
    random = np.random.default_rng(4)
    centres = np.eye(4) * 5
    truth = random.integers(0, 4, 400)
    groups = (centres[truth] + random.standard_normal((400, 4)) * 0.5).astype(np.float32)
    noise = random.standard_normal((400, 4)).astype(np.float32)

    def purity(matrix):
        classes = Vectors(Vocabulary([str(i) for i in range(400)]), matrix).clusters(4)
        return sum(np.bincount(truth[classes == c]).max(initial=0) for c in range(4)) / 400

    assert purity(noise) < 0.5
    assert purity(groups) > 0.95


def test_more_classes_than_words_and_zero_rows():
    assert kmeans(np.zeros((3, 2), np.float32), 5).tolist() == [0, 0, 0]


def test_a_line_that_is_no_class_is_refused(tmp_path):
    (tmp_path / "c.txt").write_text("the 3\nof x\n")
    with pytest.raises(FormatError, match="line 2"):
        read_classes(tmp_path / "c.txt")

"""The programs of the package's README run with another import, and say what they should."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from compat.fasttext_worlds import labelled_lines, plain_lines, write

IMPORTS = ["import firth.compat.fasttext as fasttext", "from firth.compat import fasttext"]

WORD_VECTORS = """
model = fasttext.train_unsupervised('data.txt', model='skipgram')
model = fasttext.train_unsupervised('data.txt', model='cbow')

print(model.words)   # list of words in dictionary
print(model['bread']) # get the vector of the word 'bread'

model.save_model("model_filename.bin")
model = fasttext.load_model("model_filename.bin")
assert 'bread' in model and model.get_dimension() == 100
assert model['bread'].shape == (100,)
assert model.get_input_matrix().shape == (len(model.words) + 2000000, 100)
assert model.get_output_matrix().shape == (len(model.words), 100)
"""

CLASSIFIER = """
model = fasttext.train_supervised('data.train.txt')

print(model.words)
print(model.labels)

def print_results(N, p, r):
    print("N\\t" + str(N))
    print("P@{}\\t{:.3f}".format(1, p))
    print("R@{}\\t{:.3f}".format(1, r))

print_results(*model.test('test.txt'))

print(model.predict("Which baking dish is best to bake a banana bread ?"))
print(model.predict("Which baking dish is best to bake a banana bread ?", k=3))
print(model.predict(["Which baking dish is best to bake a banana bread ?",
                     "Why not put knives in the dishwasher?"], k=3))
model.save_model("model_filename.bin")

# with the previously trained `model` object, call :
model.quantize(input='data.train.txt', retrain=True)

# then display results and save the new model :
valid_data = 'test.txt'
print_results(*model.test(valid_data))
model.save_model("model_filename.ftz")
"""

TUTORIAL = """
model = fasttext.train_supervised(input="data.train.txt", lr=1.0, epoch=25, wordNgrams=2,
                                  bucket=20000, dim=50, loss='ova')
labels, scores = model.predict("a rose and a ship", k=-1, threshold=0.1)
assert all(label.startswith('__label__') for label in labels) and len(labels) == len(scores)
print(model.test("test.txt", k=-1, threshold=0.5))
for word in ('bread', 'rose'):
    print([(round(score, 3), other) for score, other in model.get_nearest_neighbors(word, k=3)])
print(model.get_analogies("bread", "oven", "ship"))
help(model)
"""


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "data.txt", plain_lines(300))
    write(tmp_path / "data.train.txt", labelled_lines(600))
    write(tmp_path / "test.txt", labelled_lines(100, seed=2))
    return tmp_path


def run(folder, text, first=IMPORTS[0]):
    program = folder / "program.py"
    program.write_text(f"{first}\n{textwrap.dedent(text)}", "utf-8")
    return subprocess.run(
        [sys.executable, "-W", "error", program], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "buckets",
    # with as many as the README has, its model takes 0.8 GB
    [20_000, pytest.param(2_000_000, marks=pytest.mark.heavy)],
)
def test_word_vectors(folder, buckets):
    text = WORD_VECTORS
    if buckets != 2_000_000:
        text = text.replace("'data.txt'", f"'data.txt', bucket={buckets}")
        text = text.replace("2000000", str(buckets))
    done = run(folder, text)
    assert done.returncode == 0, done.stderr
    assert "'bread'" in done.stdout


@pytest.mark.parametrize("first", IMPORTS)
def test_classifier(folder, first):
    done = run(folder, CLASSIFIER, first)
    assert done.returncode == 0, done.stderr
    assert "('__label__kitchen',)" in done.stdout
    assert done.stdout.count("N\t100") == 2
    # what it predicts is right
    precisions = [float(line[4:]) for line in done.stdout.splitlines() if line[:4] == "P@1\t"]
    assert len(precisions) == 2 and min(precisions) > 0.9
    plain, small = (Path(folder, f"model_filename.{end}") for end in ("bin", "ftz"))
    assert small.stat().st_size > 0 and plain.stat().st_size > 0


def test_tutorial(folder):
    done = run(folder, TUTORIAL)
    assert done.returncode == 0, done.stderr
    assert "get_nearest_neighbors" in done.stdout


def test_a_program_that_is_wrong_fails(folder):
    done = run(folder, "fasttext.train_supervised('data.train.txt', epochs=3)")
    assert done.returncode == 1
    assert "unexpected keyword argument 'epochs'. Did you mean 'epoch'?" in done.stderr


def test_the_package_opens_what_the_programs_write(folder):
    theirs = pytest.importorskip("fasttext", reason="the fasttext package is not installed")
    theirs.FastText.eprint = lambda *_: None
    done = run(folder, CLASSIFIER)
    assert done.returncode == 0, done.stderr
    for end, precision in zip(("bin", "ftz"), precisions(done.stdout), strict=True):
        model = theirs.load_model(str(folder / f"model_filename.{end}"))
        n, p, _ = model.test(str(folder / "test.txt"))
        assert (n, round(p, 3)) == (100, precision)


def precisions(text):
    return [float(line[4:]) for line in text.splitlines() if line.startswith("P@1\t")]

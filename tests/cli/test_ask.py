"""neighbors, analogy, info: their JSON, their plain lines, their errors."""

import json

import pytest


def test_neighbors_of_one_word(firth, vec):
    answer = firth("neighbors", vec, "north", "-n", "2", "--json")
    document = json.loads(answer.out)
    assert list(document) == ["word", "neighbors"]
    assert document["word"] == "north"
    assert [one["word"] for one in document["neighbors"]] == ["south", "east"]
    assert document["neighbors"][0]["similarity"] == pytest.approx(0.99388, abs=1e-5)
    assert list(document["neighbors"][0]) == ["word", "similarity"]


def test_neighbors_of_several_words_is_a_list(firth, vec):
    documents = json.loads(firth("neighbors", vec, "north", "east", "--json").out)
    assert [one["word"] for one in documents] == ["north", "east"]
    assert documents[1]["neighbors"][0]["word"] == "west"


def test_piped_lines_are_plain(firth, vec):
    assert firth("neighbors", vec, "north", "-n", "1").out == "south\t0.9939\n"
    assert firth("neighbors", vec, "north", "east", "-n", "1").out == (
        "north\tsouth\t0.9939\neast\twest\t0.9939\n"
    )


def test_limit_looks_among_the_first(firth, vec):
    document = json.loads(firth("neighbors", vec, "east", "--limit", "2", "--json").out)
    assert {one["word"] for one in document["neighbors"]} == {"north", "south"}


def test_analogy(firth, vec):
    document = json.loads(firth("analogy", vec, "north", "south", "east", "--json").out)
    assert list(document) == ["answers"]
    assert document["answers"][0]["word"] == "west"
    assert list(document["answers"][0]) == ["word", "similarity"]
    mul = firth("analogy", vec, "north", "south", "east", "--method", "mul")
    assert mul.out.startswith("west\t")


@pytest.mark.parametrize(
    "command", [["neighbors", "nroth"], ["analogy", "north", "south", "nroth"]]
)
def test_an_unknown_word_offers_its_nearest_names(firth, vec, command):
    answer = firth(command[0], vec, *command[1:])
    assert answer.code == 2
    assert "'nroth'" in answer.err
    assert "Did you mean 'north'" in answer.err


def test_a_word_that_looks_like_an_option(firth, tmp_path):
    path = tmp_path / "odd.vec"
    path.write_text("3 2\n--json 1 0\n- 1 0.1\nx 0 1\n", "utf-8")
    answer = firth("neighbors", path, "-n", "1", "--", "--json")
    assert (answer.code, answer.out) == (0, "-\t0.9950\n")
    assert firth("neighbors", path, "-", "-n", "1").out == "--json\t0.9950\n"


@pytest.mark.parametrize("n", ["0", "-3"])
def test_n_out_of_range(firth, vec, n):
    answer = firth("neighbors", vec, "north", "-n", n)
    assert answer.code == 2
    assert "at least 1" in answer.err


def test_verbose_prints_python_that_runs(firth, vec):
    answer = firth("neighbors", vec, "north", "-n", "2", "--verbose")
    line = answer.err.removeprefix(">>> ").strip()
    import firth as package

    found = eval(line, {"firth": package})
    assert found[0][0].word == "south"


def test_info_of_a_model(firth, model):
    document = json.loads(firth("info", model, "--json").out)
    assert list(document) == ["kind", "settings", "corpus", "history", "sizes"]
    assert document["kind"] == "skipgram"
    assert document["settings"]["dim"] == 8
    assert len(document["history"]) == 3
    assert document["sizes"]["words"] == 20
    assert document["sizes"]["dim"] == 8
    assert document["sizes"]["bytes"] == sum(file.stat().st_size for file in model.iterdir())
    plain = firth("info", model).out
    assert "kind\tskipgram" in plain
    assert "dim\t8" in plain


def test_info_of_a_file_of_vectors(firth, vec):
    document = json.loads(firth("info", vec, "--json").out)
    assert document["kind"] == "vectors"
    assert document["sizes"] == {"words": 4, "dim": 3, "bytes": vec.stat().st_size}

"""`firth inspect`: gradients through time and gates on the command line."""

import json

import pytest

pytest.importorskip("torch", reason="the neural side needs PyTorch")

STARTS = ["rnn", "rnn, weights x 4", "irnn", "lstm", "lstm, forget bias 4", "gru"]


def test_untrained_cells(firth):
    answer = firth("inspect", "--gradients", "--length", 30)
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert [row[0] for row in rows] == STARTS
    assert all(len(row) == 5 and row[4] == "1.0000" for row in rows)
    first = {row[0]: float(row[3]) for row in rows}
    assert first["rnn"] < 1e-6 < 0.1 < first["irnn"] < 10 < first["rnn, weights x 4"]


def test_json_of_untrained_cells(firth):
    answer = firth("inspect", "--gradients", "--length", 5, "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["clipping"] == []
    assert [one["name"] for one in found["gradients"]] == STARTS
    for one in found["gradients"]:
        assert one["model"] is None and len(one["hidden"]) == 5
        assert (one["memory"] is not None) == one["name"].startswith("lstm")


def test_a_drawing_on_a_terminal(firth, monkeypatch):
    monkeypatch.setattr("firth.cli.output.pretty", lambda: True)
    answer = firth("inspect", "--gradients", "--length", 20)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].endswith("B") or "|" in lines[0]
    assert sum("|" in line for line in lines) == 15
    assert any(line.strip() == "C  irnn" for line in lines)


def test_a_picture(firth, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (the extra plots)")
    answer = firth("inspect", "--gradients", "--length", 10, "-o", "curves.svg")
    assert answer.code == 0, answer.err
    assert "The picture is curves.svg." in answer.err
    text = (tmp_path / "curves.svg").read_text("utf-8")
    assert all(start in text for start in STARTS)
    again = firth("inspect", "--gradients", "--length", 10, "-o", "curves.svg")
    assert again.code == 2 and "curves.svg exists already" in again.err
    assert firth("inspect", "--gradients", "-o", "curves.svg", "--overwrite").code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], 'one thing at a time: --gradients, or --gates "a sentence".'),
        (["--gradients", "--gates", "a b"], "one thing at a time"),
        (["--gates", "a b"], "--gates looks into one model; 0 were named."),
        (["a", "b", "--gates", "a b"], "--gates looks into one model; 2 were named."),
        (["--gradients", "--no-untrained"], "There is nothing to draw: name a model"),
        (["--gradients", "--text", "x.txt"], "--text is what models read; name one"),
        (["--gradients", "--length", 1], "length=1; a gradient through time needs at least 2"),
        (["--gradients", "-o", "a.gif"], "a.gif: pictures are written as .png, .svg or .pdf"),
        (["no-such.lm", "--gradients"], "no-such.lm: found nothing, expected"),
    ],
)
def test_what_cannot_be_shown(firth, words, sentence):
    answer = firth("inspect", *words)
    assert answer.code == 2
    assert sentence in answer.err and "Traceback" not in answer.err
    assert answer.out == ""


def test_another_kind_of_model(firth, model, vec):
    answer = firth("inspect", model, "--gradients")
    assert answer.code == 2
    assert "found a model of kind skipgram, expected a language model. Train one:" in answer.err
    answer = firth("inspect", vec, "--gates", "north")
    assert answer.code == 2 and "Traceback" not in answer.err


def test_without_torch(firth, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else real(name)
    )
    answer = firth("inspect", "--gradients")
    assert answer.code == 2
    assert "firth inspect needs the package 'torch'" in answer.err
    assert 'pip install "firth[neural]"' in answer.err


LINES = ["the king saw the queen", "she said no", "he went to the north again"] * 40


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with small language models: lstm.lm, gru.lm, rnn.lm, window.lm, letters.lm."""
    from firth import LanguageModel

    folder = tmp_path_factory.mktemp("trained")
    small = {"preset": "tiny", "dim": 8, "units": 8, "layers": 2, "epochs": 1, "threads": 1}
    for encoder in ("lstm", "gru", "rnn", "window"):
        LanguageModel(**small, encoder=encoder).fit(LINES).save(folder / f"{encoder}.lm")
    LanguageModel(**small, unit="character").fit(LINES).save(folder / "letters.lm")
    return folder


def test_layers_of_a_model_beside_untrained_cells(firth, trained):
    answer = firth("inspect", trained / "lstm.lm", "--gradients", "--length", 20)
    assert answer.code == 0, answer.err
    names = [line.split("\t")[0] for line in answer.out.splitlines()]
    assert names[:2] == ["lstm layer 1", "lstm layer 2"]
    assert names[2:] == [f"{start} (untrained)" for start in STARTS]
    assert "the gradient of all weights has the norm" in answer.err
    assert "clip_norm=0.25" in answer.err


def test_two_models_on_a_text(firth, trained, tmp_path):
    (tmp_path / "held-out.txt").write_text("\n".join(LINES), "utf-8")
    words = ["--gradients", "--no-untrained", "--length", 20, "--text", "held-out.txt", "--json"]
    answer = firth("inspect", trained / "gru.lm", trained / "rnn.lm", *words)
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert [one["name"] for one in found["gradients"]] == [
        "gru.lm gru layer 1",
        "gru.lm gru layer 2",
        "rnn.lm rnn layer 1",
        "rnn.lm rnn layer 2",
    ]
    for one in found["gradients"]:
        assert len(one["hidden"]) == 20 and min(one["hidden"]) > 0
    for one in found["clipping"]:
        assert 0 < one["clipped"] <= one["threshold"] == 0.25
        assert one["norm"] >= one["clipped"]


def test_the_text_of_the_model_itself_is_drawn_with_a_seed(firth, trained):
    def curve(*words):
        model = trained / "lstm.lm"
        answer = firth("inspect", model, "--gradients", "--no-untrained", "--json", *words)
        assert answer.code == 0, answer.err
        return json.loads(answer.out)["gradients"][0]["hidden"]

    assert curve() == curve() == curve("--seed", 1) != curve("--seed", 2)


def test_a_text_that_is_too_short(firth, trained, tmp_path):
    (tmp_path / "short.txt").write_text("the king\n", "utf-8")
    answer = firth("inspect", trained / "rnn.lm", "--gradients", "--text", "short.txt")
    assert answer.code == 2
    assert "short.txt has 3 units with its line ends; 50 steps need 51. Give a" in answer.err


def test_gates_word_by_word(firth, trained):
    answer = firth("inspect", trained / "lstm.lm", "--gates", "the king saw nobody")
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert [row[0] for row in rows] == [
        *("the", "king", "saw", "<unk>", "below 0.1", "above 0.9"),
    ] * 2  # two layers
    for row in rows:
        assert len(row) == 4 and all(0 <= float(value) <= 1 for value in row[1:])


def test_gates_of_a_gru_as_json(firth, trained):
    answer = firth("inspect", trained / "gru.lm", "--gates", "the king", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["units"] == ["the", "king"]
    assert [layer["name"] for layer in found["layers"]] == ["gru layer 1", "gru layer 2"]
    for layer in found["layers"]:
        assert set(layer["gates"]) == {"reset", "update"}
        assert len(layer["gates"]["update"]["mean"]) == 2


def test_gates_of_letters_on_a_terminal(firth, trained, monkeypatch):
    monkeypatch.setattr("firth.cli.output.pretty", lambda: True)
    answer = firth("inspect", trained / "letters.lm", "--gates", "he no")
    assert answer.code == 0, answer.err
    assert "␣" in answer.out and "▒" in answer.out


def test_a_picture_of_gates(firth, trained, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (the extra plots)")
    answer = firth("inspect", trained / "lstm.lm", "--gates", "the king", "-o", "gates.svg")
    assert answer.code == 0, answer.err
    text = (tmp_path / "gates.svg").read_text("utf-8")
    assert "king" in text and "lstm layer 2 forget gate" in text


@pytest.mark.parametrize(
    ("model", "words", "sentence"),
    [
        ("rnn.lm", ["--gates", "the king"], "The encoder rnn has no gates; lstm and gru have."),
        ("window.lm", ["--gates", "the king"], "The encoder window has no gates"),
        ("window.lm", ["--gradients"], "has the encoder window, which carries nothing from one"),
        ("lstm.lm", ["--gates", ""], "--gates was given a text without a word; give it one."),
        ("lstm.lm", ["--gradients", "--text", "no.txt"], "no.txt"),
    ],
)
def test_models_that_cannot_be_looked_into(firth, trained, model, words, sentence):
    answer = firth("inspect", trained / model, *words)
    assert answer.code == 2
    assert sentence in answer.err and "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("unit", "line", "units"),
    [
        ("character", "我喜欢猫", ["我", "喜", "欢", "猫"]),
        ("word", "кот сидел дома", ["кот", "сидел", "дома"]),
        ("word", "من گربه را دوست دارم", ["من", "گربه", "را", "دوست", "دارم"]),
    ],
)
def test_gates_of_any_script(firth, tmp_path, unit, line, units):
    from firth import LanguageModel

    small = {"preset": "tiny", "dim": 8, "units": 8, "layers": 1, "epochs": 1, "threads": 1}
    LanguageModel(**small, unit=unit).fit([line] * 40).save(tmp_path / "m.lm")
    answer = firth("inspect", "m.lm", "--gates", line, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["units"] == units


def test_a_model_whose_words_were_cut_by_a_function(firth, tmp_path):
    from firth import Corpus, LanguageModel

    small = {"preset": "tiny", "dim": 8, "units": 8, "layers": 1, "epochs": 1, "threads": 1}
    LanguageModel(**small).fit(Corpus(LINES, tokenizer=str.split)).save(tmp_path / "m.lm")
    answer = firth("inspect", "m.lm", "--gates", "the king")
    assert answer.code == 2 and "which is not called on the word of a model" in answer.err
    answer = firth("inspect", "m.lm", "--gates", "the king", "--tokenizer", "whitespace")
    assert answer.code == 0 and answer.out.startswith("the\t")

"""Published ELMo weights: their layout, against a twin from the specification."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")
h5py = pytest.importorskip("h5py", reason="published weights are HDF5: the extra elmo")

import firth  # noqa: E402  # after importorskip
from firth.errors import FormatError, MissingExtraError, ModelExistsError, SettingError  # noqa: E402
from firth.neural.contextual import Contextual  # noqa: E402
from firth.neural.published_elmo import read_published, save_published  # noqa: E402
from firth.neural.published_options import Options  # noqa: E402
from neural.drawn_elmo import drawn_elmo  # noqa: E402
from neural.published_twin import representations  # noqa: E402

#: words of one byte, beyond ASCII, longer than a row; a sentence of one word
SENTENCES = [
    ["The", "first", "sentence", "."],
    ["a"],
    ["Żółć", "日本", "incomprehensibilities" * 2, "!", "The"],
]
OPTIONS = {
    "char_cnn": {
        "activation": "relu",
        "embedding": {"dim": 3},
        "filters": [[1, 2], [2, 3], [4, 4]],
        "max_characters_per_token": 12,
        "n_characters": 262,
        "n_highway": 2,
    },
    "lstm": {
        "cell_clip": 0.3,
        "dim": 7,
        "n_layers": 2,
        "proj_clip": 0.2,
        "projection_dim": 5,
        "use_skip_connections": True,
    },
}


def changed(**lstm):
    return {"char_cnn": OPTIONS["char_cnn"], "lstm": OPTIONS["lstm"] | lstm}


def drawn(options, seed=1):
    """Weights of a made-up model, each array by its name and shape as published."""
    draw = np.random.default_rng(seed)
    cnn, lstm = options["char_cnn"], options["lstm"]
    d, F = cnn["embedding"]["dim"], sum(many for _, many in cnn["filters"])
    H, P = lstm["dim"], lstm["projection_dim"]
    shapes = {"char_embed": (261, d)}
    for i, (width, many) in enumerate(cnn["filters"]):
        shapes |= {f"CNN/W_cnn_{i}": (1, width, d, many), f"CNN/b_cnn_{i}": (many,)}
    for k in range(cnn["n_highway"]):
        shapes |= {f"CNN_high_{k}/W_carry": (F, F), f"CNN_high_{k}/b_carry": (F,)}
        shapes |= {f"CNN_high_{k}/W_transform": (F, F), f"CNN_high_{k}/b_transform": (F,)}
    if F != P:
        shapes |= {"CNN_proj/W_proj": (F, P), "CNN_proj/b_proj": (P,)}
    for j in range(2):
        for layer in range(lstm["n_layers"]):
            cell = f"RNN_{j}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
            shapes |= {f"{cell}/W_0": (2 * P, 4 * H), f"{cell}/B": (4 * H,)}
            if P < H:
                shapes[f"{cell}/W_P_0"] = (H, P)
    return {name: draw.normal(0, 0.7, shape).astype("f4") for name, shape in shapes.items()}


def written(folder, options, weights):
    """The two files, by h5py and json alone."""
    folder.mkdir(exist_ok=True)
    (folder / "options.json").write_text(json.dumps(options), "utf-8")
    with h5py.File(folder / "weights.hdf5", "w") as file:
        for name, array in weights.items():
            file[name] = array
    return folder / "weights.hdf5", folder / "options.json"


def held(path):
    """Every array of an HDF5 file."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, one: found.update({name: one[...]}) if hasattr(one, "shape") else None
        )
    return found


def vectors(fitted, sentences=SENTENCES):
    return Contextual(fitted, device="cpu", threads=1).of(sentences)


# --- read ----------------------------------------------------------------------------------------

VARIANTS = {
    "published": OPTIONS,
    "tanh, no highway": {
        "char_cnn": OPTIONS["char_cnn"] | {"activation": "tanh", "n_highway": 0},
        "lstm": OPTIONS["lstm"],
    },
    "no clips, no skip": changed(cell_clip=None, proj_clip=None, use_skip_connections=False),
    "only the memory is clipped": changed(proj_clip=None),
    "no projection": changed(dim=5),
    "one layer": changed(n_layers=1),
    "as wide as the filters": changed(projection_dim=9, dim=11),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_read_is_what_the_specification_says(tmp_path, name):
    options = VARIANTS[name]
    weights = drawn(options)
    fitted = read_published(*written(tmp_path / "elmo", options, weights))
    for words, found in zip(SENTENCES, vectors(fitted), strict=True):
        # float32 against float64
        np.testing.assert_allclose(found, representations(options, weights, words), atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"use_skip_connections": False},
        {"cell_clip": None},
        {"proj_clip": None},
    ],
)
def test_each_option_matters(change):
    """The twin itself tells them apart: what agrees with it has them all."""
    weights, words = drawn(OPTIONS), SENTENCES[0]
    plain = representations(OPTIONS, weights, words)
    assert np.abs(representations(changed(**change), weights, words) - plain).max() > 1e-2


@pytest.mark.parametrize(
    "name",
    ["char_embed", "CNN/b_cnn_1", "CNN_high_1/W_carry", "RNN_1/RNN/MultiRNNCell/Cell1/LSTMCell/B"],
)
def test_each_array_matters(tmp_path, name):
    weights = drawn(OPTIONS)
    before = vectors(read_published(*written(tmp_path / "one", OPTIONS, weights)))
    other = weights | {name: weights[name] + 0.5}
    after = vectors(read_published(*written(tmp_path / "two", OPTIONS, other)))
    assert np.abs(before[0] - after[0]).max() > 1e-3


def test_the_model_that_was_read_is_saved_as_any_other(tmp_path):
    fitted = read_published(*written(tmp_path / "elmo", OPTIONS, drawn(OPTIONS)))
    fitted.save(tmp_path / "m.firth")
    again = vectors(firth.load(tmp_path / "m.firth"))
    for one, other in zip(vectors(fitted), again, strict=True):
        np.testing.assert_array_equal(one, other)


# --- write ---------------------------------------------------------------------------------------


WRITTEN = {
    "plain": {},
    "two highways, tanh, no residual": {"highways": 2, "activation": "tanh", "residual": False},
    "projected and clipped": {"units": 9, "projection": True, "cell_clip": 0.5},
    "as wide as its filters": {"dim": 11},
}


@pytest.mark.parametrize("name", WRITTEN)
def test_ours_written_is_what_the_specification_says(tmp_path, name):
    fitted = drawn_elmo(**WRITTEN[name])
    files = tmp_path / "w.hdf5", tmp_path / "o.json"
    save_published(fitted, *files)
    options, weights = json.loads(files[1].read_text("utf-8")), held(files[0])
    again = read_published(*files)
    for words, found, read in zip(SENTENCES, vectors(fitted), vectors(again), strict=True):
        np.testing.assert_allclose(found, representations(options, weights, words), atol=1e-5)
        np.testing.assert_allclose(found, read, atol=1e-6)


def test_the_layout_of_what_is_written(tmp_path):
    save_published(drawn_elmo(units=9, projection=True), tmp_path / "w.hdf5", tmp_path / "o.json")
    options = json.loads((tmp_path / "o.json").read_text("utf-8"))
    shapes = {name: array.shape for name, array in drawn(options).items()}
    assert {name: array.shape for name, array in held(tmp_path / "w.hdf5").items()} == shapes
    assert {array.dtype.name for array in held(tmp_path / "w.hdf5").values()} == {"float32"}
    assert options["char_cnn"]["n_characters"] == 262
    assert options["lstm"]["cell_clip"] is None


def test_projections_that_one_program_wants_and_the_other_does_not_read(tmp_path):
    save_published(drawn_elmo(dim=11), tmp_path / "w.hdf5", tmp_path / "o.json")
    found = held(tmp_path / "w.hdf5")
    np.testing.assert_array_equal(found["CNN_proj/W_proj"], np.eye(11))
    projection = "RNN_0/RNN/MultiRNNCell/Cell1/LSTMCell/W_P_0"
    np.testing.assert_array_equal(found[projection], np.eye(11))
    with h5py.File(tmp_path / "w.hdf5", "a") as file:
        file[projection][0, 1] = 0.5
    with pytest.raises(FormatError, match="not the identity"):
        read_published(tmp_path / "w.hdf5", tmp_path / "o.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"dim": 11}, []),
        ({"dim": 12}, ["bilm-tf refuses a projection_dim of 12 above the 11 filters"]),
        ({"longest": 49}, ["AllenNLP spells every word with 50 symbols and this model with 49"]),
        ({"residual": False}, ["AllenNLP reads no model without residual connections"]),
    ],
)
def test_what_one_of_the_programs_does_not_read_is_told(tmp_path, change, said):
    fitted = drawn_elmo(**{"longest": 50} | change)
    files = tmp_path / "w.hdf5", tmp_path / "o.json"
    told = save_published(fitted, *files)
    assert len(told) == len(said)
    for one, start in zip(told, said, strict=True):
        assert one.startswith(start) and "For both " in one
    # ours reads it all the same
    for one, other in zip(vectors(fitted), vectors(read_published(*files)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_what_the_layout_cannot_hold(tmp_path):
    files = tmp_path / "w.hdf5", tmp_path / "o.json"
    with pytest.raises(SettingError, match="--padding counted"):
        save_published(drawn_elmo(padding="ignored"), *files)
    with pytest.raises(SettingError, match="3 characters of its own.*--characters byte"):
        save_published(drawn_elmo(characters="abc"), *files)
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced_unasked(tmp_path):
    files = tmp_path / "w.hdf5", tmp_path / "o.json"
    files[0].write_text("mine", "utf-8")
    with pytest.raises(ModelExistsError):
        save_published(drawn_elmo(), *files)
    assert files[0].read_text("utf-8") == "mine"
    assert not files[1].exists()
    save_published(drawn_elmo(), *files, overwrite=True)
    assert len(held(files[0])) > 10


# --- bad input -----------------------------------------------------------------------------------


def refused(folder, options, weights):
    with pytest.raises(FormatError) as error:
        read_published(*written(folder, options, weights))
    return str(error.value)


def test_options_and_weights_of_two_models(tmp_path):
    weights = drawn(OPTIONS)
    said = refused(tmp_path / "a", changed(dim=8), weights)
    assert "W_0 of shape [10, 28], expected [10, 32], as the options say" in said
    assert "of two models?" in said
    assert "CNN_high_1/W_carry of shape none" in refused(
        tmp_path / "b", OPTIONS, {k: v for k, v in weights.items() if k != "CNN_high_1/W_carry"}
    )
    assert "of type int32" in refused(
        tmp_path / "c", OPTIONS, weights | {"char_embed": np.zeros((261, 3), "i4")}
    )


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("char_cnn", {"n_characters": 300}, "n_characters 300, expected 261 or 262"),
        ("char_cnn", {"filters": [[1, 0]]}, "under char_cnn/filters, expected pairs"),
        ("char_cnn", {"activation": "gelu"}, "'gelu' under char_cnn/activation, expected relu or"),
        ("char_cnn", {"embedding": {}}, "none under char_cnn/embedding/dim"),
        ("lstm", {"dim": "wide"}, "'wide' under lstm/dim, expected a whole number"),
        ("lstm", {"projection_dim": 20}, "projection_dim 20 and lstm/dim 7"),
        ("lstm", {"cell_clip": -1}, "-1 under lstm/cell_clip"),
        ("lstm", {"use_skip_connections": None}, "expected true or false"),
    ],
)
def test_strange_options(tmp_path, part, change, said):
    options = OPTIONS | {part: OPTIONS[part] | change}
    assert said in refused(tmp_path / "elmo", options, {})


def test_files_that_are_none(tmp_path):
    weights, options = written(tmp_path / "elmo", OPTIONS, drawn(OPTIONS))
    with pytest.raises(FormatError, match="no such file"):
        read_published(tmp_path / "none.hdf5", options)
    with pytest.raises(FormatError, match="options of an ELMo"):
        read_published(weights, tmp_path / "none.json")
    options.write_text('{"lstm": {}}', "utf-8")
    with pytest.raises(FormatError, match="tokens has no char_cnn"):
        read_published(weights, options)
    options.write_text("[" * 5, "utf-8")
    with pytest.raises(FormatError, match="damaged JSON"):
        read_published(weights, options)
    options.write_text(json.dumps(OPTIONS), "utf-8")
    whole = weights.read_bytes()
    for damaged in (b"", b"not hdf5", whole[: len(whole) // 2]):
        weights.write_bytes(damaged)
        with pytest.raises(FormatError, match="no whole HDF5 file"):
            read_published(weights, options)


def test_261_symbols_are_said_too(tmp_path):
    """Options of training count 261, those of the finished model 262."""
    cnn = OPTIONS["char_cnn"] | {"n_characters": 261}
    _, path = written(tmp_path / "elmo", {**OPTIONS, "char_cnn": cnn}, {})
    assert Options.read(path).longest == 12


def test_without_h5py(tmp_path, monkeypatch):
    files = written(tmp_path / "elmo", OPTIONS, drawn(OPTIONS))
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"firth\[elmo\]"):
        read_published(*files)

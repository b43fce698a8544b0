"""Which tags are of spans, in which letters, and what is said where some are and some are not."""

import pytest

pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.neural.tag_labels import TagLabels, nearly_spans  # noqa: E402  # after importorskip


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [("BILOU", "B-X I-X L-X O U-Y U-Y B-Y L-Y"), ("BMES", "B-X M-X E-X O S-Y S-Y B-Y E-Y")],
)
def test_other_letters_are_iobes_and_come_back(scheme, tags):
    tags = tags.split()
    labels = TagLabels.of([tags])
    assert (labels.scheme, labels.learnt, len(labels)) == (scheme, "IOBES", 9)
    ids = labels.ids([tags])
    learnt = ["B-X", "I-X", "E-X", "O", "S-Y", "S-Y", "B-Y", "E-Y"]
    assert [labels.names[i] for i in ids] == learnt
    assert labels.tags(ids) == tags
    assert not labels.strange([tags, learnt]) and labels.strange([["U-Z"]]) == {"U-Z": 1}
    again = TagLabels.of_json(labels.names, labels.to_json())
    assert again == labels
    assert TagLabels.of([tags], learns="same").names[1:5] == tuple(
        f"{letter}-X" for letter in ("BILU" if scheme == "BILOU" else "BMES")
    )


def test_any_name_of_a_scheme():
    assert TagLabels.of([["B-X"]], "bio").scheme == "IOB2"
    assert TagLabels.of([["U-X"]], "BIOUL").scheme == "BILOU"


def said(*sentences):
    tags = [sentence.split() for sentence in sentences]
    assert not TagLabels.of(tags).spans
    return nearly_spans(tags, [f"t.txt, line {i}" for i in range(1, len(tags) + 1)])


@pytest.mark.parametrize(
    ("sentences", "odd", "remedy"),
    [
        (["O O", "b-per i-per O"], "'b-per' (t.txt, line 2)", "; write B-per;"),
        (["B_PER I_PER O"], "'B_PER' (t.txt, line 1)", "; write B-PER;"),
        (["B-X I-X o"], "'o' (t.txt, line 1)", "; write O;"),
        (["B-X I-X O", "B-Y domain=en O"], "'domain=en' (t.txt, line 2)", "; correct it, or see"),
        (["B-X I-X O", "O X-Y"], "'X-Y' (t.txt, line 2)", "; correct it, or see --columns"),
    ],
)
def test_tags_that_look_like_those_of_spans(sentences, odd, remedy):
    told = said(*sentences)
    assert f"{odd} is none, so all are learnt as they are and scored by accuracy" in told
    assert remedy in told and "--scheme none" in told


def test_tags_that_look_otherwise():
    assert not said("NOUN VERB X O")
    assert not said("B I O")
    assert not said("B-X I-X PER")  # without O
    assert not said("O", "N ^ V Z B-X")  # most are single letters
    # spans need no word
    assert not nearly_spans([["B-X", "O"]], ["a"])
    assert not nearly_spans([], [])

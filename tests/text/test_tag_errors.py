"""What goes wrong most often, counted by hand."""

from firth.text.tag_errors import span_errors, tag_errors

WORDS = [["a", "b", "c", "d", "e"]]


def pairs(errors):
    return [(one.true, one.found, one.count, one.example) for one in errors]


def test_tags():
    words = [["the", "run"], ["a", "run", "x"]]
    found = tag_errors(words, [["D", "N"], ["D", "N", "X"]], [["D", "V"], ["N", "V", "X"]])
    assert pairs(found) == [("N", "V", 2, "run"), ("D", "N", 1, "a")]
    assert found[0].to_json() == {"true": "N", "found": "V", "count": 2, "example": "run"}
    assert tag_errors(words[:1], [["D", "N"]], [["D", "N"]]) == []


def test_spans():
    def errors(gold, found):
        return pairs(span_errors(WORDS, [gold.split()], [found.split()]))

    assert errors("B-X I-X O O O", "B-X I-X O O O") == []
    assert errors("B-X I-X O O O", "B-Y I-Y O O O") == [("X", "Y", 1, "a b")]
    assert errors("B-X I-X O O O", "O B-X I-X O O") == [("X", "X, other words", 1, "a b")]
    assert errors("B-X I-X O O O", "B-X O O O O") == [("X", "X, other words", 1, "a b")]
    assert errors("B-X I-X O O O", "O O O O O") == [("X", "nothing", 1, "a b")]
    assert errors("O O O O O", "O O B-X I-X O") == [("nothing", "X", 1, "c d")]
    # the span that shares most
    assert errors("B-X I-X I-X O O", "B-Y B-Z I-Z O O") == [("X", "Z, other words", 1, "a b c")]
    # cut in two: both parts lie in a true one, which is counted once
    assert errors("B-X I-X O O O", "B-X B-X O O O") == [("X", "X, other words", 1, "a b")]


def test_the_most_frequent_first():
    gold = [["B-X", "O", "B-X", "O", "B-Y"]]
    found = [["O", "O", "O", "O", "B-Z"]]
    assert pairs(span_errors(WORDS, gold, found)) == [
        ("X", "nothing", 2, "a"),
        ("Y", "Z", 1, "e"),
    ]

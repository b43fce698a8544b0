"""The first lesson: worked example 1 of the notes (FA), and the page docs/first-lesson.md beside
what a library says."""

from pathlib import Path

import numpy as np
import pytest

from test_docs_run import blocks, run_python

PAGE = Path(__file__).parents[1] / "docs" / "first-lesson.md"


@pytest.fixture(scope="module")
def lesson():
    """The names that the page's blocks leave, up to "Not all points at once"."""
    text = PAGE.read_text("utf-8")
    first_part = text[: text.index("\n## Not all points at once")].count("\n")
    names: dict = {}
    some = [block for block in blocks(PAGE) if block.language == "python"]
    run_python([block for block in some if block.line <= first_part], PAGE.name, names)
    return names


@pytest.fixture(scope="module")
def whole_lesson():
    names: dict = {}
    run_python([one for one in blocks(PAGE) if one.language == "python"], PAGE.name, names)
    return names


def test_costs_of_both_candidates():
    """FA: x = 1, 5, 6 and y = 0, 16, 20; C(1, 0) = 318, C(2, 2) = 68."""
    x, y = np.array([1, 5, 6]), np.array([0, 16, 20])
    terms = {wb: (y - (wb[0] * x + wb[1])) ** 2 for wb in ((1, 0), (2, 2))}
    assert terms[1, 0].tolist() == [1, 121, 196] and terms[1, 0].sum() == 318
    assert terms[2, 2].tolist() == [16, 16, 36] and terms[2, 2].sum() == 68


def test_the_page_has_them(lesson):
    assert lesson["cost"](1, 0) == 318
    assert lesson["cost"](2, 2) == 68


def test_descent_beats_the_candidates_and_finds_least_squares(lesson):
    # the control: where it starts it is worse than the better candidate
    assert lesson["descend"](0.01, 0)[2][-1] == 318
    w, b, costs = lesson["descend"](0.01, 2000)
    assert costs[-1] < 68
    expected = np.polynomial.Polynomial.fit([1, 5, 6], [0, 16, 20], 1).convert().coef
    np.testing.assert_allclose([b, w], expected, atol=1e-9)


def test_derivatives_of_the_page_are_those_of_torch(whole_lesson):
    torch = pytest.importorskip("torch", reason="the page needs numpy only, this check PyTorch")
    page = whole_lesson

    def tensors(*arrays):
        return [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]

    X = torch.tensor(page["X"])
    t = torch.tensor(page["t_xor"])
    W, c, v, b = tensors(*page["start"])
    a = torch.sigmoid(torch.tanh(X @ W + c) @ v + b)
    torch.nn.functional.binary_cross_entropy(a, t).backward()
    ours = page["backward"](*page["start"], page["t_xor"])
    for one, other in zip(ours, (W, c, v, b), strict=True):
        np.testing.assert_allclose(one, other.grad, rtol=1e-10, atol=1e-15)

    x = np.random.default_rng(5).normal(0, 1, 15)
    w, u = tensors(0.9, 0.5)
    states = [torch.zeros((), dtype=torch.float64)]
    for x_t in x:
        states.append(torch.tanh(w * states[-1] + u * x_t))
        states[-1].retain_grad()
    ((states[-1] - 1) ** 2 / 2).backward()
    dh, dw, du = page["through_time"](0.9, 0.5, x, 1.0)
    np.testing.assert_allclose(dh, [float(h.grad) for h in states[1:]], rtol=1e-10)
    np.testing.assert_allclose([dw, du], [float(w.grad), float(u.grad)], rtol=1e-10)

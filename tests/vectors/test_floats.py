"""The parser of decimals gives float32(strtod(token)) or says that it is not sure."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firth.kernels.floats import POWERS, parse_number, parse_rows


def parsed(token):
    """The float32 of each of the two ways, or None where the kernel hands the token back."""
    data = np.frombuffer(token, np.uint8)
    value, sure = parse_number(data, 0, len(data), POWERS)
    line = np.frombuffer(b"x " + token + b"\n", np.uint8)
    values, names = np.zeros((1, 1), np.float32), np.zeros(len(line), np.uint8)
    odd = np.zeros((1, 4), np.int64)
    ends = np.array([len(line) - 1])
    rows, length, odds, bad = parse_rows(
        line, ends, POWERS, values, names, np.zeros(1, np.int64), odd
    )
    assert (rows, length, bad) == (1, 2, -1)
    if odds:
        assert odd[0].tolist() == [0, 0, 2, 2 + len(token)]
    return [value if sure else None, None if odds else values[0, 0]]


def bits(value):
    return np.float32(value).tobytes()


decimals = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: str(np.float32(x))),
    st.floats(-10, 10).map(lambda x: f"{x:f}"),
    st.floats(-10, 10).map(lambda x: f"{x:.5g}"),
    st.from_regex(r"\A[+-]?[0-9]{1,25}\.?[0-9]{0,25}(e[+-]?[0-9]{1,3})?\Z"),
    st.from_regex(r"\A[+-]?\.[0-9]{1,25}(E[+-]?[0-9]{1,3})?\Z"),
)


@settings(max_examples=1500, deadline=None)
@given(decimals)
@example("16777217")  # half way between two float32
@example("16777217.000000000001")
@example("1.00000005960464477539062500")  # 1 + 2^-24: a tie
@example("0.000000000000000000000000000000000000000000001401298464324817")
@example("-0")
@example("3.4028235677973366e38")
def test_equals_strtod(text):
    with np.errstate(over="ignore"):
        wanted = np.float32(float(text))
    for value in parsed(text.encode()):
        if value is not None:
            assert bits(value) == bits(wanted), text


@settings(max_examples=300, deadline=None)
@given(st.floats(-100, 100, width=32))
def test_the_usual_writers_never_need_the_slow_way(number):
    for text in (f"{number:f}", str(np.float32(number)), f"{number:.5g}"):
        if abs(number) > 1e-30 or number == 0:
            assert None not in parsed(text.encode())


def test_uncompiled_gives_the_same_bits():
    """The same source as plain Python, in a process of its own."""
    program = """
import numpy as np
from firth.kernels.floats import POWERS, parse_rows
random = np.random.default_rng(0)
tokens = [repr(x) for x in random.standard_normal(300)]
tokens += [f"{x:f}" for x in random.normal(0, 9, 99)]
tokens += ["1" * 40, "0." + "3" * 30, "-1e-300", "7", "-5", "nan", "1e", "+2.5E3", "1e400"]
data = np.frombuffer(("x " + " ".join(tokens) + "\\n").encode(), np.uint8)
values, names = np.zeros((1, len(tokens)), np.float32), np.zeros(len(data), np.uint8)
odd = np.zeros((99, 4), np.int64)
found = parse_rows(data, np.array([len(data) - 1]), POWERS, values, names, np.zeros(1, int), odd)
print([int(x) for x in found], values.tobytes().hex(), odd.tolist())
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"NUMBA_DISABLE_JIT": flag},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for flag in ("0", "1")
    }
    assert len(outputs) == 1 and outputs.pop().startswith("[1, 2, ")


@pytest.mark.parametrize(
    "token",
    [b"nan", b"inf", b"1_0", b"", b".", b"-", b"+", b"-.", b"1e", b"1e+", b"1.2.3", b"1e5.0",
     b"--1", b"0x10", b"1e99999", b"x", b"1-2", "１".encode()],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_handed_back(token):
    if token:
        assert parsed(token) == [None, None]

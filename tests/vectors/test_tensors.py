"""Our safetensors files are the package's, and damaged ones are refused at every region."""

import json

import numpy as np
import pytest
import safetensors.numpy

from firth.errors import FormatError
from firth.vectors.tensors import map_tensors, open_tensors, write_tensors

TENSORS = {
    "a": np.arange(12, dtype=np.float32).reshape(4, 3),
    "ids": np.arange(3),
    "bytes": np.frombuffer(b"abcde", np.uint8),
    "half": np.ones((2, 2), np.float16),
    "none": np.empty((0, 5), np.float32),
    "scalar": np.array(2.5),
}


def same(one, two):
    assert sorted(one) == sorted(two)
    for name in one:
        assert one[name].dtype == two[name].dtype and one[name].shape == two[name].shape
        assert (one[name] == two[name]).all()


def test_the_package_reads_ours_and_we_read_its(tmp_path):
    write_tensors(tmp_path / "ours", TENSORS, {"note": "é"})
    same(safetensors.numpy.load_file(tmp_path / "ours"), TENSORS)
    safetensors.numpy.save_file(TENSORS, tmp_path / "theirs", metadata={"note": "é"})
    for file in ("ours", "theirs"):
        tensors, metadata = open_tensors(tmp_path / file)
        same(tensors, TENSORS)
        assert metadata == {"note": "é"}


def test_tensors_are_aligned_mapped_and_read_only(tmp_path):
    write_tensors(tmp_path / "t", TENSORS)
    tensors = map_tensors(tmp_path / "t")
    assert tensors["a"].ctypes.data % 4 == 0 and not tensors["a"].flags.writeable
    assert not tensors["a"].flags.owndata


def test_a_slice_and_a_transpose_are_written_as_they_are(tmp_path):
    matrix = np.arange(24, dtype=np.float32).reshape(4, 6)
    write_tensors(tmp_path / "t", {"t": matrix.T, "s": matrix[::2, ::3]})
    same(map_tensors(tmp_path / "t"), {"t": matrix.T, "s": matrix[::2, ::3]})


def test_bfloat16_is_read(tmp_path):
    header = json.dumps({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    data = (np.array([1.5, -2.0], np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
    (tmp_path / "t").write_bytes(len(header).to_bytes(8, "little") + header + data)
    assert map_tensors(tmp_path / "t")["x"].tolist() == [1.5, -2.0]


def test_truncated_anywhere_is_refused(tmp_path):
    write_tensors(tmp_path / "t", {"a": TENSORS["a"]})
    whole = (tmp_path / "t").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(FormatError, match="cut: found .* expected"):
            map_tensors(tmp_path / "cut")
    (tmp_path / "long").write_bytes(whole + b"x")
    with pytest.raises(FormatError, match=f"found {len(whole) + 1} bytes, expected {len(whole)}"):
        map_tensors(tmp_path / "long")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("[]", "a header that is a list"),
        ('{"', "damaged header in bytes 8 to 10"),
        ('{"a": {"dtype": "F32", "shape": [1]}}', "damaged entry for tensor 'a'"),
        ('{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', "damaged entry"),
        ('{"a": {"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}}', "damaged entry"),
        ('{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}', "'F99'"),
        ('{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', "expected 8 bytes"),
        ('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}', "file of"),
        ('{"__metadata__": 3}', "__metadata__"),
    ],
)
def test_lying_headers_are_refused(tmp_path, header, message):
    data = len(header).to_bytes(8, "little") + header.encode() + b"\0\0\0\0"
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(FormatError, match=message):
        map_tensors(tmp_path / "t")


def test_a_header_larger_than_the_file_is_refused(tmp_path):
    (tmp_path / "t").write_bytes((1 << 60).to_bytes(8, "little") + b"{}")
    with pytest.raises(FormatError, match="announced at offset 0 in a file of 10 bytes"):
        map_tensors(tmp_path / "t")

"""Files and folders are whole or not there, whenever the writer is killed."""

import os
import subprocess
import sys

import pytest

from firth.files import aside, rescue, whole_file, whole_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from firth.files import whole_file, whole_folder
with {writer}(Path(sys.argv[1])) as temporary:
    (temporary / "a" if temporary.is_dir() else temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("writer", ["whole_folder", "whole_file"])
def test_what_a_killed_writer_left_is_swept_by_the_next(writer, tmp_path):
    path = tmp_path / "x.firth"
    subprocess.run([sys.executable, "-c", KILLED.format(writer=writer), str(path)], check=False)
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1  # the control: something was left
    living = tmp_path / f".x.firth.{os.getpid()}-other"  # of a run that goes on
    living.touch()
    with (whole_folder if writer == "whole_folder" else whole_file)(path):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([path, living])


def test_a_kill_between_the_renames_is_mended(tmp_path):
    path = tmp_path / "x.firth"
    with whole_folder(path) as folder:
        (folder / "a").write_text("old")
    os.replace(path, aside(path))
    rescue(path)
    assert (path / "a").read_text() == "old"


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="oops"), whole_folder(tmp_path / "x") as folder:
        (folder / "a").write_text("half")
        raise ValueError("oops")
    assert not list(tmp_path.iterdir())

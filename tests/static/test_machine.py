"""What the machine has, a container's limits included."""

import pytest

from firth.static import machine


@pytest.fixture
def container(tmp_path, monkeypatch):
    """A container with so much memory, of which so much is used."""

    def made(limit, used=0, cache=0):
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "memory.current").write_text(f"{used}\n")
        (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {cache}\n")
        place = (str(tmp_path), "memory.max", "memory.current", "inactive_file")
        monkeypatch.setattr(machine, "CONTAINERS", (place,))

    return made


def test_the_smaller_of_machine_and_container(container, monkeypatch):
    monkeypatch.setattr(machine, "_of_the_machine", lambda: 10_000)
    container(4_000, used=1_000, cache=500)
    assert machine.available_memory() == 3_500
    container(40_000)
    assert machine.available_memory() == 10_000
    container("max", used=9_000)
    assert machine.available_memory() == 10_000
    container(1_000, used=2_000)
    assert machine.available_memory() == 0


def test_without_any_word_of_it(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CONTAINERS", ((str(tmp_path), "a", "b", "c"),))
    monkeypatch.setattr(machine, "_of_the_machine", lambda: None)
    assert machine.available_memory() is None


def test_here():
    assert machine.available_memory() is None or machine.available_memory() > 10**6
    assert machine.available_cores() >= 1
    assert machine.size(1.5e6) == "1.5 MB"
    assert machine.size(2.25e9) == "2.2 GB"


def test_matrices_that_do_not_fit(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 2 * 10**9)
    assert machine.warning(10**9) == ""
    assert machine.warning(3 * 10**9) == (
        " Only 2.0 GB of memory are free: lower --dim, raise --min-count or give --max-size."
    )

"""The progress bar: on a terminal only, with what the run reports."""

import io
import sys

from firth.cli.bar import BarProgress, PlainProgress, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_only_where_a_person_watches(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert type(progress()) is PlainProgress
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(progress()) is BarProgress


def test_without_a_terminal_only_sentences(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    watcher = progress()
    watcher.start("training", 100, "words")
    watcher.advance(50, loss=1.0)
    watcher.say("a note")
    watcher.say("a note")
    watcher.finish()
    assert stream.getvalue() == "a note\n"


def test_the_bar_shows_done_speed_and_loss(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    watcher = progress()
    watcher.start("training skipgram", 100, "words")
    for done in (10, 20, 40):
        watcher.advance(done, loss=2.5, rate=float("nan"))
    watcher.say("a note")
    watcher.bar.refresh()
    watcher.start("another", None, "lines")
    watcher.finish()
    watcher.finish()
    shown = stream.getvalue()
    assert "training skipgram" in shown
    assert "40%" in shown
    assert "loss 2.5" in shown
    assert "nan" not in shown
    assert "words/s" in shown
    assert "a note" in shown


def test_the_bar_shows_a_speed_it_is_given(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    watcher = progress()
    watcher.start("training language-model", 1000, "tokens")
    watcher.advance(500, loss=2.5, speed=1234.0)
    watcher.bar.refresh()
    watcher.finish()
    assert "1,234 tokens/s" in stream.getvalue()
    assert "50%" in stream.getvalue()

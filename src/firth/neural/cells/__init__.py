"""Recurrent cells: each as its equations and as torch's fused layer."""

from __future__ import annotations

from firth.neural.cells.cell import Cell, State
from firth.neural.cells.gru import GRU
from firth.neural.cells.irnn import IRNN
from firth.neural.cells.lstm import LSTM
from firth.neural.cells.lstmp import LSTMP
from firth.neural.cells.rnn import RNN

#: each cell by the name it has in settings
CELLS: dict[str, type[Cell]] = {cell.name: cell for cell in (RNN, IRNN, LSTM, GRU, LSTMP)}

__all__ = ["CELLS", "GRU", "IRNN", "LSTM", "LSTMP", "RNN", "Cell", "State"]

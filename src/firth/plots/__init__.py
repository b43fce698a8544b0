"""Pictures: files by matplotlib (the extra `plots`), and drawings made of letters.

A drawing takes plain arrays and names, so that whatever has such numbers can be drawn.
"""

from __future__ import annotations

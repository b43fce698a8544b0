"""A folder imports only from lower floors, never a sibling, never the root package."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "firth"
FLOORS = {
    **dict.fromkeys(["errors", "settings", "progress", "interrupts", "compiled", "files"], 0),
    **dict.fromkeys(["text", "kernels"], 1),
    "vectors": 2,
    **dict.fromkeys(["static", "neural"], 3),
    **dict.fromkeys(["plots", "compare", "cluster"], 4),
    **dict.fromkeys(["cli", "explorer", "compat"], 5),
    "__main__": 6,
}
# floor 0 is single files: these may stand on one another, in this order
GROUND = ["errors", "settings", "progress", "interrupts", "compiled", "files"]


def imports(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, dotted name) of each import of something of ours, wherever in the file it stands."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            # `from firth import compiled` is a module, `from firth import Corpus` the root
            parts = [f"firth.{alias.name}" for alias in node.names if alias.name in FLOORS]
            names = parts if module == "firth" and len(parts) == len(node.names) else [module]
            found += [(node.lineno, name) for name in names]
    return [(line, name) for line, name in found if name.split(".")[0] in ("firth", "")]


def breaches(where: str, source: str) -> list[str]:
    """What in `source`, a file of folder `where`, does not go down."""
    if where not in FLOORS:
        return [f"{where} is on no floor; give it one in {Path(__file__).name}"]
    bad = []
    for line, name in imports(ast.parse(source)):
        parts = name.split(".")
        goal = parts[1] if len(parts) > 1 else "the root"
        if name.startswith("."):
            bad.append(f"{where} imports {name} by a relative name, line {line}")
        elif goal not in FLOORS:
            bad.append(f"{where} (floor {FLOORS[where]}) imports {goal}, line {line}")
        elif goal != where and not _down(where, goal):
            floors = f"{where} (floor {FLOORS[where]}) imports {goal} (floor {FLOORS[goal]})"
            bad.append(f"{floors}, line {line}")
    return bad


def _down(where: str, goal: str) -> bool:
    if where in GROUND and goal in GROUND:
        return GROUND.index(goal) < GROUND.index(where)
    return FLOORS[goal] < FLOORS[where]


def test_imports_only_go_down():
    bad = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        where = place.parts[0] if len(place.parts) > 1 else place.stem
        if where != "__init__":
            bad += [f"{place}: {text}" for text in breaches(where, path.read_text("utf-8"))]
    assert not bad, "\n".join(bad)


def test_a_planted_breach_is_seen():
    assert breaches("vectors", "x = 1\nimport firth.static.fit\n") == [
        "vectors (floor 2) imports static (floor 3), line 2"
    ]
    assert breaches("text", "def f():\n    from firth.kernels import rng\n") == [
        "text (floor 1) imports kernels (floor 1), line 2"
    ]
    assert breaches("vectors", "from firth import compiled, static\n") == [
        "vectors (floor 2) imports static (floor 3), line 1"
    ]
    assert breaches("static", "from firth import Corpus\n") == [
        "static (floor 3) imports the root, line 1"
    ]
    assert breaches("cellar", "") == ["cellar is on no floor; give it one in test_floors.py"]
    assert breaches("vectors", "from ..text import stream\n") == [
        "vectors imports ..text by a relative name, line 1"
    ]
    assert breaches("vectors", "from firth.text.stream import Stream\nimport numpy\n") == []


def test_the_root_only_re_exports():
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert defined == ["__getattr__", "__dir__"]

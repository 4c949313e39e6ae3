"""What msgspec reads is known to it before there are threads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import runfold

RACE = """
import sys, threading
import msgspec
from runfold.documents.model import Kind
from runfold.documents.storable import _SHAPES
from runfold.indexer import service

sys.setswitchinterval(1e-6)
together = threading.Barrier(4)

def read(kind):
    together.wait()
    msgspec.convert({"id": "a"}, _SHAPES[kind])

for kind in Kind:
    threads = [threading.Thread(target=read, args=(kind,)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def test_threads_that_read_a_type_for_the_first_time_at_once_read_it() -> None:
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_decoders_are_made_where_modules_are_loaded_and_converted_types_are_named_there() -> None:
    late = [
        f"{path.name}:{call.lineno}"
        for path in Path(runfold.__file__).parent.rglob("*.py")
        for call in _late(ast.parse(path.read_text()))
        if path.name != "known_types.py"
    ]

    assert late == []


def _late(module: ast.Module) -> Iterator[ast.Call]:
    """Yield calls, within functions, that let msgspec work out a type; `convert` may where the module knows some."""
    knows = any("known" in ast.unparse(line) for line in module.body if isinstance(line, ast.Expr))
    inside = [
        call
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
    ]
    for call in inside:
        name = ast.unparse(call.func)
        if (
            name.endswith("json.Decoder")
            or (name.endswith("decode") and any(given.arg == "type" for given in call.keywords))
            or (name == "msgspec.convert" and not knows)
        ):
            yield call

"""A new project with a task type of one's own, from the files in `project/`. Writes only into a folder that is not there."""

import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from runfold.errors import BadRequest, Conflict

NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
NAME_LENGTH_MAX: Final = 60

FILES: Final = (
    ("pyproject.toml.txt", "pyproject.toml"),
    ("README.md.txt", "README.md"),
    ("init.py.txt", "src/{package}/__init__.py"),
    ("greet.py.txt", "src/{package}/greet.py"),
    ("test_greet.py.txt", "tests/test_greet.py"),
)
"""Where the files of `project/` go."""


def new_project(name: str, folder: Path) -> Path:
    """
    Write a project of that name into `folder`; return its own folder there.

    Raises:
        BadRequest: The name can't be a package's.
        Conflict: There is something of that name already.
    """
    if not NAME.fullmatch(name) or len(name) > NAME_LENGTH_MAX:
        raise BadRequest(f"`{name}` can't be a name: lower-case letters, digits and single hyphens, such as `my-tasks`")
    root = folder / name
    package = name.replace("-", "_")
    try:
        root.mkdir(parents=True)
    except FileExistsError:
        raise Conflict(f"{root} is there already") from None
    for source, place in FILES:
        path = root / place.format(package=package)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files("runfold.plugins").joinpath("project", source).read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(name=name, package=package), encoding="utf-8")
    return root

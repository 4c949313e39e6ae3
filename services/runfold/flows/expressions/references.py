"""
What the templates in a value read: the variables' roots, and below them as much as the text tells.

Rule: too much is allowed, too little never. Where the text does not tell, the reference ends early
(then all below it is read) or is `EVERYTHING`.
"""

from dataclasses import dataclass, field
from typing import Final

from jinja2 import nodes


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A key that is itself a variable: `outputs.t[taskrun.value]` holds `Dynamic(("taskrun", "value"))`."""

    path: tuple[str | int, ...]


#: The root's name, then keys.
Reference = tuple[str | int | Dynamic, ...]
EVERYTHING: Final[Reference] = ("*",)

#: What functions given from outside may read of their context, besides what they are called with.
OF_FUNCTIONS: Final[tuple[Reference, ...]] = (
    ("flow",),
    ("execution",),
    ("trigger", "flowId"),
    ("trigger", "namespace"),
    ("trigger", "executionId"),
)
#: What currentEachOutput reads, besides its argument.
OF_CURRENT_EACH: Final[tuple[Reference, ...]] = (("parents",), ("taskrun", "value"))


def path_of(node: nodes.Expr) -> tuple[str | int, ...] | None:
    """Return the path of a plain variable with constant keys; None of any other expression."""
    if not isinstance(node, nodes.Filter) or node.name != "path" or node.node is None:
        return None
    keys: list[str | int] = []
    for item in (node.node, *node.args):
        if not isinstance(item, nodes.Const) or not isinstance(item.value, str | int):
            return None
        keys.append(item.value)
    return tuple(keys)


@dataclass(slots=True)
class Collector:
    """Gathers the references of one template while it is parsed; knows the template's own names."""

    found: set[Reference] = field(default_factory=set)
    #: Texts that `render` is called with: what they read is read too.
    rendered: list[str] = field(default_factory=list)
    scopes: list[set[str]] = field(default_factory=lambda: [set()])

    def is_own(self, name: str) -> bool:
        """Tell whether the template itself has set `name` wherever this place is reached."""
        return any(name in scope for scope in self.scopes)

    def read(self, root: str, keys: list[nodes.Expr]) -> None:
        """Note that `root` is read, then `keys`."""
        if self.is_own(root):
            return
        reference: list[str | int | Dynamic] = [root]
        for key in keys:
            if isinstance(key, nodes.Const) and isinstance(key.value, str | int):
                reference.append(key.value)
                continue
            path = path_of(key)
            if path is None or self.is_own(str(path[0])):
                break
            reference.append(Dynamic(path))
        self.found.add(tuple(reference))

    def called(self, name: str, arguments: list[nodes.Expr]) -> None:
        """Note what the built-in function `name` reads."""
        if name in ("printContext", "fetchContext"):
            self.found.add(EVERYTHING)
        elif name == "currentEachOutput":
            self.found.update(OF_CURRENT_EACH)
        elif name in ("render", "renderOnce"):
            first = arguments[0] if arguments else None
            if isinstance(first, nodes.Const) and isinstance(first.value, str):
                self.rendered.append(first.value)
            else:
                self.found.add(EVERYTHING)

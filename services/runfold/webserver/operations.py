"""The page /docs: every operation of the API, made from its OpenAPI description; no script, no network."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2rem; border-bottom: 1px solid #8886; text-transform: capitalize; }
summary { cursor: pointer; padding: .25rem 0; }
code { font: 13px ui-monospace, monospace; }
b { display: inline-block; min-width: 4.5rem; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
"""


def operations_page(api: Mapping[str, Any]) -> str:
    """Return the HTML that lists what `api` (an OpenAPI description) offers."""
    title = escape(f"{api['info']['title']} {api['info']['version']}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<body><h1>{title}</h1><p>{escape(api['info'].get('description', ''))}</p>"
        f'<p>For machines: <a href="openapi.json">openapi.json</a></p>{"".join(_groups(api))}</body></html>'
    )


def _groups(api: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation.get("tags", [""])[0], []).append(_operation(method, path, operation))
    for tag, operations in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(operations)}"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    text = escape(operation.get("description") or operation.get("summary", ""))
    rows = "".join(_parameter(parameter) for parameter in operation.get("parameters", ()))
    return (
        f"<details><summary><b>{escape(method.upper())}</b> <code>{escape(path)}</code></summary>"
        f"<p>{text}</p><table>{rows}</table></details>"
    )


def _parameter(parameter: Mapping[str, Any]) -> str:
    required = "required" if parameter.get("required") else ""
    text = escape(parameter.get("description", "") or required)
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td><td>{text}</td></tr>"
    )

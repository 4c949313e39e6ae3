"""`runfold openapi`: the description of the REST API, printed without a server. The page's types are made from it."""

import json

import typer

from runfold.webserver.app import described

app = typer.Typer()


@app.command()
def openapi() -> None:
    """
    Print the OpenAPI description of the REST API as JSON.

    Example: runfold openapi > openapi.json
    """
    typer.echo(json.dumps(described().openapi(), indent=1, ensure_ascii=False))

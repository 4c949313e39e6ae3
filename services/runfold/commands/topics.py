"""`runfold topics`: the topics that the topology wants, and those that Kafka has."""

from collections.abc import Sequence

import typer

from runfold.adapters.kafka_topics import Difference
from runfold.assembly import kafka, kafka_topics
from runfold.commands.terminal import ConfigOption, JsonOption, errors_told, out, settings_for

app = typer.Typer(help="Compare the topics on Kafka with those needed.", no_args_is_help=True)


@app.command()
def plan(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """
    Say which topics are missing or other than needed; exit code 1 if any is.

    Example: RUNFOLD_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 runfold topics plan
    """
    with errors_told():
        settings = settings_for(config)
        broker = kafka(settings)
        try:
            found = kafka_topics(settings, broker).plan()
        finally:
            broker.close()
    _tell(found, as_json=as_json)


@app.command()
def apply(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """
    Create missing topics, never change one that is there; exit code 1 if differences stay.

    Example: RUNFOLD_TOPIC_REPLICATION=3 runfold topics apply
    """
    with errors_told():
        settings = settings_for(config)
        broker = kafka(settings)
        try:
            found = kafka_topics(settings, broker).apply()
        finally:
            broker.close()
    _tell(found, as_json=as_json)


def _tell(differences: Sequence[Difference], *, as_json: bool) -> None:
    if as_json:
        listed = [{"topic": each.topic, "problem": each.problem, "missing": each.missing} for each in differences]
        out.print_json(data=listed)
    else:
        for each in differences:
            out.print(str(each), markup=False, highlight=False)
        if not differences:
            out.print("all topics are as needed", highlight=False)
    raise typer.Exit(1 if differences else 0)

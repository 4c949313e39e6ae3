"""The compose file and the image, as far as they can be checked where no container engine is."""

import json
import re
import shlex
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import typer
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
THEIRS = sorted(SERVICES.keys() - set(OURS))


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions: name and the rest, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_compose_file_follows_the_compose_specification():
    vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))

    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


def test_there_is_one_service_for_each_part_of_the_engine_and_all_share_one_image():
    assert OURS == ["executor", "indexer", "webserver", "worker"]
    assert len({(SERVICES[name]["image"], SERVICES[name]["build"]["dockerfile"]) for name in OURS}) == 1
    assert (ROOT / SERVICES["worker"]["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_the_command_of_its_name_with_options_that_exist(name):
    from runfold.__main__ import app  # noqa: PLC0415 - only this test needs the command line

    command, *options = SERVICES[name]["command"]

    assert command == name
    known = {name for parameter in typer.main.get_command(app).commands[command].params for name in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known


@pytest.mark.parametrize("name", OURS)
def test_each_service_waits_for_healthy_servers_and_finds_them_by_settings_that_exist(name, monkeypatch):
    from runfold import settings  # noqa: PLC0415

    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    read = settings.load()

    assert read.kafka_client()["bootstrap.servers"] == "kafka:9092"
    assert read.elasticsearch_hosts == ("http://elasticsearch:9200",)
    assert {backend: how["condition"] for backend, how in SERVICES[name]["depends_on"].items()} == {
        "kafka": "service_healthy",
        "elasticsearch": "service_healthy",
    }


@pytest.mark.parametrize("name", THEIRS)
def test_the_servers_are_of_an_exact_version_and_say_when_they_are_well(name):
    assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+", SERVICES[name]["image"])
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_compose_and_the_local_servers_are_of_the_same_versions():
    from deploy.local import downloads  # noqa: PLC0415

    assert SERVICES["kafka"]["image"].endswith(downloads.KAFKA.replace("kafka-", "kafka:"))
    assert SERVICES["elasticsearch"]["image"] == downloads.ELASTICSEARCH.replace("-", ":")
    assert SERVICES["kibana"]["image"] == SERVICES["elasticsearch"]["image"].replace("elasticsearch", "kibana")


def test_every_service_comes_back_after_a_crash_and_only_this_machine_reaches_it():
    for name, service in SERVICES.items():
        assert service["restart"] == "unless-stopped", name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_what_the_servers_know_outlives_their_containers():
    kept = {volume.partition(":")[0] for name in THEIRS for volume in SERVICES[name].get("volumes", [])}

    assert kept == {"kafka", "elasticsearch"}
    assert COMPOSE["volumes"].keys() == kept | {"storage"}


def test_all_services_share_the_storage_of_files():
    for name in OURS:
        path = SERVICES[name]["environment"]["RUNFOLD_STORAGE_PATH"]
        assert f"storage:{path}" in SERVICES[name]["volumes"], name
        assert re.search(rf"install -d -o runfold [^\n&]*{path}", DOCKERFILE.replace("\\\n", "")), name


def test_the_image_runs_as_a_user_without_rights():
    last_stage = instructions()[max(at for at, (name, _) in enumerate(instructions()) if name == "FROM") :]
    users = [rest for name, rest in last_stage if name == "USER"]

    assert users
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


def test_the_image_installs_only_files_that_the_lock_knows():
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip" in rest]
    steps = [step for install in installs for step in install.split("&&") if re.search(r"pip\S* (wheel|install)", step)]

    assert steps
    for step in steps:
        words = shlex.split(step)
        assert "--require-hashes" in words or "--no-index" in words, step


def test_everything_that_the_image_copies_is_sent_to_the_builder():
    ignore = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in ignore if line.startswith("!")}
    sources = [
        word for name, rest in instructions() if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    ]

    assert "*" in ignore
    assert set(sources) == sent
    assert all((ROOT / source).exists() for source in sources)

from datetime import timedelta
from pathlib import Path

import pytest

from runfold.settings import SettingsInvalid, load


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415 - only to find what the shell that runs the tests has set

    for name in list(os.environ):
        if name.startswith(("RUNFOLD_", "KESTRA_", "SECRET_")):
            monkeypatch.delenv(name)


def written(folder: Path, text: str) -> Path:
    path = folder / "runfold.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_setting_the_local_servers_and_the_documented_prefixes_are_used() -> None:
    settings = load()

    assert settings.kafka_client() == {"bootstrap.servers": "127.0.0.1:9092"}
    assert (settings.topic_prefix, settings.index_prefix) == ("runfold.", "runfold-")
    assert settings.create_topics
    assert settings.member


def test_every_kafka_variable_reaches_the_client_under_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_KAFKA_BOOTSTRAP_SERVERS", "a:9092,b:9092")
    monkeypatch.setenv("RUNFOLD_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("RUNFOLD_KAFKA_SASL_USERNAME", "ada")

    assert load().kafka_client() == {
        "bootstrap.servers": "a:9092,b:9092",
        "security.protocol": "SASL_SSL",
        "sasl.username": "ada",
    }


def test_a_variable_wins_over_the_file_and_the_rest_of_the_file_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = written(
        tmp_path,
        "topic_prefix: file.\nworker_slots: 3\nkafka:\n  linger.ms: 5\n  enable.ssl.certificate.verification: true\n"
        "variables:\n  globals: {nested: {int: 2}}\n",
    )
    monkeypatch.setenv("RUNFOLD_TOPIC_PREFIX", "env.")
    monkeypatch.setenv("RUNFOLD_KAFKA_BOOTSTRAP_SERVERS", "a:9092")
    monkeypatch.setenv("RUNFOLD_CONFIG", str(config))

    settings = load()

    assert (settings.topic_prefix, settings.worker_slots) == ("env.", 3)
    assert settings.kafka_client() == {
        "linger.ms": "5",
        "enable.ssl.certificate.verification": "true",
        "bootstrap.servers": "a:9092",
    }
    assert settings.surroundings()["globals"] == {"nested": {"int": 2}}


def test_hosts_are_a_list_with_commas_and_a_window_is_a_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_ELASTICSEARCH_HOSTS", "https://a:9200, https://b:9200")
    monkeypatch.setenv("RUNFOLD_IDEMPOTENCY_WINDOW", "PT2H")
    monkeypatch.setenv("RUNFOLD_FACTS_RETENTION", "P90D")

    settings = load()

    assert settings.elasticsearch_hosts == ("https://a:9200", "https://b:9200")
    assert settings.idempotency_window == timedelta(hours=2)
    assert settings.facts_retention == timedelta(days=90)


def test_expressions_see_the_marked_variables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KESTRA_TEST1", "true")
    monkeypatch.setenv("RUNFOLD_ENV_REGION", "north")
    monkeypatch.setenv("KESTRA_CONFIGURATION", "hidden")
    monkeypatch.setenv("RUNFOLD_ENCRYPTION_KEY", "hidden")

    assert load().surroundings()["envs"] == {"test1": "true", "region": "north"}


def test_no_secret_is_shown_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA_SASL_PASSWORD", "ELASTICSEARCH_API_KEY", "ELASTICSEARCH_PASSWORD", "ENCRYPTION_KEY"):
        monkeypatch.setenv(f"RUNFOLD_{name}", "hush-hush")
    monkeypatch.setenv("SECRET_TOKEN", "hush-hush")

    settings = load()

    assert settings.kafka_client()["sasl.password"] == "hush-hush"
    assert settings.secret_environment() == {"SECRET_TOKEN": "hush-hush"}
    assert "hush-hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_wrong_variable_is_named_and_its_value_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_WORKER_SLOTS", "hush-hush")

    with pytest.raises(SettingsInvalid, match=r"RUNFOLD_WORKER_SLOTS: .*valid integer") as caught:
        load()
    assert "hush-hush" not in str(caught.value)


def test_a_variable_that_should_be_json_is_named_and_its_value_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_VARIABLES", "{hush-hush")

    with pytest.raises(SettingsInvalid, match="variables") as caught:
        load()
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("worker_slot: 3", r"worker_slot in .*runfold\.yaml.*not permitted"),
        ("variables: {global: {}}", r"variables\.global in "),
        ("a: [", "no YAML, line 1"),
        ("- a", "no map"),
        ("secrets: {A: b}", "secrets: comes from the environment only"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsInvalid, match=message):
        load(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"missing\.yaml cannot be read"):
        load(tmp_path / "missing.yaml")


def test_scripts_are_off_and_no_address_inside_is_reached_unless_a_setting_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not load().scripts_enabled
    assert load().http_allowed_networks == ()

    monkeypatch.setenv("RUNFOLD_SCRIPTS_ENABLED", "true")
    monkeypatch.setenv("RUNFOLD_HTTP_ALLOWED_NETWORKS", "10.0.0.0/8, ::1/128")

    assert load().scripts_enabled
    assert [str(network) for network in load().http_allowed_networks] == ["10.0.0.0/8", "::1/128"]


def test_a_network_that_is_none_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_HTTP_DENIED_NETWORKS", "10.0.0.1/8")

    with pytest.raises(SettingsInvalid, match="RUNFOLD_HTTP_DENIED_NETWORKS"):
        load()

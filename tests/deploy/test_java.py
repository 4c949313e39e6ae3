"""Which Java runs which server."""

import pytest
from deploy.local import java
from deploy.local.failures import LocalServiceFailed

WHOLE = "java.base jdk.incubator.vector jdk.jdi"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a Java; no other is known."""
    monkeypatch.setattr(java, "INSTALLED", ((str(tmp_path), "*"),))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("ES_JAVA_HOME", raising=False)

    def install(version, modules=WHOLE):
        home = tmp_path / f"java-{version}"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").touch()
        (home / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n', encoding="utf-8")
        return home

    return install


def test_the_oldest_java_that_will_do_runs_a_server(installed):
    installed("11.0.2")
    old, new, _newest = installed("17.0.15"), installed("21.0.1"), installed("25.0.2")

    assert java.java_for_kafka() == old
    assert java.java_for_elasticsearch() == new


def test_a_java_that_is_named_goes_before_others(installed, monkeypatch):
    installed("21.0.1")
    named = installed("25.0.2")
    monkeypatch.setenv("ES_JAVA_HOME", str(named))

    assert java.java_for_elasticsearch() == named


def test_a_small_java_is_not_taken_for_elasticsearch(installed):
    installed("25.0.2", modules="java.base java.se")

    with pytest.raises(LocalServiceFailed, match="ES_JAVA_HOME"):
        java.java_for_elasticsearch()

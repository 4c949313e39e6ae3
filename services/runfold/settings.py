"""
Settings: one frozen model, and the only reader of the environment.

Reads variables named `RUNFOLD_...` and one optional YAML file (`--config` or
`RUNFOLD_CONFIG`) whose keys are the field names below; a variable wins over the file.
Rule: what may be secret is a `SecretStr`, and no message shows a value.
"""

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from runfold import topology
from runfold.errors import RunfoldError

PREFIX: Final = "RUNFOLD_"
CONFIG: Final = "RUNFOLD_CONFIG"
KAFKA: Final = "RUNFOLD_KAFKA_"
"""What follows is a setting of the client: `RUNFOLD_KAFKA_SASL_USERNAME` is `sasl.username`."""

BOOTSTRAP_SERVERS: Final = "127.0.0.1:9092"

ENVS: Final = ("KESTRA_", "RUNFOLD_ENV_")
"""Variables that expressions see under `envs`, without this prefix and in lower case."""

ENVS_HIDDEN: Final = frozenset({"KESTRA_CONFIGURATION", "KESTRA_CONFIGURATION_PATH", "KESTRA_PLUGINS_PATH"})
SECRETS: Final = "SECRET_"


class SettingsInvalid(RunfoldError):
    """A setting that cannot be read: correct the variable or the file that is named."""


def _texts(value: Any) -> Any:
    """Return a map of whatever YAML made of its values as a map of texts, as the Kafka client takes them."""
    if not isinstance(value, Mapping):
        return value
    return {key: str(entry).lower() if isinstance(entry, bool) else str(entry) for key, entry in value.items()}


def _list(value: Any) -> Any:
    """Return a list written with commas as a tuple."""
    return tuple(entry.strip() for entry in value.split(",") if entry.strip()) if isinstance(value, str) else value


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_list)]
"""Networks such as 10.0.0.0/8, separated by commas."""


class Variables(BaseModel):
    """What all flows see. `globals`: the map under that name in expressions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    globals: dict[str, Any] = {}


class Retention(BaseModel):
    """How long what belongs to a namespace (and those below it) is kept; a duration not given: for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str = ""
    executions: timedelta | None = Field(default=None, gt=timedelta(0))
    logs: timedelta | None = Field(default=None, gt=timedelta(0))
    metrics: timedelta | None = Field(default=None, gt=timedelta(0))


class Settings(BaseSettings):
    """All settings. `envs` and `secrets` are found in the environment only."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_ignore_empty=True, hide_input_in_errors=True
    )

    kafka: Annotated[dict[str, SecretStr], BeforeValidator(_texts)] = {}
    """Settings of the Kafka client by their own names; `RUNFOLD_KAFKA_*` come on top."""

    topic_prefix: str = Field(default="runfold.", pattern=r"^[A-Za-z0-9._-]*$", max_length=100)
    topic_partitions: int = Field(default=topology.PARTITIONS, ge=1, le=1_000)
    topic_replication: int = Field(default=1, ge=1, le=10)
    create_topics: bool = True
    """Make topics and index templates at start where they are missing."""

    elasticsearch_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = ("http://127.0.0.1:9200",)
    elasticsearch_api_key: SecretStr | None = None
    elasticsearch_username: str | None = None
    elasticsearch_password: SecretStr | None = None
    elasticsearch_ca_certs: Path | None = None
    index_prefix: str = Field(default="runfold-", pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)
    index_replicas: int = Field(default=1, ge=0, le=10)
    index_lifecycle: str | None = None
    """A lifecycle policy of the server for new indices, where it has such. It must not delete: `retention` does."""

    worker_slots: int = Field(default=32, ge=1, le=1_000)
    """Tasks that one worker runs at a time."""

    worker_inputs: bool = True
    """Keep what each attempt's task was given after rendering, masked and cut, for people to see and to search."""

    worker_group: str = Field(default=topology.DEFAULT_GROUP, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)
    member: str = Field(default_factory=platform.node, min_length=1, max_length=200)
    """This machine's name in consumer groups: the same after a restart, another one on each machine."""

    idempotency_window: timedelta = Field(default=timedelta(hours=1), ge=timedelta(seconds=1))
    """How long an ended execution is remembered: a request that comes again meanwhile starts nothing."""

    facts_retention: timedelta | None = Field(default=None, ge=timedelta(days=1))
    """
    How long the facts of what has ended are kept; not given: for ever. What is older can be searched, and not
    restarted, looked at as it was, or indexed anew. A topic of Kafka gets it when it is made.
    """

    retention: tuple[Retention, ...] = Field(default=(), max_length=100)
    """The rule with the longest namespace counts; without one everything is kept."""

    @field_validator("retention")
    @classmethod
    def _each_namespace_once(cls, rules: tuple[Retention, ...]) -> tuple[Retention, ...]:
        if len({rule.namespace for rule in rules}) < len(rules):
            raise ValueError("a namespace has two rules")
        return rules

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    plugins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = ()
    """Task types besides those of installed packages: each `module:NAME`, a class or a tuple of them."""

    storage_path: Path | None = None
    """Folder of the files that flows work with, one for all services. Not given: in the folder of the data."""

    s3_bucket: str | None = None
    """A bucket for these files instead of a folder. Without keys, the usual variables, profiles and roles are asked."""

    s3_prefix: str = ""
    s3_endpoint: str | None = None
    """Of a storage that speaks S3 and is not Amazon's."""

    s3_region: str | None = None
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None

    encryption_key: SecretStr | None = None
    """Base64 of 16, 24 or 32 bytes; inputs and outputs of type SECRET need it."""

    scripts_enabled: bool = False
    """
    Let flows run scripts as local processes of the worker.

    Off unless you say so, also where the API listens to this machine only: whoever may write a flow then
    runs code as the worker's user and reads what that user reads. Limits are those of each process.
    """

    scripts_cpu_s: int = Field(default=3_600, ge=1)
    scripts_memory_bytes: int = Field(default=8 * 1024**3, ge=1024**2)
    scripts_processes: int = Field(default=4_096, ge=1)
    """Processes and threads of the worker's user, all together; no limit for root."""

    scripts_file_bytes: int = Field(default=1024**3, ge=1)

    http_allowed_networks: Networks = ()
    """Reached by requests of flows although they are not public; the narrowest network decides."""

    http_denied_networks: Networks = ()
    http_response_size_bytes: int = Field(default=10 * 1024**2, ge=1)
    """Of a response that becomes an output, unless a task says less."""

    http_download_size_bytes: int = Field(default=10 * 1024**3, ge=1)
    http_redirects: int = Field(default=10, ge=0, le=100)
    http_time: timedelta = Field(default=timedelta(hours=1), ge=timedelta(seconds=1))
    """The longest that one request of a flow may take."""

    templates_enabled: bool = False
    variables: Variables = Variables()
    envs: dict[str, str] = {}
    secrets: dict[str, SecretStr] = {}
    """Base64 values by the full name of their variable, `SECRET_...`."""

    def kafka_client(self) -> dict[str, str]:
        """Return the client's settings in clear, for the adapter only."""
        given = {name: value.get_secret_value() for name, value in self.kafka.items()}
        return {"bootstrap.servers": BOOTSTRAP_SERVERS, **given}

    def secret_environment(self) -> dict[str, str]:
        """Return the variables `SECRET_...` in clear, for the worker only."""
        return {name: value.get_secret_value() for name, value in self.secrets.items()}

    def surroundings(self) -> dict[str, Any]:
        """Return what every expression sees, whatever the flow."""
        return {"envs": dict(self.envs), "globals": dict(self.variables.globals)}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # What `load` passes is the file: the environment goes before it. No other sources.
        del dotenv_settings, file_secret_settings
        return _Families(settings_cls, os.environ), env_settings, init_settings


class _Families(PydanticBaseSettingsSource):
    """The families of variables whose names we don't know in advance."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._environ = environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return {"kafka": dict(self._kafka()), "envs": dict(self._envs()), "secrets": dict(self._secrets())}

    def _kafka(self) -> Iterable[tuple[str, str]]:
        for name, value in self._environ.items():
            if name.startswith(KAFKA) and value:
                yield name.removeprefix(KAFKA).lower().replace("_", "."), value

    def _envs(self) -> Iterable[tuple[str, str]]:
        for name, value in self._environ.items():
            prefix = next((prefix for prefix in ENVS if name.startswith(prefix)), None)
            if prefix is not None and name not in ENVS_HIDDEN:
                yield name.removeprefix(prefix).lower(), value

    def _secrets(self) -> Iterable[tuple[str, str]]:
        return ((name, value) for name, value in self._environ.items() if name.startswith(SECRETS))


def load(config: Path | None = None) -> Settings:
    """
    Return the settings of this process.

    Raises:
        SettingsInvalid: Says which variable or key is wrong, and never its value.
    """
    path = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    file = _read(path) if path else {}
    try:
        return Settings(**file)
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_reasons(error, path))) from None
    except ValueError as error:
        # A variable that should be JSON; the cause would show the value.
        raise SettingsInvalid(f"A variable {PREFIX}... cannot be read: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(f"The settings file {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsInvalid(f"The settings file {path} is no YAML{where}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsInvalid(f"The settings file {path} is no map of names to values")
    unwanted = {"envs", "secrets"} & content.keys()
    if unwanted:
        raise SettingsInvalid(f"{unwanted.pop()}: comes from the environment only, not from {path}")
    return content


def _reasons(error: ValidationError, path: Path | None) -> Iterable[str]:
    for entry in error.errors(include_input=False, include_url=False, include_context=False):
        names = [str(part) for part in entry["loc"]]
        source = f"{PREFIX}{names[0].upper()}"
        if path:
            source += f" (or {'.'.join(names)} in {path})"
        yield f"{source}: {entry['msg']}"

"""What authors write about a request besides the request itself."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from runfold.flows.schema import Flag, Model, Text, rule


def _no_proxy(value: Any) -> Any:
    if value not in (None, "DIRECT"):
        raise rule("there are no proxies here: the worker connects to the address that it has checked")
    return value


NoProxy = Annotated[Any, AfterValidator(_no_proxy)]


class Auth(Model):
    """Who asks."""

    type: Literal["BASIC", "BEARER"]
    username: Text | None = None
    password: Text | None = None
    token: Text | None = None


class Timeouts(Model):
    """How long is waited for a connection, and for more of an answer."""

    connect_timeout: Text | None = None
    read_idle_timeout: Text | None = None


class Ssl(Model):
    """How a server's certificate is looked at."""

    insecure_trust_all_certificates: Flag = False


class HttpOptions(Model):
    """See the module. What concerns the pool of connections or logs of the client is read and has no effect."""

    connect_timeout: Text | None = None
    read_timeout: Text = "PT10S"
    read_idle_timeout: Text | None = None
    connection_pool_idle_timeout: Text | None = None
    timeout: Timeouts | None = None
    max_content_length: Any = None
    follow_redirects: Any = True
    basic_auth_user: Text | None = None
    basic_auth_password: Text | None = None
    auth: Auth | None = None
    ssl: Ssl | None = None
    allow_failed: Any = False
    allowed_response_codes: Any = None
    default_charset: Text = "UTF-8"
    log_level: Text | None = None
    logs: Any = None
    proxy: NoProxy = None
    proxy_type: NoProxy = None
    proxy_address: NoProxy = None
    proxy_port: NoProxy = None
    proxy_username: NoProxy = None
    proxy_password: NoProxy = None

"""
Requests to other systems: `Request` makes the answer an output, `Download` a file of the storage.

Reads the form's files, writes the file of a download. Rule: an answer is read piece by piece, and
after each piece the attempt's stop, the size and the time are looked at.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any, ClassVar, Final
from urllib.parse import unquote

import httpx
from pydantic import Field

from runfold import __version__
from runfold.flows.inputs import ENCRYPTED_TYPE
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.storage_layout import extension_of
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.http_body import MULTIPART, body_of, form_of
from runfold.tasks.http_options import HttpOptions, Ssl
from runfold.tasks.http_transport import PinnedTransport
from runfold.tasks.storage import heed
from runfold.tasks.values import flag, required, size_bytes, text_list, text_map

CHUNK_SIZE_BYTES: Final = 64 * 1024
SHOWN_LENGTH_MAX: Final = 1_000
"""Characters of an answer that an error tells."""

HELD_SIZE_BYTES: Final = 1024 * 1024
NAME_LENGTH_MAX: Final = 100
FIRST_FAILURE: Final = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `is_wanted`: its code is none of a failure."""

    response: httpx.Response
    size_bytes: int
    is_wanted: bool

    @property
    def asked(self) -> str:
        """The address that was asked first, before any redirect."""
        return str(next(iter([*self.response.history, self.response])).url)

    def outputs(self) -> dict[str, Any]:
        """Return what is told of every answer."""
        headers: dict[str, list[str]] = {}
        for name, value in self.response.headers.raw:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return {"code": self.response.status_code, "headers": headers}


class HttpTask(RunnableTask):
    """What both have in common."""

    uri: Text
    method: Text = "GET"
    body: Any = None
    form_data: Any = None
    content_type: Text | None = None
    headers: Any = None
    params: Any = None
    options: HttpOptions = HttpOptions()
    ssl_options: Ssl | None = None
    allow_failed: Any = False

    @contextmanager
    def answered(self, context: RunContext, target: IO[bytes], size_max_bytes: int) -> Iterator[Answer]:
        """
        Send the request, write the answer's body to `target` and yield the answer.

        Raises:
            TaskFailed: There is none, or it is too large or takes too long.
        """
        with ExitStack() as closing:
            until_s = context.monotonic() + context.storage.http.time.total_seconds()
            try:
                client = closing.enter_context(self._client(context))
                request = self._request(context, client, closing)
                response = client.send(request, stream=True, auth=self._auth(context))
                closing.callback(response.close)
                size = read(context, response, target, Bounds(size_max_bytes, until_s))
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                raise TaskFailed(f"The request failed: {error or type(error).__name__}") from error
            context.metrics.counter("response.length", size)
            yield Answer(response, size, self._is_wanted(context, response.status_code))

    def failure(self, context: RunContext, answer: Answer, target: IO[bytes]) -> None:
        """Do what follows from an answer that is a failure. Raises: TaskFailed, it is not allowed."""
        target.seek(0)
        shown = target.read(SHOWN_LENGTH_MAX).decode(errors="replace")
        message = f"Failed http request with response code '{answer.response.status_code}' and body:\n{shown}"
        if not (flag(context, self.allow_failed) or flag(context, self.options.allow_failed)):
            raise TaskFailed(message)
        context.logger.error(message)

    def _client(self, context: RunContext) -> httpx.Client:
        rules, options = context.storage.http, self.options
        is_unchecked = any(each and each.insecure_trust_all_certificates for each in (self.ssl_options, options.ssl))
        read = (options.timeout and options.timeout.read_idle_timeout) or options.read_timeout
        connect = (options.timeout and options.timeout.connect_timeout) or options.connect_timeout or read
        longest_s = rules.time.total_seconds()
        read_s = min(context.duration(read).total_seconds(), longest_s)
        connect_s = min(context.duration(connect).total_seconds(), longest_s)
        return httpx.Client(
            transport=PinnedTransport(rules, trusted=not is_unchecked),
            timeout=httpx.Timeout(read_s, connect=connect_s),
            follow_redirects=flag(context, options.follow_redirects),
            max_redirects=rules.redirects,
            headers={"User-Agent": f"runfold/{__version__}"},
            trust_env=False,
        )

    def _request(self, context: RunContext, client: httpx.Client, closing: ExitStack) -> httpx.Request:
        content_type = context.render(self.content_type)
        if self.form_data is not None:
            given = form_of(context, self.form_data, content_type, closing)
        else:
            given = body_of(context, self.body, content_type)
        headers: dict[str, str] = given.pop("headers", {})
        if content_type is not None and content_type.partition(";")[0].strip().lower() != MULTIPART:
            headers["Content-Type"] = content_type
        if self.headers is not None:
            headers = _merged(headers, text_map(context, self.headers, "headers"))
        if self.params is not None:
            given["params"] = text_map(context, self.params, "params")
        method = (context.render(self.method) or "GET").upper()
        if not re.fullmatch(r"[A-Z]{1,20}", method):
            raise TaskFailed(f"`{method[:30]}` is no method of a request")
        try:
            return client.build_request(method, required(context, self.uri, "uri"), headers=headers, **given)
        except (ValueError, TypeError) as error:
            raise TaskFailed(f"The request can't be made: {error}") from error

    def _auth(self, context: RunContext) -> httpx.Auth | None:
        options = self.options
        if options.auth is not None and options.auth.type == "BEARER":
            return Bearer(context.render(options.auth.token) or "")
        user = options.auth.username if options.auth else options.basic_auth_user
        password = options.auth.password if options.auth else options.basic_auth_password
        if user is None:
            return None
        return httpx.BasicAuth(context.render(user) or "", context.render(password) or "")

    def _is_wanted(self, context: RunContext, code: int) -> bool:
        if self.options.allowed_response_codes is not None:
            return str(code) in text_list(context, self.options.allowed_response_codes, "allowedResponseCodes")
        return code < FIRST_FAILURE


class Request(HttpTask):
    """Send a request and give its answer as outputs."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.http.Request"

    encrypt_body: Any = False

    def run(self, context: RunContext) -> Outputs:
        is_sealed = flag(context, self.encrypt_body)
        seal = context.storage.encrypt
        if is_sealed and seal is None:
            raise TaskFailed("`encryptBody` needs the setting encryption_key")
        most = context.storage.http.response_size_bytes
        wanted = size_bytes(context, self.options.max_content_length, "maxContentLength") or most
        with (
            tempfile.SpooledTemporaryFile(HELD_SIZE_BYTES) as body,
            self.answered(context, body, min(most, wanted)) as answer,
        ):
            if not answer.is_wanted:
                self.failure(context, answer, body)
            body.seek(0)
            charset = answer.response.charset_encoding or context.render(self.options.default_charset)
            text = _decoded(body.read(), charset or "UTF-8")
            outputs = {"uri": answer.asked, **answer.outputs()}
        if is_sealed and seal is not None:
            return {**outputs, "encryptedBody": {"type": ENCRYPTED_TYPE, "value": seal(text)}}
        return {**outputs, "body": text}


class Download(HttpTask):
    """Send a request and store its answer as a file."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.http.Download"

    fail_on_empty_response: Any = True
    save_as: Text | None = Field(default=None)

    def run(self, context: RunContext) -> Outputs:
        with (
            tempfile.TemporaryFile() as body,
            self.answered(context, body, context.storage.http.download_size_bytes) as answer,
        ):
            if not answer.is_wanted:
                self.failure(context, answer, body)
            if answer.size_bytes == 0 and flag(context, self.fail_on_empty_response):
                raise TaskFailed("No response from server: `failOnEmptyResponse: false` takes an empty one")
            name = context.render(self.save_as) or name_of(answer.response)
            body.seek(0)
            return {"uri": _stored(context, body, name), "length": answer.size_bytes, **answer.outputs()}


class Bearer(httpx.Auth):
    """A token that goes with the request to its own host only."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Yield the request with the token."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large an answer may be, and until when (monotonic) it must be there."""

    size_max_bytes: int
    until_s: float


def read(context: RunContext, response: httpx.Response, target: IO[bytes], bounds: Bounds) -> int:
    """Write an answer's body to `target`; return its size in bytes. Raises: TaskFailed, httpx.HTTPError."""
    size = 0
    for chunk in response.iter_bytes(CHUNK_SIZE_BYTES):
        size += len(chunk)
        if size > bounds.size_max_bytes:
            raise TaskFailed(f"The response is larger than {bounds.size_max_bytes} bytes")
        if context.monotonic() > bounds.until_s:
            raise TaskFailed(f"The response takes longer than {context.storage.http.time}")
        heed(context)
        target.write(chunk)
    return size


def name_of(response: httpx.Response) -> str:
    """Return the name that the answer has: the server's own, or the last part of the address."""
    disposition = response.headers.get("Content-Disposition", "")
    extended = re.search(r"filename\*\s*=\s*[\w-]*'[^']*'([^;\s]+)", disposition)
    plain = re.search(r'filename\s*=\s*(?:"([^"]*)"|([^;\s]+))', disposition)
    if extended:
        return unquote(extended[1])
    if plain:
        return plain[1] or plain[2] or ""
    return unquote(response.url.path.rpartition("/")[2])


def _stored(context: RunContext, body: IO[bytes], name: str) -> str:
    """Store a file under its name where a path can have that, else under a new one. Returns its address."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", last)[-NAME_LENGTH_MAX:].lstrip(".-")
    files = context.storage.files
    return files.store(body, name=plain) if plain else files.store(body, extension_of(last))


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, errors="replace")
    except LookupError:
        return content.decode(errors="replace")


def _merged(headers: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return both; names are the same whatever their case."""
    taken = {name.lower() for name in more}
    return {**{name: value for name, value in headers.items() if name.lower() not in taken}, **more}


HTTP_TASKS: Final = (Request, Download)

"""Requests of flows: what they send, what they give, and where they may not go."""

import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from tests.unit.worker.rig import Rig

from runfold.adapters.encryption import Cipher
from runfold.adapters.file_storage import MemoryFiles
from runfold.execution.state import State
from runfold.storage_layout import path_of
from runfold.tasks import load_task_types
from runfold.tasks.http_rules import HttpRules
from runfold.tasks.http_transport import authorities
from runfold.worker.storage import Outside

HTTP = "io.kestra.plugin.core.http."
LOOPBACK = HttpRules(allowed=(ip_network("127.0.0.1/32"),))
KEY = base64.b64encode(bytes(range(32))).decode()


@dataclass
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    client: str


@dataclass
class Site:
    """A server of the test's own. `answers`: (code, headers, body) by path."""

    answers: dict[str, tuple[int, list[tuple[str, str]], bytes]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    before_answer: Callable[[], None] = lambda: None
    secure: Callable[[Path], None] = lambda _file: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            site.seen.append(Seen(self.command, self.path, dict(self.headers), body, self.client_address[0]))
            site.before_answer()
            code, headers, answer = site.answers.get(self.path.partition("?")[0], (404, [], b"no such page"))
            self.send_response(code)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = handle_any  # noqa: N815 - as the base class calls them

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_address[1]

        def secure(file: Path) -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            server.socket = context.wrap_socket(server.socket, server_side=True)

        site.secure = secure
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield site
        server.shutdown()


class Tasks:
    """A worker whose requests follow `rules`."""

    def __init__(self, rules: HttpRules = LOOPBACK) -> None:
        self.files = MemoryFiles()
        self.cipher = Cipher(KEY)
        self.rig = Rig(outside=Outside(self.files, http=rules, encrypt=self.cipher.encrypt))

    def run(self, kind: str, **properties: Any) -> Any:
        before = len(self.rig.ended())
        self.rig.send({"type": HTTP + kind, **properties}, execution_id="e1")
        self.rig.until(lambda: len(self.rig.ended()) > before)
        return self.rig.ended()[-1]

    def outputs(self, kind: str, **properties: Any) -> Any:
        ended = self.run(kind, **properties)
        assert ended.state == State.SUCCESS, ended.error
        return ended.outputs

    def error(self, kind: str, **properties: Any) -> str:
        ended = self.run(kind, **properties)
        assert ended.state == State.FAILED
        return str(ended.error)

    def put(self, content: bytes, name: str) -> str:
        stored = self.files.put(f"/company/team/flow/executions/e1/inputs/f/{name}", BytesIO(content))
        return f"kestra://{stored.path}"

    def read(self, uri: str) -> bytes:
        with self.files.open(path_of(uri)) as content:
            return content.read()


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def fields_of(seen: Seen) -> dict[str, tuple[str | None, bytes]]:
    """Return (file name, content) of each field of a multipart form."""
    head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + seen.body).get_payload()
    found = {}
    for part in parts:
        content = part.get_payload(decode=True)
        found[str(part.get_param("name", header="Content-Disposition"))] = (part.get_filename(), content)
    return found


# What is sent and given ---------------------------------------------------------------------------


def test_a_request_gives_its_address_code_headers_and_body(tasks: Tasks, site: Site) -> None:
    site.answers["/a"] = (
        200,
        [("X-One", "1"), ("X-One", "2"), ("Content-Type", "text/plain; charset=latin-1")],
        b"\xe9",
    )

    outputs = tasks.outputs("Request", uri=f"{site.url}/a?q=1")

    assert (outputs["uri"], outputs["code"], outputs["body"]) == (f"{site.url}/a?q=1", 200, "é")
    assert outputs["headers"]["X-One"] == ["1", "2"]
    assert [(metric.name, metric.value) for metric in tasks.rig.metrics()] == [("response.length", 1.0)]


def test_a_body_goes_as_json_with_the_headers_and_the_user_that_the_author_wrote(tasks: Tasks, site: Site) -> None:
    site.answers["/a"] = (201, [], b"{}")

    tasks.outputs(
        "Request",
        uri=f"{site.url}/a",
        method="POST",
        body='{"a": "{{ task.id }}"}',
        headers={"X-Own": "{{ flow.id }}"},
        options={"basicAuthUser": "me", "basicAuthPassword": "secret"},
    )

    seen = site.seen[0]
    assert (seen.method, seen.body, seen.headers["Content-Type"]) == ("POST", b'{"a": "t"}', "application/json")
    assert seen.headers["X-Own"] == "flow"
    assert seen.headers["Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()


def test_a_form_goes_as_form(tasks: Tasks, site: Site) -> None:
    site.answers["/a"] = (200, [], b"ok")

    tasks.outputs("Request", uri=f"{site.url}/a", method="POST", formData={"user": "a b", "n": 1})

    assert site.seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert site.seen[0].body == b"user=a+b&n=1"


def test_a_form_of_parts_carries_texts_and_files_of_the_storage_under_their_names(tasks: Tasks, site: Site) -> None:
    site.answers["/a"] = (200, [], b"ok")
    uri = tasks.put(b"\x00content", "data.bin")

    tasks.outputs(
        "Request",
        uri=f"{site.url}/a",
        method="POST",
        contentType="multipart/form-data",
        formData={"text": "hello", "file": uri, "named": {"name": "my.txt", "content": uri}},
    )

    assert fields_of(site.seen[0]) == {
        "text": (None, b"hello"),
        "file": ("data.bin", b"\x00content"),
        "named": ("my.txt", b"\x00content"),
    }


def test_a_failure_of_the_server_fails_the_task_unless_it_is_allowed(tasks: Tasks, site: Site) -> None:
    assert "response code '404'" in tasks.error("Request", uri=f"{site.url}/none")

    outputs = tasks.outputs("Request", uri=f"{site.url}/none", allowFailed=True)

    assert (outputs["code"], outputs["body"]) == (404, "no such page")
    assert any(level == "ERROR" and "404" in message for level, message in tasks.rig.lines())
    assert tasks.outputs("Request", uri=f"{site.url}/none", options={"allowedResponseCodes": [404]})["code"] == 404


def test_a_body_may_be_given_encrypted(tasks: Tasks, site: Site) -> None:
    site.answers["/a"] = (200, [], b"hidden")

    outputs = tasks.outputs("Request", uri=f"{site.url}/a", encryptBody=True)

    assert "body" not in outputs
    assert tasks.cipher.decrypt(outputs["encryptedBody"]["value"]) == "hidden"


def test_a_download_is_a_file_under_the_name_that_the_server_gives(tasks: Tasks, site: Site) -> None:
    site.answers["/files/report.csv"] = (200, [], b"a,b\n")
    site.answers["/x"] = (200, [("Content-Disposition", 'attachment; filename="../../et c.txt"')], b"x")

    plain, named = (
        tasks.outputs("Download", uri=f"{site.url}/files/report.csv"),
        tasks.outputs("Download", uri=f"{site.url}/x"),
    )

    assert (plain["code"], plain["length"], tasks.read(plain["uri"])) == (200, 4, b"a,b\n")
    assert plain["uri"].endswith("/tasks/t/tr1/report.csv")
    assert named["uri"].endswith("/tasks/t/tr2/et-c.txt")


def test_an_empty_download_fails_unless_it_is_allowed(tasks: Tasks, site: Site) -> None:
    site.answers["/a"] = (200, [], b"")

    assert "No response" in tasks.error("Download", uri=f"{site.url}/a")
    assert tasks.outputs("Download", uri=f"{site.url}/a", failOnEmptyResponse=False)["length"] == 0


def test_the_old_names_are_the_same_tasks() -> None:
    types = load_task_types()

    for name in ("Request", "Download"):
        assert types.find(f"io.kestra.plugin.fs.http.{name}") is types.find(f"{HTTP}{name}") is not None


def test_a_proxy_is_refused_when_the_flow_is_checked() -> None:
    model = load_task_types().find(f"{HTTP}Request")
    assert model is not None
    written = {"id": "t", "type": f"{HTTP}Request", "uri": "http://a", "options": {"proxyAddress": "proxy"}}

    with pytest.raises(ValidationError, match="no proxies here"):
        model.model_validate(written, by_alias=True, by_name=False)


# Limits -------------------------------------------------------------------------------------------


def test_an_answer_that_is_too_large_fails_the_task(site: Site) -> None:
    site.answers["/a"] = (200, [], b"x" * 200_000)
    tasks = Tasks(replace(LOOPBACK, response_size_bytes=150_000, download_size_bytes=100_000))

    assert "larger than 150000 bytes" in tasks.error("Request", uri=f"{site.url}/a")
    assert "larger than 1024 bytes" in tasks.error("Request", uri=f"{site.url}/a", options={"maxContentLength": "1KB"})
    assert "larger than 100000 bytes" in tasks.error("Download", uri=f"{site.url}/a")
    wider = tasks.error("Request", uri=f"{site.url}/a", options={"maxContentLength": "1GB"})
    assert "larger than 150000 bytes" in wider


def test_an_answer_that_takes_too_long_fails_the_task(site: Site) -> None:
    site.answers["/a"] = (200, [], b"x")
    tasks = Tasks(replace(LOOPBACK, time=timedelta(minutes=1)))
    site.before_answer = lambda: tasks.rig.clock.advance(61)

    assert "takes longer than 0:01:00" in tasks.error("Request", uri=f"{site.url}/a")


def test_redirects_are_followed_to_a_number_or_not_at_all(site: Site) -> None:
    site.answers["/a"] = (302, [("Location", "/b")], b"")
    site.answers["/b"] = (302, [("Location", "/c")], b"")
    site.answers["/c"] = (200, [], b"there")

    outputs = Tasks().outputs("Request", uri=f"{site.url}/a")
    assert (outputs["body"], outputs["uri"]) == ("there", f"{site.url}/a")
    assert Tasks().outputs("Request", uri=f"{site.url}/a", options={"followRedirects": False})["code"] == 302
    assert "redirects" in Tasks(replace(LOOPBACK, redirects=1)).error("Request", uri=f"{site.url}/a")


# Where requests may not go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "127.1", "10.0.0.1", "192.168.0.1", "100.64.0.1",
     "169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "224.0.0.1",
     "168.63.129.16"],
)  # fmt: skip
def test_a_request_to_an_address_inside_is_refused(host: str, site: Site) -> None:
    error = Tasks(HttpRules()).error("Request", uri=f"http://{host}:{site.port}/a")

    assert "are not allowed" in error or "can't be found" in error
    assert site.seen == []


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a", "no address"])
def test_only_http_and_https_are_spoken(tasks: Tasks, scheme: str) -> None:
    assert "request" in tasks.error("Request", uri=scheme).lower()


def test_a_redirect_to_an_address_inside_is_refused(site: Site) -> None:
    site.answers["/a"] = (302, [("Location", f"http://127.0.0.2:{site.port}/secret")], b"")
    site.answers["/secret"] = (200, [], b"secret")

    assert "are not allowed" in Tasks().error("Request", uri=f"{site.url}/a")
    assert [seen.path for seen in site.seen] == ["/a"]


def test_a_redirect_to_another_host_does_not_carry_the_password(site: Site) -> None:
    rules = HttpRules(allowed=(ip_network("127.0.0.1/32"),), resolve=lambda _host, _port: ["127.0.0.1"])
    site.answers["/a"] = (302, [("Location", f"http://other.test:{site.port}/b")], b"")
    site.answers["/b"] = (200, [], b"there")

    Tasks(rules).outputs("Request", uri=f"{site.url}/a", options={"auth": {"type": "BEARER", "token": "t"}})

    assert [seen.headers.get("Authorization") for seen in site.seen] == ["Bearer t", None]


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(site: Site) -> None:
    """A name that answers differently the second time (DNS rebinding) leads nowhere else."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    site.answers["/a"] = (200, [], b"here")
    tasks = Tasks(replace(LOOPBACK, resolve=resolve))

    assert tasks.outputs("Request", uri=f"http://rebind.test:{site.port}/a")["body"] == "here"
    assert asked == ["rebind.test"]
    assert site.seen[0].headers["Host"] == f"rebind.test:{site.port}"
    assert "are not allowed" in tasks.error("Request", uri=f"http://rebind.test:{site.port}/a")


def certificate(folder: Path, host: str) -> Path:
    """Write a key and a certificate for `host`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_certificate_is_checked_against_the_name_not_the_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "secure.test")
    site.secure(file)
    site.answers["/a"] = (200, [], b"safe")
    tasks = Tasks(replace(LOOPBACK, resolve=lambda _host, _port: ["127.0.0.1"]))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    authorities.cache_clear()
    try:
        assert tasks.outputs("Request", uri=f"https://secure.test:{site.port}/a")["body"] == "safe"
        other = f"https://other.test:{site.port}/a"
        assert "certificate verify failed" in tasks.error("Request", uri=other)
        unchecked = tasks.outputs("Request", uri=other, sslOptions={"insecureTrustAllCertificates": True})
        assert unchecked["body"] == "safe"
    finally:
        authorities.cache_clear()


def test_of_several_addresses_only_those_that_are_let_through_are_used(site: Site) -> None:
    site.answers["/a"] = (200, [], b"here")
    tasks = Tasks(replace(LOOPBACK, resolve=lambda _host, _port: ["10.0.0.1", "127.0.0.1"]))

    assert tasks.outputs("Request", uri=f"http://both.test:{site.port}/a")["body"] == "here"


def test_the_narrowest_network_decides() -> None:
    rules = HttpRules(
        allowed=(ip_network("10.0.0.0/8"), ip_network("10.1.2.3/32"), ip_network("1.1.1.1/32")),
        denied=(ip_network("10.1.0.0/16"), ip_network("0.0.0.0/0")),
    )

    reached = {
        address: rules.is_reached(address) for address in ("10.9.9.9", "10.1.9.9", "10.1.2.3", "8.8.8.8", "1.1.1.1")
    }

    assert reached == {"10.9.9.9": True, "10.1.9.9": False, "10.1.2.3": True, "8.8.8.8": False, "1.1.1.1": True}
    assert HttpRules().is_reached("8.8.8.8")
    assert HttpRules().is_reached("2606:4700:4700::1111")


def test_a_proxy_of_the_environment_is_not_asked(tasks: Tasks, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.answers["/a"] = (200, [], b"direct")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.9:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.9:1")

    assert tasks.outputs("Request", uri=f"{site.url}/a")["body"] == "direct"

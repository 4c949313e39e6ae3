"""The page's files as they are served, and whose writes are refused."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from runfold.webserver.errors import handle_errors
from runfold.webserver.safety import Safety
from runfold.webserver.ui import NONCE, page_routes

SCRIPT = "console.log(1)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text(f'<script src="/ui/assets/a-1.js" nonce="{NONCE}"></script>')
    (page / "assets" / "a-1.js").write_text(SCRIPT)
    (page / "assets" / "a-1.js.br").write_bytes(b"packed")
    (page / "favicon.svg").write_text("<svg/>")
    (page / "theme.js").write_text(SCRIPT)
    (tmp_path / "secret.txt").write_text("secret")
    return page


def client(folder: Path) -> httpx.AsyncClient:
    app = FastAPI()
    app.add_middleware(Safety, prefix="/api")
    handle_errors(app)
    app.router.routes.extend(page_routes(folder))

    @app.post("/api/things")
    def write() -> str:
        return "written"

    @app.get("/api/things")
    def read() -> str:
        return "read"

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://runfold.test")


async def ask(folder: Path, method: str, path: str, **headers: str) -> httpx.Response:
    async with client(folder) as asking:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asking.request(method, path, headers={"accept-encoding": "identity", **named})


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/ui", "/ui/", "/ui/taskruns", "/ui/executions/4f"])
async def test_every_place_of_the_page_is_the_page_with_a_nonce_of_its_own(folder: Path, path: str) -> None:
    first, second = [await ask(folder, "GET", path) for _ in range(2)]

    policies = [answer.headers["content-security-policy"] for answer in (first, second)]
    nonces = [re.findall(r"'nonce-([^']+)'", policy)[0] for policy in policies]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in first.text
    assert "unsafe" not in policies[0]
    assert "frame-ancestors 'none'" in policies[0]
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.anyio
async def test_files_with_their_hash_are_kept_for_ever_and_come_packed(folder: Path) -> None:
    plain = await ask(folder, "GET", "/ui/assets/a-1.js")
    async with (
        client(folder) as asking,
        asking.stream("GET", "/ui/assets/a-1.js", headers={"accept-encoding": "gzip, br;q=0.9"}) as packed,
    ):
        raw = b"".join([part async for part in packed.aiter_raw()])

    assert plain.text == SCRIPT
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    assert (packed.headers["content-encoding"], raw) == ("br", b"packed")
    assert packed.headers["content-type"].startswith("text/javascript")


@pytest.mark.anyio
async def test_the_icon_is_kept_for_a_while_and_what_has_no_hash_is_asked_for_each_time(folder: Path) -> None:
    icon, theme = [await ask(folder, "GET", path) for path in ("/ui/favicon.svg", "/ui/theme.js")]

    assert icon.headers["cache-control"] == "public, max-age=3600"
    assert theme.headers["cache-control"] == "no-cache"


@pytest.mark.anyio
async def test_a_file_of_an_older_build_is_missing_rather_than_the_page(folder: Path) -> None:
    answer = await ask(folder, "GET", "/ui/assets/a-0.js")

    assert answer.status_code == 404
    assert "built anew" in answer.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/ui/..%2fsecret.txt", "/ui/assets/..%2f..%2f..%2fsecret.txt", "/ui/%2e%2e/secret.txt"]
)
async def test_no_path_leads_out_of_the_folder(folder: Path, path: str) -> None:
    answer = await ask(folder, "GET", path)

    assert answer.text != "secret"


@pytest.mark.anyio
async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    answer = await ask(tmp_path, "GET", "/ui/")

    assert answer.status_code == 404
    assert "make ui" in answer.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://runfold.test"}, 200),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://runfold.test.evil.test"}, 403),
        ({"origin": "http://runfold.test:81"}, 403),
        ({"origin": "http://[broken"}, 403),
        ({"origin": "https://shown.test", "sec_fetch_site": "same-origin"}, 200),
        ({"origin": "https://shown.test", "sec_fetch_site": "cross-site"}, 403),
    ],
)
async def test_writes_that_pages_of_other_hosts_send_are_refused(
    folder: Path, headers: dict[str, str], status: int
) -> None:
    written = await ask(folder, "POST", "/api/things", **headers)
    read = await ask(folder, "GET", "/api/things", **headers)

    assert (written.status_code, read.status_code) == (status, 200)
    if status == 403:
        assert written.json()["message"].startswith("Forbidden: ")


@pytest.mark.anyio
async def test_an_answer_of_the_api_that_is_opened_as_a_page_runs_nothing(folder: Path) -> None:
    answer = await ask(folder, "GET", "/api/things")

    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"

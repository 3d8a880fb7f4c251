"""The README's way from a venue to a checked portfolio, run as it is written against a server that answers as the venue does.

The tiers are those of Bybit of 2026-09-26 (tests/data/venues); the position is made up in the shape of /v5/position/list. The
signature is that of Bybit's API pages, Integration Guidance: HMAC-SHA256, by the secret, of time, key, window and query.
"""

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from inside import LONG_AGO

README = Path(__file__).parents[2] / "README.md"
DATA = Path(__file__).parents[1] / "data"
SECTION = re.compile(r"^### From a venue to a checked portfolio\n\n```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HOST = "https://api.bybit.com"
KEY, SECRET = "key-of-a-reader", "only to be read"


class Venue(BaseHTTPRequestHandler):
    """Bybit's public answer and, to whoever signs, the position list; refusals come with HTTP 200 as the venue's do."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/v5/position/list":
            body = self.positions(asked.query)
        else:
            assert asked.path == "/v5/market/risk-limit"
            body = (DATA / "venues/bybit-risk-limit.json").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def positions(self, query: str) -> bytes:
        said = [self.headers.get(f"X-BAPI-{name}", "") for name in ("TIMESTAMP", "API-KEY", "RECV-WINDOW")]
        signed = hmac.new(SECRET.encode(), "".join([*said, query]).encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signed, self.headers.get("X-BAPI-SIGN", "")):
            return b'{"retCode": 10004, "retMsg": "error sign!", "result": {}, "time": 1684767531904}'
        answer: dict[str, Any] = json.loads((DATA / "positions/bybit-isolated-page.json").read_bytes())
        answer["result"]["nextPageCursor"] = ""
        return json.dumps(answer).encode()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def venue() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Venue) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def followed(venue: str, folder: Path, secret: str = SECRET) -> subprocess.CompletedProcess[str]:
    """What the lines of the README do in an empty folder, with the venue's address in place of its name."""
    if missing := [tool for tool in ("bash", "curl", "openssl") if shutil.which(tool) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    written = SECTION.search(README.read_text(encoding="utf-8"))
    assert written is not None
    script = written[1]
    assert len(script.splitlines()) == 5
    assert HOST in script
    program = folder / "bin/perpcalc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m perpcalc "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONPATH": str(README.parent),
        "SOURCE_DATE_EPOCH": LONG_AGO,
        "KEY": KEY,
        "SECRET": secret,
        "no_proxy": "127.0.0.1",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(HOST, venue)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_five_lines_lead_from_curl_to_a_checked_portfolio(venue: str, tmp_path: Path) -> None:
    done = followed(venue, tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "PASS: 1 limit")
    rules = tomllib.loads((tmp_path / "config/perpcalc/venues/bybit.toml").read_text(encoding="utf-8"))
    [margin] = rules["instruments"]["BTCUSD"]["margin"]
    assert (margin["limits"], margin["rates"]) == (["150", "300"], ["0.5%", "1%"])
    [position] = tomllib.loads((tmp_path / "book.toml").read_text(encoding="utf-8"))["positions"]
    assert {key: position[key] for key in ("instrument", "side", "contracts", "entry", "margin")} == {
        "instrument": "BTCUSD",
        "side": "long",
        "contracts": 10_000,
        "entry": 62_500,
        "margin": 0.016,
    }


def test_what_the_venue_refuses_is_said_and_nothing_is_written(venue: str, tmp_path: Path) -> None:
    done = followed(venue, tmp_path, secret="another")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "perpcalc: positions.json: the venue refused: error sign! (code 10004): see what its API says of this"
    )
    assert not (tmp_path / "book.toml").exists()

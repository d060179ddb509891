"""The review page in Debian's Chromium: two scripted reviewers, hostile text, kills, and what comes of it.

The server runs in the environment of other people's tools, which has NiceGUI; the browser is driven from
here.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.made import HOSTILE
from tests.conftest import ROOT
from tests.construct.test_pipeline import FEW
from tests.construct.toys import contents
from tests.tools.conftest import PYTHON

import mlake
from mlake.construct.build import build
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES
from mlake.review.store import REVIEW, read_decisions

pytestmark = pytest.mark.tools

ANN, BOB = "Ann <img src=x onerror='window.owned=1'>", "Bob Scripted"
LANGS = ("en", "de")
PATIENCE = 180  # seconds; other work may take most of the machine


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """``mlake review`` in a process that can be killed and started again at the same address."""

    def __init__(self, folder: Path, *flags: str):
        if not PYTHON.exists():
            pytest.skip("other people's tools are not installed; run make test-tools")
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        path = os.pathsep.join([str(ROOT / "src"), sysconfig.get_path("purelib")])
        self._env = os.environ | {"PYTHONPATH": path}
        self._env.pop("PYTEST_CURRENT_TEST")  # by which NiceGUI would take itself to be what is tested
        self._command = [str(PYTHON), "-m", "mlake", "review", str(folder), "--port", str(self.port), *flags]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().strip()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as tried:
                if self.said and tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.2)
        pytest.fail("the server does not listen")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[Server]:
    server = Server(folder, *flags)
    yield server
    server.kill()


def built(folder: Path) -> None:
    context = open_context(langs=LANGS, relations=folder / "few.toml", out=folder / "out")
    build(folder / "out", context, STAGES)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build, made once."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "few.toml").write_text(FEW)
    built(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The build, for one test."""
    return Path(shutil.copytree(made, tmp_path / "one"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Reader:
    """A scripted reviewer in a browser of his own."""

    def __init__(self, browser: Any, server: Server, name: str, lang: str = "en"):
        self.complaints: list[str] = []
        context = browser.new_context()
        context.set_default_timeout(PATIENCE * 1000)
        self.tab = context.new_page()
        self.tab.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.tab.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.tab.on("request", lambda request: self._note(request.url, server.address))
        self.tab.goto(server.address)
        self.tab.fill(".reviewer input", name)
        self.tab.click(f".open-{lang}")
        self.tab.wait_for_selector(".progress")

    def _note(self, url: str, address: str) -> None:
        if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
            self.complaints.append(f"request: {url[:100]}")

    def wait_read(self, count: int) -> None:
        said = f"· {count} of"
        self.tab.wait_for_function(
            "said => document.querySelector('.progress')?.innerText.includes(said)", arg=said
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def wait_focus(self, where: str) -> None:
        self.tab.wait_for_function("where => document.activeElement.closest(where)", arg=where)


def test_two_reviewers_at_once_and_what_comes_of_it(
    chromium: Any, folder: Path, tiny_lm: Callable[..., Any], tool: Callable[..., Any]
) -> None:
    out = folder / "out"
    texts = [line for line in lines(out / "stages/texts.jsonl") if line["lang"] == "en"]
    with served(out) as server:
        ann, bob = Reader(chromium, server, ANN), Reader(chromium, server, BOB)
        ann.press("a")
        ann.wait_read(1)
        bob.press("5", "r")
        bob.wait_focus(".reason")
        bob.tab.keyboard.type("reads badly")
        bob.press("Enter")
        bob.wait_read(1)
        for reader in (ann, bob):  # both put the same words into the second
            reader.press("c")
            reader.wait_focus(".text-0")
            reader.press("End", "Backspace")
            reader.tab.keyboard.type(", please?")
            reader.press("Control+Enter")
            reader.wait_read(2)
            reader.press("a")
            reader.wait_read(3)
        ann.press("d")  # what is disputed shows what the other said
        ann.tab.wait_for_selector(".other")
        assert BOB in ann.tab.inner_text(".other") and "reads badly" in ann.tab.inner_text(".other")
        assert ann.complaints == [] == bob.complaints
        assert ann.tab.evaluate("window.owned") is None

    built(folder)
    release = contents(out / "release")
    for name, content in {**release, **contents(out / "stages")}.items():
        assert b"Scripted" not in content and b"onerror" not in content, name
    facts = {split: lines(out / f"release/mlake/{split}.jsonl") for split in ("tuning", "test")}
    asked = {(line["fact"], line["lang"]): line["question"] for rows in facts.values() for line in rows}
    assert texts[0]["fact"] not in {fact for fact, _ in asked}
    assert asked[texts[1]["fact"], "en"] == texts[1]["question"].replace("?", ", please?")
    assert asked[texts[2]["fact"], "en"] == texts[2]["question"]
    loaded = tool("load_tables.py", out / "release")
    for split in ("tuning", "test"):
        assert [row["fact"] for row in loaded["facts"][split]["rows"]] == [
            *dict.fromkeys(line["fact"] for line in facts[split])
        ]
    path = str(out / "release/mlake/test.jsonl")
    found = mlake.run(
        tiny_lm(), path, method="rome", settings={"steps": 1}, facts=2, batch_size=1, kinds="direct",
        edit_langs="en", test_langs=LANGS, max_new_tokens=2, progress=False, out=folder / "run",
    )  # fmt: skip
    assert found.rows and (folder / "run/report/report.md").is_file()


def kill_marked(mark: str) -> int:
    """Kill the process that was started with this word; how many there were."""
    killed = 0
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        words = place.read_bytes().split(b"\0") if place.exists() else []
        if mark.encode() in words and not any(word.startswith(b"--type=") for word in words):
            os.kill(int(place.parent.name), signal.SIGKILL)
            killed += 1
    return killed


def test_killed_in_the_middle_no_decision_is_lost(chromium: Any, folder: Path) -> None:
    out = folder / "out"
    server = Server(out)
    mark = f"--mark={folder.parent.name}-{server.port}"
    doomed = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, "--no-sandbox", mark])
    ann = Reader(doomed, server, ANN)
    for count in (1, 2, 3):
        ann.press("a")
        ann.wait_read(count)
    server.kill()
    assert kill_marked(mark) == 1  # the browser goes too, and takes what stood in its fields
    assert [one.verdict for one in read_decisions(out / REVIEW)] == ["accept"] * 3
    server.start()
    ann = Reader(chromium, server, ANN)
    ann.wait_read(3)
    ann.press("a")
    ann.wait_read(4)
    server.kill()
    assert len(read_decisions(out / REVIEW)) == 4


def test_hostile_text_is_shown_and_does_nothing(chromium: Any, folder: Path) -> None:
    path = folder / "out/stages/texts.jsonl"
    rows = lines(path)
    for row in rows:
        row["new_aliases"] = [text for text in HOSTILE if text.strip() and "\ud83d" not in text]
        row["relation"] = HOSTILE[0]
        row["old_answer"] = HOSTILE[1]
        row["question"] = f"{row['subject']} {HOSTILE[0]}?"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with served(folder / "out") as server:
        reader = Reader(chromium, server, ANN)
        assert reader.tab.input_value(".text-0 textarea") == rows[0]["question"]
        assert HOSTILE[0] in reader.tab.inner_text(".triple")
        assert reader.tab.locator("img[src=x]").count() == 0
        assert reader.tab.evaluate("window.owned") is None and reader.complaints == []


def test_strangers_stay_outside(chromium: Any, folder: Path) -> None:
    with served(folder / "out") as server:
        context = chromium.new_context()
        answer = context.request.get(server.address, headers={"Host": "evil.example"})
        assert answer.status == 403
        assert context.request.get(server.address, headers={"Origin": "http://evil.example"}).status == 403
    with served(folder / "out", "--host", "0.0.0.0") as server:
        assert "token=" in server.said
        context = chromium.new_context()
        assert context.request.get(server.address).status == 403
        tab = context.new_page()
        tab.goto(server.said.replace("0.0.0.0", "127.0.0.1"), timeout=PATIENCE * 1000)
        tab.wait_for_selector(".reviewer")
        assert tab.url == server.address

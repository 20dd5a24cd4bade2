"""A real JupyterLab and a headless Chromium, for tests that do what a person does."""

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_CHROMIUM = "no Chromium on this machine: install Debian's `chromium` package to run the tests in a browser"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def server(words: list[str], cwd: Path, env: dict[str, str] | None = None):
    """Start a Jupyter server from its command line, yield the address by which one comes in, and end it."""
    settings = cwd / "lab-settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True, exist_ok=True)
    # All cells are in the page, also those that are scrolled away: a test can then find any of them.
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    full = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(cwd / "lab-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(cwd / "lab-workspaces"),
        "JUPYTER_RUNTIME_DIR": str(cwd / "runtime"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    full.pop("DISPLAY", None)
    log = (cwd / "server.log").open("w+")
    process = subprocess.Popen(
        words, cwd=cwd, env=full | (env or {}), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield _address(process, Path(log.name))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def _address(process: subprocess.Popen, log: Path) -> str:
    for _ in range(600):
        found = re.search(r"http://\S+:\d+/(?:enter/[\w-]+|\S*\?token=\w+)", log.read_text())
        if found:
            return found[0]
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def listener():
    """An address on this machine, and the list of what was asked of it."""
    asked = []

    class Heard(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_PUT = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@contextlib.contextmanager
def page(width: int = 1280, height: int = 900):
    """A fresh page of a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": width, "height": height})
        browser.close()


def until(page, holds: str, seconds: float = 60) -> None:
    """Wait until an expression holds; asked from outside, for a page's policy may forbid it to evaluate text."""
    end = time.monotonic() + seconds
    while not page.evaluate(holds):
        assert time.monotonic() < end, holds
        page.wait_for_timeout(100)


def wait_until_idle(address: str) -> None:
    """Wait for a kernel that is ready: a cell run earlier would be lost."""
    base, token = re.match(r"(http://[^/]+)/.*token=(\w+)", address).groups()
    for _ in range(600):
        with urllib.request.urlopen(f"{base}/api/sessions?token={token}") as answer:
            sessions = json.load(answer)
        if sessions and sessions[0]["kernel"] and sessions[0]["kernel"]["execution_state"] == "idle":
            return
        time.sleep(0.1)
    raise AssertionError("the kernel never became idle")


def cell(page, text: str):
    """The code cell whose source contains `text`."""
    return page.locator(".jp-CodeCell").filter(has=page.locator(".cm-content", has_text=text)).first


def run(page, text: str, new_source: str | None = None) -> str:
    """Run the code cell that contains `text`, with its source replaced first if asked; returns what it shows."""
    found = cell(page, text)
    found.scroll_into_view_if_needed()
    found.locator(".cm-content").click()
    if new_source is not None:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(new_source)
    handle = found.element_handle()
    before = handle.query_selector(".jp-InputPrompt").inner_text()
    page.keyboard.press("Control+Enter")
    for _ in range(600):
        prompt = handle.query_selector(".jp-InputPrompt").inner_text()
        if re.fullmatch(r"\[\d+\]:", prompt) and prompt != before:
            break
        page.wait_for_timeout(100)
    else:
        raise AssertionError(f"the cell did not finish: {prompt}")
    return "\n".join(output.inner_text() for output in handle.query_selector_all(".jp-OutputArea-output"))

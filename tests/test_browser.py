"""`make lab` as a learner meets it: open lesson 1, answer wrong and right, read both verdicts on the page."""

import re
import sys

import pytest

from tests import browser
from tests.notebooks import LESSONS, answers, name_of, read, source

WRONG = """def neuron_backward(X, y_true, a):
    dw = X.T @ (y_true - a) / len(X)
    return dw, np.mean(y_true - a)"""


@pytest.mark.skipif(browser.CHROMIUM is None, reason=browser.NO_CHROMIUM)
def test_lesson_1_in_jupyterlab(tmp_path):
    words = [sys.executable, "-m", "bpkit.lab"]
    with browser.server(words, tmp_path, {"BPKIT_FOLDER": str(tmp_path / "mine")}) as address, browser.page() as page:
        assert "/lab/tree/00_slopes/slopes.ipynb" in address, "the first lesson is the first page"
        address = address.replace("00_slopes/slopes", "01_single_neuron/single_neuron")
        page.goto(address)
        browser.cell(page, "def neuron_backward").wait_for(timeout=60_000)
        browser.wait_until_idle(address)
        browser.run(page, "import numpy as np")

        shown = browser.run(page, "check(neuron_backward)")
        assert "NameError" in shown

        browser.run(page, "def neuron_backward")
        shown = browser.run(page, "check(neuron_backward)")
        assert "○ neuron_backward: Not attempted yet." in shown
        assert "CheckFailed" in shown

        browser.run(page, "def neuron_backward", WRONG)
        shown = browser.run(page, "check(neuron_backward)")
        assert "✗ neuron_backward: Not yet" in shown
        assert "the sign is the wrong way round" in shown
        assert "does the loss rise or fall?" in shown
        assert "bpkit/checking" not in shown, "no traceback through the library"

        browser.run(page, "def neuron_backward", answers("01_single_neuron")["neuron_backward"])
        shown = browser.run(page, "check(neuron_backward)")
        assert "✓ neuron_backward: Right." in shown
        assert "the error a - y itself flows back" in shown
        page.screenshot(path=tmp_path / "lesson.png")


@pytest.mark.skipif(browser.CHROMIUM is None, reason=browser.NO_CHROMIUM)
def test_every_formula_is_set_and_nothing_is_shown_raw(tmp_path):
    from playwright.sync_api import expect

    words = [sys.executable, "-m", "bpkit.lab"]
    with browser.server(words, tmp_path, {"BPKIT_FOLDER": str(tmp_path / "mine")}) as address, browser.page() as page:
        for lesson in LESSONS:
            page.goto(re.sub(r"/tree/[^?]*", f"/tree/{lesson}/{name_of(lesson)}", address))
            shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-MarkdownOutput")
            texts = [source(cell) for cell in read("lessons", lesson)["cells"] if cell["cell_type"] == "markdown"]
            expect(shown).to_have_count(len(texts), timeout=60_000)  # the lesson before may still be in the page
            shown.last.locator("p, table").first.wait_for(timeout=60_000)
            if "$" in "".join(texts):
                shown.locator("mjx-container").first.wait_for(timeout=60_000)
            assert shown.locator("mjx-merror").all_inner_texts() == [], lesson
            raw = [text for text in shown.all_inner_texts() if "$" in text or "\\frac" in text or "<summary>" in text]
            assert raw == [], lesson

"""The customs office: what it lets through, what it leaves out and says, and what a hand-in can cost the machine."""

import base64
import functools
import json
import os
import time
from pathlib import Path

import nbformat
import pytest
from bpgrade import customs, restore
from bpgrade.grade import Options, Pool, grade_class
from bpgrade.records import load
from bpgrade.sample import write_honest
from bpgrade.wall.wire import WireError
from bpgrade.work import Job, Rules, grade
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import scale
from tests.grading import hostile
from tests.grading.hostile_output import BOMBS, png
from tests.notebooks import LESSONS, ROOT, read, source

PNG = base64.b64encode(png(3, 2)).decode() + "\n"


def through(*items, room=None, **more):
    """What comes of some outputs, each a value or the bytes of one."""
    parts = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in items]
    reply = {"sizes": [len(part) for part in parts], **more}
    return customs.outputs(reply, b"".join(parts), room or customs.Room())


def shown(data, metadata=None):
    """What comes of one display."""
    (output,) = through({"output_type": "display_data", "data": data, "metadata": metadata or {}})
    return output


# ---------------------------------------------------------------- what passes


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_outputs_of_the_solutions_pass_unchanged(lesson):
    room = customs.Room()
    for cell in read("solutions", lesson)["cells"]:
        for output in cell.get("outputs", []):
            plain = {**output, **({"text": source({"source": output["text"]})} if "text" in output else {})}
            if "data" in plain:
                plain["data"] = {kind: source({"source": value}) for kind, value in plain["data"].items()}
            if "execution_count" in plain:
                plain["execution_count"] = None
            assert through(plain, room=room) == [plain]
    assert room.odd == []


def test_a_figure_with_words_passes_to_the_byte():
    html = f'<img alt="A line &amp; a slope" src="data:image/png;base64,{PNG.strip()}" style="max-width: 100%">'
    assert shown({"text/html": html})["data"] == {"text/html": html}


def test_only_whole_numbers_pass_beside_a_picture():
    size = {"image/png": {"width": 300, "height": 20}}
    assert shown({"image/png": PNG}, size)["metadata"] == size
    for wrong in ("1 onerror=alert(1)", "300", 1.5, True, -1, 0, 10**9, [300], {"a": 1}, None):
        assert shown({"image/png": PNG}, {"image/png": {"width": wrong}})["metadata"] == {}
    both = {
        "image/png": {"width": 3, "height": "2", "unconfined": True},
        "isolated": True,
        "text/html": {"isolated": 1},
    }
    assert shown({"image/png": PNG, "text/html": "a"}, both)["metadata"] == {"image/png": {"width": 3}}
    assert shown({"text/plain": "a"}, size)["metadata"] == {}


KINDS = (
    "image/svg+xml", "application/javascript", "application/vnd.jupyter.widget-view+json", "application/json",
    "application/pdf", "application/x-anything", "image/jpeg", "image/gif", "text/vnd.mermaid", "video/mp4", "IMAGE/PNG",
    "text/html ", "image/svg",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_other_kinds_are_left_out_with_a_word(kind):
    word = kind if kind.strip() == kind else "something unknown"
    assert shown({kind: "evil"})["data"] == {"text/plain": f"[left out: {word}]"}
    data = shown({kind: {"a": 1}, "text/plain": "words", "text/html": "<b>a</b>"})["data"]
    assert data == {"text/plain": f"words\n[left out: {word}]", "text/html": "<b>a</b>"}


def test_what_no_notebook_could_hold_is_left_out():
    bad = [
        {"output_type": "stream", "name": "stdin", "text": "a"},
        {"output_type": "stream", "name": "stdout", "text": 3},
        {"output_type": "error", "ename": "a", "evalue": "b", "traceback": "c"},
        {"output_type": "display_data", "data": ["a"], "metadata": {}},
        {"output_type": "magic"},
        3,
        b"no JSON",
        b"\xff\xfe{\0}\0",
    ]
    room, good = customs.Room(), {"output_type": "stream", "name": "stdout", "text": "a"}
    found = through(good, *bad, room=room)
    assert found[0] == good
    assert [output["text"] for output in found[1:]] == [customs.UNREADABLE] * len(bad)
    assert room.odd
    for sizes in ("nothing", None, [1 << 70], [-1], ["a"], [True], [None], {"a": 1}):
        assert customs.outputs({"sizes": sizes}, b"1", customs.Room()) == []


def test_pictures_are_pictures():
    assert customs.is_png(PNG)
    assert customs.is_png(base64.b64encode(png(16_000, 1_500)).decode())
    raw = png()
    wrong = [
        *BOMBS.values(),
        b"",
        b"GIF89a",
        raw[:-4],
        raw[:20],
        raw[8:],
        raw[:8] + raw[33:],
        raw.replace(b"IEND", b"IDAT"),
    ]
    wrong += [
        png(0, 1),
        png(1, 20_000),
        raw.replace(b"IDAT", b"tEXt"),
        raw.replace(b"\x08\0\0\0\0", b"\x03\0\0\0\0", 1),
    ]
    for data in wrong:
        assert not customs.is_png(base64.b64encode(data).decode())
    for text in (
        "AAAA",
        "",
        "=",
        PNG[:-2],
        PNG.strip()[:-4] + "====",
        "\u2028" + PNG,
        PNG + "<script>",
        "A" * (2 << 20),
    ):
        assert not customs.is_png(text)
    assert shown({"image/png": "AAAA"})["data"] == {"text/plain": "[left out: image/png]"}


# ---------------------------------------------------------------- text for terminals

LINK = "\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x1b\\"


def test_of_a_terminal_only_colours_and_in_what_is_printed_the_cursor_remain():
    assert customs.coloured(f"\x1b[1;31mred\x1b[0m{LINK}\x1b[2J\x1b]0;title\x07\x1bP+q\x1b\\\x9b31m\x00\x07") == (
        "\x1b[1;31mred\x1b[0mclick31m"
    )
    assert customs.printable(f"10%\r20%\b \x1b[K\x1b[A{LINK}\x1b") == "10%\r20%\b \x1b[K\x1b[Aclick"
    assert customs.coloured("\x1b[\x1b[31m31m") == "[\x1b[31m31m"
    item = {
        "output_type": "error",
        "ename": f"A{LINK}\n<b>" + "x" * 999,
        "evalue": LINK,
        "traceback": [LINK, "\x1b[0mb"],
    }
    (error,) = through(item)
    assert error["ename"].startswith("Aclick <b>xxx")
    assert len(error["ename"]) < 300
    assert (error["evalue"], error["traceback"]) == ("click", ["click", "\x1b[0mb"])


@given(st.text(alphabet="\x1b[]P8;m\\\x07\n\x9d\x9b31ab\u2028", max_size=30))
def test_cleaning_twice_changes_nothing_more_that_matters(text):
    for clean in (customs.coloured, customs.printable):
        found = clean(text)
        assert not customs._CONTROL.search(found)
        assert "\x1b]" not in found
        assert found.count("\x1b") == len(
            (customs._COLOUR if clean is customs.coloured else customs._SEQUENCE).findall(found)
        )


# ---------------------------------------------------------------- limits


def test_json_is_counted_before_it_is_decoded():
    assert customs.load(b"[" * 20 + b"]" * 20)
    for data in (b"[" * 21 + b"]" * 21, b'{"a":' * 900 + b"1" + b"}" * 900, b"[" * 10**6, b"[0" + b",0" * 10**6 + b"]"):
        with pytest.raises(WireError, match=r"deep|many"):
            customs.load(data)
    assert customs.load(json.dumps(["[" * 99, "\\", '"', '\\"[[[', "{" * 99]).encode())[0] == "[" * 99
    begun = time.perf_counter()
    for data in (b'["' + b'\\"' * 500_000, b'"' * 2**20, b"\\" * 2**20, b'"\\' * 2**19):
        with pytest.raises(WireError):
            customs.load(data)
    assert time.perf_counter() - begun < 5


@given(st.recursive(st.text('[]{},"\\é\ud800', max_size=8), lambda inner: st.lists(inner, max_size=4), max_leaves=30))
def test_brackets_in_texts_do_not_count(value):
    def depth(entry):
        return 1 + max(map(depth, entry), default=0) if isinstance(entry, list) else 0

    data = json.dumps(value).encode()
    customs.load(data, 1000, depth(value))
    if depth(value):
        with pytest.raises(WireError):
            customs.load(data, 1000, depth(value) - 1)


def test_texts_cells_and_hand_ins_are_cut_with_a_sentence():
    text = {"output_type": "stream", "name": "stdout", "text": "é" * (customs.MOST_TEXT * 3 // 4)}
    data = json.dumps(text, ensure_ascii=False).encode()
    (output,) = through(data)
    assert len(output["text"].encode()) == customs.MOST_TEXT + len(customs.CUT)
    assert output["text"].endswith(customs.CUT)
    assert [entry["text"][-10:] for entry in through(data, data)] == ["left out]\n"] * 2
    assert through(data, data)[1]["text"] == customs.CELL_CUT
    half, room = json.dumps({**text, "text": "x" * 1_000_000}).encode(), customs.Room()
    found = [output for _ in range(12) for output in through(half, half, room=room)]
    assert len([output for output in found if len(output["text"]) == 1_000_000]) == 16
    assert {output["text"] for output in found[16:]} == {customs.HAND_IN_CUT}
    assert room.odd
    assert through({**text, "text": "a"}, cut=True)[1]["text"] == customs.CELL_CUT
    assert shown({"text/html": "x" * (customs.MOST_TEXT + 1)})["data"] == {"text/plain": "[left out: text/html]"}


def test_lines_and_outputs_are_counted():
    room = customs.Room()
    lines = {"output_type": "display_data", "data": {"text/plain": "a\n" * 150_000}, "metadata": {}}
    first, second = through(lines, room=room) + through(lines, room=room)
    assert first["data"] == lines["data"]
    assert 40_000 < second["data"]["text/plain"].count("\n") < 60_000
    small = {"output_type": "stream", "name": "stdout", "text": ""}
    assert len(through(*[small] * 1000)) == customs.MOST_OUTPUTS + 1


# ---------------------------------------------------------------- attachments


def attached(given, cell_type="markdown"):
    """The attachments of a cell after it has been read, and what is said of it."""
    cell = {"cell_type": cell_type, "metadata": {}, "source": "![a](attachment:a.png)", "attachments": given}
    notebook, repairs = restore.read(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}).encode())
    return notebook["cells"][0].get("attachments"), repairs


def test_only_pictures_stay_attached():
    good = {"image.png": {"image/png": PNG.strip()}}
    assert attached(good) == (good, ())
    assert attached(good, "code")[0] is None
    bundle = {"image/png": PNG, "image/svg+xml": "<svg onload='x'/>", "text/html": "a"}
    assert attached({"a.png": bundle})[0] == {"a.png": {"image/png": PNG}}
    for bad in ({"image/png": "AAAA"}, {"image/svg+xml": "a"}, {"image/jpeg": "/9j/"}, 3, {}, {"image/png": [1]}, None):
        found, repairs = attached({"a": bad})
        assert found is None
        assert "only PNG" in repairs[0]
    for name in ('" onerror="x', "<b>", "a\nb", "a" * 300, "", "\ud800"):
        assert attached({name: {"image/png": PNG}})[0] is None
    assert attached([1, 2])[0] is None


def test_attached_pictures_count_with_what_is_shown():
    big = base64.b64encode(png() + b"").decode()
    notebook = {"cells": [{"attachments": {"a": {"image/png": big}}}, {}]}
    assert customs.room(notebook).left == customs.MOST_HAND_IN - len(big)


# ---------------------------------------------------------------- a class


def graded(folder: Path, names: list[str]):
    """A class of hostile hand-ins, graded in this process's own pool: the summary, and the records by student."""
    hostile.write_class(folder / "submitted", kinds=names)
    summary = grade_class(folder / "submitted", folder / "out", ROOT, Options(workers=2))
    return summary, {record.student: record for record in load(folder / "out").records}


def test_what_a_hand_in_shows_is_its_own_doing(tmp_path):
    names = [
        "nested_900",
        "parts_depth",
        "shows_no_png",
        "shows_svg",
        "attached_others",
        "shows_error_name",
        "parts_metadata",
    ]
    summary, records = graded(tmp_path, names)
    assert summary.faults == []
    assert {record.status for record in records.values()} == {"graded"}
    assert records["nested_900"].score == records["nested_900"].max_score
    assert {flag.kind for flag in records["parts_depth"].flags} >= {"strange-output"}
    text = "".join(path.read_text() for path in (tmp_path / "out/autograded").rglob("*.ipynb"))
    assert "[left out: image/svg+xml]" in text
    for evil in ("onerror", "\\u001b]", "<svg", "isolated"):
        shown_in = [line for line in text.splitlines() if evil in line and '"source"' not in line]
        assert [
            line for line in shown_in if "display(" not in line and "raise" not in line and "metadata" not in line
        ] == []
    for path in (tmp_path / "out/autograded").rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        assert {json.dumps(output.get("metadata", {})) for output in outputs} == {"{}"}


def test_memory_stays_bounded_whatever_comes_back(tmp_path):
    """No process holds 400 MB more than for an honest class; the figures are printed with `pytest -s`."""
    names = [
        "flood_30_cells",
        "flood_brackets",
        "flood_of_wide_text",
        "flood_of_pages",
        "flood_of_outputs",
        "flood_attached",
    ]
    scale.honest(tmp_path / "honest", 2)
    scale.hostile(tmp_path / "hostile", [*names, "seen_arrays", "seen_brackets", "parts_texts", "parts_many"])
    usual, most = (scale.measured(tmp_path / name, tmp_path / f"{name}-out", 5.0) for name in ("honest", "hostile"))
    print(scale.table(usual, most))
    assert usual["worker"] > 50, "processes were looked at"
    assert {what: most[what] - usual[what] for what in scale.KINDS if most[what] - usual[what] > scale.MORE} == {}
    assert most["autograded"] < 16 * len(names) + 20


# ---------------------------------------------------------------- workers that are killed


def lethal(folder: str, job: Job):
    """In place of `work.grade`: kills its worker for some students, and notes whom it has met."""
    student = job.record.student
    with Path(folder, student).open("a") as file:
        file.write("met\n")
    if student in ("h0001", "h0004") or (student == "h0002" and Path(folder, student).read_text() == "met\n"):
        os._exit(9)
    return grade(job)


def test_a_hand_in_that_kills_its_worker_twice_is_recorded_and_the_class_goes_on(tmp_path, monkeypatch):
    write_honest(ROOT, tmp_path / "submitted", "00_slopes", 7, figures=False)
    (tmp_path / "met").mkdir()
    monkeypatch.setattr("bpgrade.work.grade", functools.partial(lethal, str(tmp_path / "met")))
    summary = grade_class(tmp_path / "submitted", tmp_path / "out", ROOT, Options(workers=2))
    assert (summary.done, summary.faults, len(summary.broken)) == (7, [], 2)
    records = {record.student: record for record in load(tmp_path / "out").records}
    for student, record in records.items():
        if student in ("h0001", "h0004"):
            assert record.status == "broken"
            assert record.score == 0
            assert "twice" in record.reason
            assert "killed-the-grader" in {flag.kind for flag in record.flags}
            assert record.digest, "it is not met again in the next run"
            assert (tmp_path / "met" / student).read_text().count("met") <= 3  # once among others, twice alone
        else:
            assert record.status == "graded"
            assert record.outcomes
    page = next((tmp_path / "out/feedback/h0001").rglob("*.html")).read_text()
    assert "twice" in page
    again = grade_class(tmp_path / "submitted", tmp_path / "out", ROOT, Options(workers=2))
    assert (again.done, again.unchanged) == (0, 7)


def test_workers_that_do_not_come_up_are_nobodys_doing(tmp_path, monkeypatch):
    """Where no process can be had, nobody gets a zero for it."""
    monkeypatch.setattr("bpgrade.grade._ready", die)
    monkeypatch.setattr("bpgrade.grade.POOLS", 4)
    with Pool(Options(workers=1)) as pool, pytest.raises(Exception, match="keep being killed"):
        list(pool.graded(iter([lambda: Job(None, b"", "", Rules(0))])))  # type: ignore[arg-type]


def die(*_):
    """In place of what a worker begins with."""
    os._exit(9)

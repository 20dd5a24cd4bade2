"""`make lab`: a learner's copy of the lessons is never overwritten."""

import sys

import pytest

from bpkit import lab


def lesson(root, text, name="00_slopes/slopes.ipynb"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def test_first_call_copies_every_lesson_and_the_second_nothing(tmp_path):
    source, mine = tmp_path / "lessons", tmp_path / "mine"
    lesson(source, "first")
    lesson(source, "second", "01_single_neuron/single_neuron.ipynb")
    assert names(lab.hand_out(source, mine), mine) == ["00_slopes/slopes.ipynb", "01_single_neuron/single_neuron.ipynb"]
    assert lab.hand_out(source, mine) == []


def test_work_survives_and_a_changed_lesson_is_added_beside(tmp_path):
    source, mine = tmp_path / "lessons", tmp_path / "mine"
    original = lesson(source, "edition one")
    lab.hand_out(source, mine)
    work = mine / "00_slopes/slopes.ipynb"
    work.write_text("my work")
    original.write_text("edition two")
    assert names(lab.hand_out(source, mine), mine) == ["00_slopes/slopes (edition 2).ipynb"]
    assert work.read_text() == "my work"
    assert (mine / "00_slopes/slopes (edition 2).ipynb").read_text() == "edition two"
    assert lab.hand_out(source, mine) == [], "each edition is handed out once"
    original.write_text("edition three")
    assert names(lab.hand_out(source, mine), mine) == ["00_slopes/slopes (edition 3).ipynb"]


def test_a_deleted_copy_is_handed_out_again(tmp_path):
    source, mine = tmp_path / "lessons", tmp_path / "mine"
    lesson(source, "text")
    lab.hand_out(source, mine)
    (mine / "00_slopes/slopes.ipynb").unlink()
    assert names(lab.hand_out(source, mine), mine) == ["00_slopes/slopes.ipynb"]


def test_work_without_a_record_is_not_touched(tmp_path):
    source, mine = tmp_path / "lessons", tmp_path / "mine"
    lesson(source, "released")
    work = lesson(mine, "my own")
    assert names(lab.hand_out(source, mine), mine) == ["00_slopes/slopes (edition 2).ipynb"]
    assert work.read_text() == "my own"


@pytest.mark.parametrize("record", ["", '{"00_slopes/slo', "[1]"])
def test_a_damaged_record_costs_nothing_but_a_second_copy(tmp_path, record):
    source, mine = tmp_path / "lessons", tmp_path / "mine"
    lesson(source, "text")
    lab.hand_out(source, mine)
    (mine / "00_slopes/slopes.ipynb").write_text("my work")
    (mine / lab.EDITIONS).write_text(record)
    assert names(lab.hand_out(source, mine), mine) == ["00_slopes/slopes (edition 2).ipynb"]
    assert (mine / "00_slopes/slopes.ipynb").read_text() == "my work"
    assert lab.hand_out(source, mine) == []


def test_the_server_listens_on_this_machine_only_and_opens_the_first_lesson(tmp_path, monkeypatch):
    lesson(tmp_path, "x", "01_b/b.ipynb")
    lesson(tmp_path, "x", "00_a/a.ipynb")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    words = lab.command(tmp_path, ["--port=9999"])
    assert words[0] == sys.executable
    assert "--ServerApp.ip=127.0.0.1" in words
    assert "--LabApp.default_url=/lab/tree/00_a/a.ipynb" in words
    assert words[-1] == "--port=9999"
    assert ("--no-browser" in words) == sys.platform.startswith("linux")

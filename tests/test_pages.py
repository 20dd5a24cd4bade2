"""The pages around the lessons: their made parts are fresh, their links lead somewhere, their sentences are short."""

import re

import pytest

import bpkit
from bpkit.checking import OUTCOMES
from bpkit.checking.show import TITLES
from bpkit.exercises import LESSONS, every, of_lesson
from tests import notebooks, pages
from tests.lessons.reading import sentences, word_count
from tests.notebooks import ROOT, blanks, read
from tests.verdicts import EXAMPLES, MORE, verdict_on

PAGES = sorted(pages.DOCS.glob("*.md"))
LISTED = [ROOT / "README.md", *PAGES]

# The course's contract: these names are asked for, whatever else is.
SYLLABUS = {
    "00_slopes": "central_difference numerical_gradient relative_error chain_rule",
    "01_single_neuron": "sigmoid neuron_forward bce bce_backward sigmoid_backward neuron_backward gradient_step train_neuron",
    "02_two_layer_network": "dense dense_backward relu relu_backward two_layer_forward two_layer_backward cheatsheet_gradients",
    "03_regression_losses": "mse mse_backward mae mae_backward huber huber_backward",
    "04_cross_entropy": (
        "softmax log_softmax cce cce_backward softmax_backward cce_with_logits cce_with_logits_backward sparse_cce "
        "sparse_cce_backward sparse_cce_with_logits sparse_cce_with_logits_backward bce_with_logits bce_with_logits_backward"
    ),
    "05_margin_losses": "hinge hinge_backward triplet triplet_backward",
    "06_activations": "tanh tanh_backward leaky_relu leaky_relu_backward softmax_jacobian saturated_fraction dead_units",
    "07_gradient_descent": "minibatches sgd_epoch step_decay exponential_decay cosine_decay momentum_step adam_step",
    "08_deep_signals": "xavier_std he_std deep_forward gradient_norms clip_by_global_norm",
    "09_batch_norm": "batch_norm_forward batch_norm_backward batch_norm_inference",
    "10_autodiff": "topological_order backward unbroadcast add_vjp mul_vjp matmul_vjp sum_vjp exp_vjp log_vjp",
    "11_digits": "one_hot accuracy confusion_matrix train_classifier",
    "12_interview": "",
}


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
def test_every_function_of_the_syllabus_is_a_blank(lesson):
    assert set(SYLLABUS[lesson].split()) <= set(blanks(read("lessons", lesson)))


def test_the_syllabus_has_all_lessons_and_no_name_twice():
    names = " ".join(SYLLABUS.values()).split()
    assert list(SYLLABUS) == list(LESSONS)
    assert len(set(names)) == len(names)
    assert set(names) <= set(every())


def test_at_least_ninety_checks_are_graded():
    checks = [id for lesson in notebooks.LESSONS for id in pages.marks(lesson) if id.startswith("check_")]
    assert len(checks) == len(set(checks)) >= 90


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
def test_points_of_each_lesson_are_stated(lesson):
    checks = {f"check_{exercise.name}": exercise.points for exercise in of_lesson(lesson)}
    by_hand = {id: points for id, points in pages.marks(lesson).items() if not id.startswith("check_")}
    assert pages.marks(lesson) == checks | by_hand
    assert len(by_hand) == (4 if lesson == "12_interview" else 0)
    total = sum(checks.values()) + sum(by_hand.values())
    instructor, learner = ((pages.DOCS / name).read_text(encoding="utf-8") for name in ("instructor.md", "learner.md"))
    assert f"| {len(checks) + len(by_hand)} | {total} | {pages.minutes(lesson)} |\n" in instructor
    assert f"about {pages.minutes(lesson)} minutes, {total} points." in learner


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_made_parts_are_fresh(page):
    text = page.read_text(encoding="utf-8")
    assert "<!-- made: " in text
    assert text == pages.fresh(text), "run `python -m tests.pages`"


@pytest.mark.parametrize("example", EXAMPLES + MORE, ids=lambda example: example.outcome)
def test_an_example_gets_the_verdict_it_stands_for(example):
    assert verdict_on(example).outcome == example.outcome


def test_every_verdict_has_its_example():
    assert sorted(example.outcome for example in EXAMPLES) == sorted(OUTCOMES)
    learner = (pages.DOCS / "learner.md").read_text(encoding="utf-8")
    for outcome in TITLES.keys() - set(OUTCOMES):
        assert f"*{TITLES[outcome][1]}*" in learner, "what only a grader says"


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
def test_a_lesson_imports_from_earlier_ones_only(lesson):
    assert all(owner < lesson for owner in pages.needs(lesson))


def test_what_the_instructor_is_told_of_dropping_is_so():
    users = {lesson: [each for each in notebooks.LESSONS if lesson in pages.needs(each)] for lesson in LESSONS}
    assert users["03_regression_losses"] == users["10_autodiff"] == []
    assert users["05_margin_losses"] == ["11_digits"]
    for lesson in ("00_slopes", "01_single_neuron", "02_two_layer_network", "04_cross_entropy"):
        assert len(users[lesson]) >= 3


@pytest.mark.parametrize("weeks", [("six", 6), ("ten", 10), ("thirteen", 13)], ids=lambda weeks: weeks[0])
def test_a_plan_has_its_weeks_and_keeps_what_others_need(weeks):
    name, length = weeks
    plan = pages.PLANS[name]
    numbers = [number for week in plan for number in week]
    assert len(plan) == length
    assert len(numbers) == len(set(numbers))
    assert {"00", "01", "02", "04"} <= set(numbers)
    left_out = {lesson[:2] for lesson in LESSONS} - set(numbers)
    assert left_out == ({"05", "09", "12"} if name == "six" else set())


def test_families_of_mistakes_are_those_of_the_exercises():
    ids = {mistake.id for exercise in every().values() for mistake in exercise.mistakes}
    named = [id for family in pages.FAMILIES.values() for id in family]
    assert set(named) <= ids
    assert len(named) == len(set(named))


@pytest.mark.parametrize("page", LISTED, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    not_out = [f"lessons/{lesson}/" for lesson in LESSONS if lesson not in notebooks.LESSONS]
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists() or any(lesson in link for lesson in not_out), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_are_short_and_tables_narrow(page):
    text = page.read_text(encoding="utf-8")
    own = "\n".join(line for line in text.splitlines() if not line.startswith(">"))  # what checks say is held elsewhere
    assert [sentence for sentence in sentences(own) if word_count(sentence) > 30] == []
    for row in re.findall(r"(?m)^\|.*\|$", text):
        assert row.count("|") <= 5, "at most four columns"


def test_readme_links_every_lesson_and_page():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for lesson, name in LESSONS.items():
        assert f"](lessons/{lesson}/{name}.ipynb)" in readme
    for page in PAGES:
        assert f"](docs/{page.name})" in readme


def test_the_changelog_begins_with_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"(?m)^## (\d\S*)", changelog)[1] == bpkit.__version__

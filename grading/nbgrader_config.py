"""nbgrader's settings for this course. Read when a command runs in this folder, or with JUPYTER_CONFIG_DIR set to it.

The course root is the repository: solutions/ is what nbgrader calls source, lessons/ what it calls release.
Everything that belongs to a class (hand-ins, gradebook, feedback) stays below this folder and out of git.
"""

import os
import warnings
from pathlib import Path

c = get_config()  # noqa: F821 - traitlets provides it

here = Path(__file__).resolve().parent
# The class: this folder, or the other one that `bpgrade grade --out` wrote to and `bpgrade formgrader --out` shows.
out = Path(os.environ.get("BPGRADE_OUT") or here).resolve()
within = os.path.relpath(out, here.parent)

c.CourseDirectory.course_id = "bpkit"
c.CourseDirectory.root = str(here.parent)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "lessons"
c.CourseDirectory.submitted_directory = f"{within}/submitted"
c.CourseDirectory.autograded_directory = f"{within}/autograded"
c.CourseDirectory.feedback_directory = f"{within}/feedback"
c.CourseDirectory.solution_directory = "grading/solution"
c.CourseDirectory.source_with_tests_directory = "grading/source_with_tests"
c.CourseDirectory.db_url = f"sqlite:///{out / 'gradebook.db'}"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", ".DS_Store"]

c.ZipCollectApp.downloaded_directory = "grading/downloaded"

# A blank says so itself, and a learner who runs it too early sees the sentence and not a bare error.
c.ClearSolutions.code_stub = {"python": '# YOUR CODE HERE\nraise NotImplementedError("this blank is waiting for you")'}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"

c.OverwriteCells.add_missing_cells = True

# The wall: hand-ins are put back into shape, run in a process that sees nothing of this machine, and judged outside it.
# Without these two lists nbgrader grades as it comes, with students' code under your own account.
c.Autograde.sanitize_preprocessors = [
    "bpgrade.plugin.Repair",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "bpgrade.plugin.Run",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What a student's notebook displays is cleaned, rendered, and sieved then; nbgrader's own feedback as a whole page.
# `bpgrade formgrader` does the same with its pages.
c.HTMLExporter.preprocessors = ["bpgrade.shown.Clean"]
c.HTMLExporter.filters = {"markdown2html": "bpgrade.shown.markdown2html"}
c.GenerateFeedback.exporter_class = "bpgrade.shown.Page"

# For grading as nbgrader comes.
c.Execute.timeout = 120
c.Execute.shutdown_kernel = "immediate"

# nbgrader 0.9 makes SQLAlchemy 2.1 warn, harmlessly, for every hand-in it enters.
warnings.filterwarnings("ignore", message="Object of type <Submitted")

"""A class graded on a Dask cluster: the same gradebook, also when one of its workers is killed."""

import os
import signal
import threading

import dask
import pytest
from bpgrade.grade import Options, grade_class
from bpgrade.wall.host import WallError
from distributed import LocalCluster

from benchmarks import crash
from tests.notebooks import ROOT


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    into = tmp_path_factory.mktemp("class") / "submitted"
    crash.write_class(into, honest=8)
    return into


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as running:
        yield running


@pytest.fixture(scope="module")
def expected(source, tmp_path_factory):
    """What processes of this machine make of the class."""
    out = tmp_path_factory.mktemp("local") / "out"
    grade_class(source, out, ROOT, Options(workers=2))
    return crash.facts(out)


def test_the_gradebook_is_the_same_and_the_client_is_closed(source, cluster, expected, tmp_path):
    before = set(threading.enumerate())
    summary = grade_class(source, tmp_path, ROOT, Options(dask=cluster.scheduler_address))
    assert summary.done == 10
    assert crash.differences(crash.facts(tmp_path), expected) == []
    assert {thread.name for thread in threading.enumerate() if thread not in before and not thread.daemon} == set()


def test_it_is_the_same_when_a_worker_is_killed(source, cluster, expected, tmp_path):
    killed = []

    def kill(done, of, last):
        if done == 2:
            pid = cluster.workers[0].pid
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    grade_class(source, tmp_path, ROOT, Options(dask=cluster.scheduler_address), kill)
    assert len(killed) == 1
    assert crash.differences(crash.facts(tmp_path), expected) == []


def test_an_address_where_nobody_answers_is_one_sentence(source, tmp_path):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(WallError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"),
    ):
        grade_class(source, tmp_path, ROOT, Options(dask="tcp://127.0.0.1:9"))

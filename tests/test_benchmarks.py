"""The benchmarks run and give ratios, and what they compare does the same work; no time is asserted here."""

import math

import numpy as np
import pytest

from benchmarks import bench

TINY = bench.Size([5, 4, 3], 6, calls=1, rounds=1, torch_limit=1.0, gemm_limit=1.25)


def sound(rows):
    rows = list(rows)
    assert all(math.isfinite(row.measured) and row.measured >= 0 for row in rows)
    assert all(row.what in str(row) for row in rows)
    return [row.what for row in rows]


def test_a_step_is_compared_with_what_is_installed(monkeypatch):
    assert sound(bench.step_rows("tiny", TINY, 2))[-1] == "step tiny : bare GEMMs"
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    assert sound(bench.step_rows("tiny", TINY, 2)) == ["step tiny : bare GEMMs"]


@pytest.mark.parametrize("name", bench.SIZES)
def test_the_bare_products_are_those_of_the_step(name, monkeypatch):
    size = bench.SIZES[name]._replace(n=3)
    shapes = []
    monkeypatch.setattr(bench.np, "matmul", lambda a, b, out: shapes.append((*a.shape, b.shape[1])))
    bench.gemm_step(size)()
    forward = [(3, d, h) for d, h in bench.pairwise(size.layers)]
    to_weights, to_inputs = [(d, 3, h) for _, d, h in forward], [(3, h, d) for _, d, h in forward[1:]]
    assert sorted(shapes) == sorted(forward + to_weights + to_inputs)


def test_pytorch_takes_the_same_step():
    pytest.importorskip("torch")
    ours, net = bench.bpkit_step(TINY)
    theirs, layers = bench.torch_step(TINY)
    for _ in range(3):
        ours(), theirs()
    for number, layer in enumerate(layers, start=1):
        np.testing.assert_allclose(layer.weight.detach().numpy().T, net.parameters[f"W{number}"], rtol=1e-12)
        np.testing.assert_allclose(layer.bias.detach().numpy(), net.parameters[f"b{number}"], rtol=1e-12, atol=1e-17)


def test_the_gradient_check_is_that_of_the_small_net():
    time_row, error_row = bench.gradient_check_rows(1)
    assert "2,410 parameters" in time_row.detail
    assert error_row.holds, error_row


def test_every_exercise_is_timed():
    rows = sound(bench.check_rows(1))
    assert [what.split()[1] for what in rows] == 6 * ["right"] + 3 * ["wrong"]


def test_the_import_is_timed_in_a_fresh_process():
    assert sound(bench.import_rows(1)) == ["import bpkit beyond NumPy", "import bpkit : import numpy"]


def test_a_row_says_whether_its_target_holds():
    row = bench.Row("step", 1.2, "x", 1.0, "")
    assert not row.holds
    assert "MISSED" in str(row)
    assert "holds" in str(row._replace(measured=1.0))
    assert row._replace(limit=None).holds is None

"""How fast bpkit is, as ratios to what it is measured against: `make bench`.

Everything runs on one thread, in float64. Contenders take turns (A, B, C, A, B, C, …), so that whatever else the
machine does hits all alike; a ratio is taken within each round, and its median over the rounds is printed. Times are
CPU time of the process, medians as well; the wall clock's ratio stands beside. PyTorch takes part if it is installed.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # read once, when NumPy and PyTorch start, hence above their imports

import numpy as np  # noqa: E402
import threadpoolctl  # noqa: E402

from bpkit import MLP, evaluate  # noqa: E402
from bpkit.exercises import every  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LR = 1e-3


class Size(NamedTuple):
    """A network and its batch; how often one step is called in a round, and how many rounds there are."""

    layers: list[int]
    n: int
    calls: int
    rounds: int
    torch_limit: float
    gemm_limit: float | None = None

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Examples X (n, d) and labels (n,)."""
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.n, self.layers[0])), rng.integers(0, self.layers[-1], self.n)


SIZES = {
    "small": Size([64, 32, 10], 32, calls=20, rounds=200, torch_limit=1.0),
    "medium": Size([784, 256, 10], 128, calls=2, rounds=150, torch_limit=1.1, gemm_limit=1.25),
    "large": Size([1024, 1024, 1024, 10], 512, calls=1, rounds=25, torch_limit=1.1),
}


class Row(NamedTuple):
    """One line of the table: a number, the most it may be (None: for information), and where it comes from."""

    what: str
    measured: float
    unit: str
    limit: float | None
    detail: str

    @property
    def holds(self) -> bool | None:
        return None if self.limit is None else self.measured <= self.limit

    def __str__(self) -> str:
        target = "" if self.limit is None else f"<= {self.limit:g}{self.unit}"
        holds = {None: "", True: "holds", False: "MISSED"}[self.holds]
        return f"{self.what:<36} {self.measured:>8.3g}{self.unit:<3} {target:<12} {holds:<7} {self.detail}".rstrip()


def bpkit_step(size: Size) -> tuple[Callable[[], object], MLP]:
    """One step of `MLP`, the value of the loss included, as PyTorch has to compute it too."""
    (X, labels), net = size.data(), MLP(size.layers)

    def step() -> None:
        _, grads = net.loss_and_grads(X, labels)
        net.step(grads, LR)

    return step, net


def torch_step(size: Size) -> tuple[Callable[[], object], list]:
    """The same step in PyTorch as its users write it, from the same weights."""
    import torch

    torch.set_num_threads(1)
    X, labels = map(torch.from_numpy, size.data())
    layers = [torch.nn.Linear(*shape, dtype=torch.float64) for shape in pairwise(size.layers)]
    with torch.no_grad():
        for number, layer in enumerate(layers, start=1):
            start = MLP(size.layers).parameters
            layer.weight.copy_(torch.from_numpy(start[f"W{number}"].T))
            layer.bias.copy_(torch.from_numpy(start[f"b{number}"]))
    net = torch.nn.Sequential(layers[0], *(module for layer in layers[1:] for module in (torch.nn.ReLU(), layer)))
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, fused=True)  # the fastest of SGD's three forms

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(X), labels).backward()
        optimizer.step()

    return step, layers


def gemm_step(size: Size) -> Callable[[], object]:
    """The matrix products of the step and nothing else, into arrays that are there already."""
    rng = np.random.default_rng(0)
    a = [rng.standard_normal((size.n, width)) for width in size.layers]
    W = [rng.standard_normal(shape) for shape in pairwise(size.layers)]
    forward = list(zip(a, W, strict=False))
    to_weights = [(a_in.T, dz) for a_in, dz in pairwise(a)]
    to_inputs = [(dz, W_l.T) for dz, W_l in zip(a[2:], W[1:], strict=True)]  # none for the first layer
    products = [(left, right, left @ right) for left, right in forward + to_weights + to_inputs]

    def step() -> None:
        for left, right, out in products:
            np.matmul(left, right, out=out)

    return step


def take_turns(
    contenders: dict[str, Callable[[], object]], rounds: int, calls: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """CPU and wall time of one call in milliseconds, for each contender a list with one entry for each round."""
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, step in contenders.items():
            step()  # off the clock: as in a training loop, the caches hold this contender's data and not another's
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            for _ in range(calls):
                step()
            cpu[name].append((time.process_time() - cpu_start) * 1e3 / calls)
            wall[name].append((time.perf_counter() - wall_start) * 1e3 / calls)
    return cpu, wall


def step_rows(name: str, size: Size, rounds: int) -> Iterator[Row]:
    """One training step beside PyTorch's, if it is installed, and beside its bare matrix products."""
    contenders = {"bpkit": bpkit_step(size)[0], "bare GEMMs": gemm_step(size)}
    if importlib.util.find_spec("torch"):
        contenders["PyTorch eager"] = torch_step(size)[0]
    cpu, wall = take_turns(contenders, rounds, size.calls)
    for other, limit in (("PyTorch eager", size.torch_limit), ("bare GEMMs", size.gemm_limit)):
        if other in contenders:
            ratio, wall_ratio = (
                median(ours / theirs for ours, theirs in zip(times["bpkit"], times[other], strict=True))
                for times in (cpu, wall)
            )
            detail = f"{median(cpu['bpkit']):.3g} : {median(cpu[other]):.3g} ms, by the wall clock {wall_ratio:.3g}x"
            yield Row(f"step {name} : {other}", ratio, "x", limit, detail)


def gradient_check_rows(rounds: int) -> Iterator[Row]:
    """The check of every one of the small net's parameters: its time, and how closely both sides agree."""
    size = SIZES["small"]
    (X, labels), net = size.data(), MLP(size.layers)
    cpu, _ = take_turns({"check": lambda: net.check_gradients(X, labels)}, rounds, calls=1)
    count = sum(p.size for p in net.parameters.values())
    detail = f"{count:,} parameters, {size.n} examples; fastest {min(cpu['check']):.3g} ms"
    yield Row("gradient check, small", median(cpu["check"]), "ms", 50.0, detail)
    yield Row("gradient check, relative error", net.check_gradients(X, labels).error, "", 3e-10, "")


def check_rows(rounds: int) -> Iterator[Row]:
    """The time a learner waits for the verdict on a right answer (the five slowest exercises), and on a wrong one."""
    for kind, limit, shown in (("right", 50.0, 5), ("wrong", None, 2)):
        contenders = {}
        for name, exercise in every().items():
            answer = exercise.reference if kind == "right" else exercise.mistakes[0].wrong[0]
            contenders[name] = functools.partial(evaluate, answer, exercise=name)
        cpu, _ = take_turns(contenders, rounds, calls=1)
        medians = {name: median(times) for name, times in cpu.items()}
        for name in sorted(medians, key=medians.__getitem__, reverse=True)[:shown]:
            yield Row(f"check, {kind} {name}", medians[name], "ms", limit, f"fastest {min(cpu[name]):.3g} ms")
        yield Row(f"check, {kind} answer", median(medians.values()), "ms", limit, f"median of {len(cpu)} exercises")


def import_rows(rounds: int) -> Iterator[Row]:
    """What `import bpkit` costs beyond `import numpy`, in fresh processes that find their bytecode stored."""
    clock = "time.process_time()"
    code = f"import time; a={clock}; import numpy; b={clock}; import bpkit; c={clock}; print(b - a, c - b)"
    times = []
    with tempfile.TemporaryDirectory() as cache:
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        for _ in range(rounds + 1):
            command = [sys.executable, "-c", code]
            shown = subprocess.run(
                command, env=env | {"PYTHONPYCACHEPREFIX": cache}, capture_output=True, text=True, check=True
            )
            times.append([1e3 * float(seconds) for seconds in shown.stdout.split()])
    numpy, beyond = (median(column) for column in zip(*times[1:], strict=True))  # the first one stores the bytecode
    yield Row("import bpkit beyond NumPy", beyond, "ms", 10.0, f"NumPy itself {numpy:.3g} ms")
    yield Row("import bpkit : import numpy", (numpy + beyond) / numpy, "x", None, "")


def rows(rounds: int | None = None) -> Iterator[Row]:
    """All lines of the table; `rounds` replaces the number of rounds everywhere."""
    for name, size in SIZES.items():
        yield from step_rows(name, size, rounds or size.rounds)
    yield from gradient_check_rows(rounds or 30)
    yield from check_rows(rounds or 9)
    yield from import_rows(rounds or 15)


def main() -> None:
    """Print the table; the exit code does not depend on it, since a busy machine is no mistake in the code."""
    blas = ", ".join(
        f"{pool['internal_api']} {pool['version']} ({pool['architecture']})"
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    )
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {blas}, one thread, float64")
    if not importlib.util.find_spec("torch"):
        print("PyTorch is not installed, so nothing is compared with it; `pip install torch` adds those lines.")
    for row in rows():
        print(row, flush=True)


if __name__ == "__main__":
    main()

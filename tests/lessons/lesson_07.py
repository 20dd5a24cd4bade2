"""What lesson 07 claims."""

import math

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

RNG = np.random.default_rng(7)
C, BOTTOM, LR = 3.0, 1.5, 0.2


def _parabola(p):
    return 4.0 + C / 2 * (p - BOTTOM) ** 2


def _slope_of_a_parabola():
    same_gradient(C * (5.0 - BOTTOM), _parabola, 5.0)


def _one_step():
    new = bpkit.gradient_step({"p": 5.0}, {"p": bpkit.central_difference(_parabola, 5.0)}, LR)["p"]
    assert np.isclose(new - BOTTOM, (1 - LR * C) * (5.0 - BOTTOM))


def _border():
    for share, converges in ((0.01, True), (0.99, True), (1.01, False)):
        p, lr = 5.0, share * 2 / C
        for _ in range(2000):
            p = bpkit.gradient_step({"p": p}, {"p": C * (p - BOTTOM)}, lr)["p"]
        assert (abs(p - BOTTOM) < 1e-3) == converges


def _inverse_time():
    for t in (0, 1, 10):
        assert 1 / (1 + 1.0 * t) * 0.4 <= 0.4
    kept = [(1 / (1 + 1.0 * (t + 1))) / (1 / (1 + 1.0 * t)) for t in (0, 10)]
    assert np.allclose(kept, [1 / 2, 11 / 12])
    real = [bpkit.exponential_decay(1.0, t + 1, 1.0) / bpkit.exponential_decay(1.0, t, 1.0) for t in (0, 10)]
    assert np.allclose(real, math.exp(-1.0))


def _momentum(beta=0.8):
    p, v, g = RNG.standard_normal((3, 4))
    new, velocity = bpkit.momentum_step({"p": p}, {"p": g}, {"p": v}, LR, beta)
    v = beta * v + g
    assert np.allclose(velocity["p"], v)
    assert np.allclose(new["p"], p - LR * v)


def _velocity_of(gradients, beta=0.9):
    params, velocity = {"p": 0.0}, {"p": 0.0}
    for g in gradients:
        params, velocity = bpkit.momentum_step(params, {"p": g}, velocity, LR, beta)
    return float(velocity["p"])


def _same_gradient_for_ever(g=2.5, beta=0.9):
    assert np.isclose(g * sum(beta**k for k in range(500)), g / (1 - beta))
    assert np.isclose(_velocity_of([g] * 500), g / (1 - beta))
    assert np.isclose(abs(_velocity_of([g, -g] * 250)), g / (1 + beta))


def _adam_after(gradients, beta1=0.9, beta2=0.999):
    state = {"t": 0, "m": {"p": np.zeros(4)}, "v": {"p": np.zeros(4)}}
    params = {"p": np.ones(4)}
    for g in gradients:
        params, state = bpkit.adam_step(params, {"p": g}, state, LR, beta1, beta2)
    return params["p"], state


def _adam(beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, p = np.zeros(4), np.zeros(4), np.ones(4)
    gradients = RNG.standard_normal((5, 4))
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        p = p - LR * m_hat / (np.sqrt(v_hat) + eps)
    assert np.allclose(p, _adam_after(gradients)[0])


def _start_of_adam():
    g = RNG.standard_normal(4)
    assert np.allclose(_adam_after([g] * 6)[1]["m"]["p"], (1 - 0.9**6) * g)
    assert np.allclose(_adam_after([g])[0], 1 - LR * np.sign(g))


def _stairs():
    for step in (0, 4, 5, 13):
        assert np.isclose(bpkit.step_decay(0.4, step, 0.7, 5), 0.4 * 0.7 ** (step // 5))


def _exponential():
    for step in (0, 1, 7):
        assert np.isclose(bpkit.exponential_decay(0.4, step, 0.3), 0.4 * np.exp(-0.3 * step))


def _cosine():
    for step in (0, 3, 12):
        assert np.isclose(bpkit.cosine_decay(0.4, step, 12), 0.4 * (1 + np.cos(np.pi * step / 12)) / 2)


FORMULAS = {
    r"\text{slope} = c\,(p - p^*)": _slope_of_a_parabola,
    r"\begin{aligned} p_{\text{new}} - p^* &= p - \eta\,c\,(p - p^*) - p^* \\ &= (1 - \eta c)\,(p - p^*) \end{aligned}": _one_step,
    r"0 < \eta < \frac{2}{c}": _border,
    r"\text{lr} = \frac{1}{1 + \text{rate} \cdot t} \cdot \text{lr}_0": _inverse_time,
    r"\begin{aligned} v &\leftarrow \beta\,v + g \\ p &\leftarrow p - \eta\,v \end{aligned}": _momentum,
    r"v = g\,(1 + \beta + \beta^2 + \dots) = \frac{g}{1 - \beta}": _same_gradient_for_ever,
    r"\begin{aligned} m &\leftarrow \beta_1 m + (1 - \beta_1)\,g \\ v &\leftarrow \beta_2 v + (1 - \beta_2)\,g^2 \\ p &\leftarrow p - \eta\,\frac{\hat m}{\sqrt{\hat v} + \varepsilon} \end{aligned}": _adam,
    r"m = (1 - \beta_1^t)\,g": _start_of_adam,
    "lr = lr0 * drop ** (step // every)": _stairs,
    "lr = lr0 * exp(-rate * step)": _exponential,
    "lr = lr0 * (1 + cos(pi * step / total)) / 2": _cosine,
    "v = beta * v + g": _momentum,
    "p = p - lr * v": _momentum,
    "p = p - lr * m_hat / (sqrt(v_hat) + eps)": _adam,
}


def _columns(*names):
    patients = datasets.diabetes()
    return patients.X[:, [patients.features.index(name) for name in names]].T


def _correlation():
    return np.corrcoef(_columns("s1", "s2"))[0, 1]


def _ratio_when_standardised():
    flat, steep = np.linalg.eigvalsh(2 * np.corrcoef(_columns("s5", "bmi")))
    return steep / flat


NUMBERS = {
    "0.90": _correlation,
    "2.6": _ratio_when_standardised,
    "1.2": lambda: abs(1 - 2.2),
    "2015": "the year of issue 158",
    "2022": "the year of the question in the forum",
    "158": "the number of an issue",
    "683": "the number of a pull request",
}
TRANSCRIPTIONS = ("momentum_step", "adam_step")
MAXIMS = ("A run that diverges is a measurement.", "In a valley the loss is finished long before the weights are.")

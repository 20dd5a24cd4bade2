"""Gradient descent and what grew out of it. Every step returns new arrays and leaves its arguments alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpkit._arrays import at_least, grads_like

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from bpkit._arrays import Array


def gradient_step(params: Mapping[str, ArrayLike], grads: Mapping[str, ArrayLike], lr: float) -> dict[str, Array]:
    """One step of gradient descent for every parameter.

    Args:
        params: dict of arrays or numbers.
        grads: dict with the same keys and shapes.
        lr: learning rate, above 0.
    Returns:
        A new dict with the same keys and shapes; params is left as it was.
    Formula:
        p_new = p - lr * dp. NaN stays NaN.
    Raises:
        ValueError: the keys or shapes of params and grads differ, or lr <= 0.
    Source:
        Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées" (1847).
    Example:
        >>> gradient_step({"w": [1.0, 2.0]}, {"w": [10.0, -10.0]}, lr=0.1)
        {'w': array([0., 3.])}
    """
    lr = at_least("lr", lr, 0.0, strict=True)
    p, g = grads_like(params, grads)
    return {key: p[key] - lr * g[key] for key in p}

"""bpkit: learn backpropagation by doing it.

Every function that a lesson asks for is here under the same name, as a reference: `bpkit.sigmoid`,
`bpkit.sigmoid_backward` and so on. `check(fn)` judges yours and `hint(fn)` asks the next question.
Importing this package needs NumPy alone; plotting, data sets and checks load what they need on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpkit.activations import (
    dead_units,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    relu,
    relu_backward,
    saturated_fraction,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    softmax_jacobian,
    tanh,
    tanh_backward,
)
from bpkit.gradients import central_difference, chain_rule, numerical_gradient, relative_error
from bpkit.layers import batch_norm_backward, batch_norm_forward, batch_norm_inference, dense, dense_backward
from bpkit.losses import (
    bce,
    bce_backward,
    bce_with_logits,
    bce_with_logits_backward,
    cce,
    cce_backward,
    cce_with_logits,
    cce_with_logits_backward,
    hinge,
    hinge_backward,
    huber,
    huber_backward,
    mae,
    mae_backward,
    mse,
    mse_backward,
    sparse_cce,
    sparse_cce_backward,
    sparse_cce_with_logits,
    sparse_cce_with_logits_backward,
    triplet,
    triplet_backward,
)
from bpkit.networks import (
    cheatsheet_gradients,
    neuron_backward,
    neuron_forward,
    train_neuron,
    two_layer_backward,
    two_layer_forward,
)
from bpkit.optimizers import gradient_step

if TYPE_CHECKING:
    from bpkit.checking import CheckFailed, check, evaluate, hint

__version__ = "0.1.0"

__all__ = [
    "CheckFailed",
    "batch_norm_backward",
    "batch_norm_forward",
    "batch_norm_inference",
    "bce",
    "bce_backward",
    "bce_with_logits",
    "bce_with_logits_backward",
    "cce",
    "cce_backward",
    "cce_with_logits",
    "cce_with_logits_backward",
    "central_difference",
    "chain_rule",
    "cheatsheet_gradients",
    "check",
    "datasets",
    "dead_units",
    "dense",
    "dense_backward",
    "evaluate",
    "gradient_step",
    "hinge",
    "hinge_backward",
    "hint",
    "huber",
    "huber_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log_softmax",
    "mae",
    "mae_backward",
    "mse",
    "mse_backward",
    "neuron_backward",
    "neuron_forward",
    "numerical_gradient",
    "plots",
    "relative_error",
    "relu",
    "relu_backward",
    "saturated_fraction",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "softmax_jacobian",
    "sparse_cce",
    "sparse_cce_backward",
    "sparse_cce_with_logits",
    "sparse_cce_with_logits_backward",
    "tanh",
    "tanh_backward",
    "train_neuron",
    "triplet",
    "triplet_backward",
    "two_layer_backward",
    "two_layer_forward",
]

_ON_FIRST_USE = {
    "check": "bpkit.checking",
    "hint": "bpkit.checking",
    "evaluate": "bpkit.checking",
    "CheckFailed": "bpkit.checking",
}
_ROOMS = ("checking", "datasets", "exercises", "plots")


def __getattr__(name: str) -> Any:
    import importlib

    if name in _ON_FIRST_USE:
        return getattr(importlib.import_module(_ON_FIRST_USE[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"bpkit.{name}")
    raise AttributeError(f"module 'bpkit' has no attribute {name!r}")

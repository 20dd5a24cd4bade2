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
from bpkit.autodiff import (
    Node,
    add_vjp,
    backward,
    exp_vjp,
    log_vjp,
    matmul_vjp,
    mul_vjp,
    sum_vjp,
    topological_order,
    unbroadcast,
)
from bpkit.gradients import (
    GradientReport,
    central_difference,
    chain_rule,
    check_gradients,
    descend,
    numerical_gradient,
    relative_error,
)
from bpkit.initializers import he_std, xavier_std
from bpkit.layers import (
    batch_norm_backward,
    batch_norm_forward,
    batch_norm_inference,
    batch_norm_stages,
    dense,
    dense_backward,
)
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
from bpkit.metrics import accuracy, confusion_matrix, one_hot
from bpkit.networks import (
    MLP,
    cheatsheet_gradients,
    deep_forward,
    gradient_norms,
    neuron_backward,
    neuron_forward,
    train_classifier,
    train_neuron,
    two_layer_backward,
    two_layer_forward,
)
from bpkit.optimizers import (
    adam_step,
    clip_by_global_norm,
    cosine_decay,
    exponential_decay,
    gradient_step,
    minibatches,
    momentum_step,
    sgd_epoch,
    step_decay,
)

if TYPE_CHECKING:
    from bpkit.checking import CheckFailed, check, evaluate, hint

__version__ = "1.0.0"

__all__ = [
    "MLP",
    "CheckFailed",
    "GradientReport",
    "Node",
    "accuracy",
    "adam_step",
    "add_vjp",
    "backward",
    "batch_norm_backward",
    "batch_norm_forward",
    "batch_norm_inference",
    "batch_norm_stages",
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
    "check_gradients",
    "clip_by_global_norm",
    "confusion_matrix",
    "cosine_decay",
    "datasets",
    "dead_units",
    "deep_forward",
    "dense",
    "dense_backward",
    "descend",
    "evaluate",
    "exp_vjp",
    "exponential_decay",
    "gradient_norms",
    "gradient_step",
    "he_std",
    "hinge",
    "hinge_backward",
    "hint",
    "huber",
    "huber_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log_softmax",
    "log_vjp",
    "mae",
    "mae_backward",
    "matmul_vjp",
    "minibatches",
    "momentum_step",
    "mse",
    "mse_backward",
    "mul_vjp",
    "neuron_backward",
    "neuron_forward",
    "numerical_gradient",
    "one_hot",
    "plots",
    "relative_error",
    "relu",
    "relu_backward",
    "saturated_fraction",
    "sgd_epoch",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "softmax_jacobian",
    "sparse_cce",
    "sparse_cce_backward",
    "sparse_cce_with_logits",
    "sparse_cce_with_logits_backward",
    "step_decay",
    "sum_vjp",
    "tanh",
    "tanh_backward",
    "topological_order",
    "train_classifier",
    "train_neuron",
    "triplet",
    "triplet_backward",
    "two_layer_backward",
    "two_layer_forward",
    "unbroadcast",
    "xavier_std",
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

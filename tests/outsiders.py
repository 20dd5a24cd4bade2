"""Trusted outsiders: HIPS autograd differentiates a loss written out here in the plainest way."""

import autograd
import autograd.numpy as anp
import numpy as np


def gradients(f, *args):
    """Gradients of the scalar function f with respect to each of its arguments."""
    return tuple(autograd.grad(f, i)(*(np.asarray(arg, float) for arg in args)) for i in range(len(args)))


def same(a, b, rtol=1e-9, atol=1e-12):
    """Whether two arrays agree, measured against the largest entry."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    assert a.shape == b.shape, (a.shape, b.shape)
    return np.abs(a - b).max(initial=0.0) <= rtol * np.abs(b).max(initial=0.0) + atol


def sigmoid(z):
    return 1 / (1 + anp.exp(-z))


def relu(z):
    return anp.where(z > 0, z, 0.0 * z)


def bce(y, a):
    return -anp.mean(y * anp.log(a) + (1 - y) * anp.log(1 - a))

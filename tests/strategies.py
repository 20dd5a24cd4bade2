"""hypothesis strategies, in one place: shapes down to (1, 1) and numbers of honest sizes."""

from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SIZES = st.integers(1, 6)
NUMBERS = st.floats(-50, 50, allow_nan=False, width=64)


def arrays(*shape, elements=NUMBERS):
    """Arrays of a given shape."""
    return hnp.arrays(float, shape, elements=elements)


@st.composite
def tables(draw, columns=None, elements=NUMBERS):
    """Arrays (n, d) with n and d from 1 up."""
    shape = draw(SIZES), columns or draw(SIZES)
    return draw(arrays(*shape, elements=elements))


any_shape = hnp.array_shapes(min_dims=0, max_dims=3, max_side=5)


def values(low=-50.0, high=50.0):
    """Arrays of any shape, the single number included."""
    return hnp.arrays(float, any_shape, elements=st.floats(low, high, allow_nan=False))


@st.composite
def pairs(draw, low=-50.0, high=50.0):
    """Two arrays of one shape with at least one entry."""
    shape = draw(any_shape)
    elements = st.floats(low, high, allow_nan=False)
    return draw(hnp.arrays(float, shape, elements=elements)), draw(hnp.arrays(float, shape, elements=elements))

"""Every small change to a right function that changes what it computes has to be rejected."""

import pytest

from tests.checking.mutants import survey
from tests.checking.rounds import FUNCTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_mutant_is_rejected(name, record_property):
    tally = survey(name)
    record_property("mutants", (tally.made, tally.rejected, tally.named, tally.same))
    assert tally.made >= 4, "there is something to change in every function"
    assert not tally.accepted
    assert tally.rejected == tally.made

"""The list of mutants matches the code: each can still be made, and its test exists (`make mutants` runs them)."""

import pytest

from tests.mutants import listed, problem


@pytest.mark.parametrize("mutant", listed(), ids=lambda mutant: mutant.name)
def test_every_mutant_of_the_list_can_be_made(mutant):
    assert problem(mutant) == ""
    assert mutant.find != mutant.replace

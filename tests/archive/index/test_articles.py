"""When two texts at one address are versions of one article."""

import pytest

from archive.index.articles import alike

TEXT = " ".join(f"word{n}" for n in range(100))


@pytest.mark.parametrize(
    ("kept", "versions"), [(100, True), (50, True), (47, True), (44, False), (10, False), (0, False)]
)
def test_texts_with_a_third_of_their_words_in_common_are_versions(kept, versions):
    other = " ".join([*(f"word{n}" for n in range(kept)), *(f"other{n}" for n in range(100 - kept))])
    assert alike(("First title", TEXT), ("Second title", other)) is versions


def test_texts_under_one_title_are_versions():
    assert alike(("The same title", TEXT), ("The same title", "quite another text"))

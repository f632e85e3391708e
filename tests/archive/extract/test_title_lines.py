"""Lines that repeat the title."""

import pytest

from archive.extract.text import TitleLines
from archive.extract.text.phrases import line_key

TITLE = "Council decides on the ferry"


@pytest.mark.parametrize(
    ("line", "repeats"),
    [
        (TITLE, True),
        (f"New rule for harbour towns: {TITLE}", True),
        (f"{TITLE} today", True),
        (f"Draw a poster for our day on {TITLE}", False),
        (f"After a debate of eleven hours among fishermen and owners the {TITLE}", False),
        ("The council also talked about the budget of the schools", False),
    ],
)
def test_a_kicker_of_forty_letters_may_stand_before_the_title(line, repeats):
    assert (line_key(line) in TitleLines([TITLE])) is repeats

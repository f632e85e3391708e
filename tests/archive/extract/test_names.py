"""What the tag and the names of an element say against it."""

import pytest
from lxml import html

from archive.extract.text.names import speaks_against


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ('<div class="related">x</div>', "strong"),
        ('<div id="comments"><h3>Comments</h3></div>', "strong"),
        ('<div id="related-posts"><h3>Related posts</h3></div>', "strong"),
        ('<div id="menu-ideas"><h2>Menu ideas for spring</h2></div>', ""),
        ('<div id="menu-ideas-for-spring"><h2>Menu ideas for spring</h2></div>', ""),
        ('<div id="menu-ideas"><h2>Ideas</h2></div>', "strong"),
        ('<h2 id="support">Support</h2>', ""),
        ('<div class="md:hidden [grid-area:sidebar] text">x</div>', ""),
        ('<ul class="list-disc"><li>x</li></ul>', ""),
        ('<div class="link-list">x</div>', "weak"),
        ('<div class="no_toc_section">x</div>', ""),
        ('<article class="post hentry tag-newsletter category-latest">x</article>', ""),
        ('<div class="tag-list">x</div>', "weak"),
        ('<div class="elementor-widget elementor-widget-text-editor">x</div>', ""),
        ('<div class="elementor-widget-share-buttons">x</div>', "strong"),
        ("<figure><img></figure>", "weak"),
        ("<figure><table><tr><td>x</td></tr></table></figure>", ""),
        (f'<div class="{"prose " * 60}sidebar">x</div>', ""),
    ],
)
def test_names_speak_by_what_they_mean(source, verdict):
    assert speaks_against(html.fragment_fromstring(source)) == verdict

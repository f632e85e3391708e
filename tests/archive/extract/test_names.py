"""Evidence in the tag and names of an element that it is boilerplate."""

import pytest
from lxml import html

from archive.extract.text.names import boilerplate_evidence, count_words, ends_sentence


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
        ('<ul class="List_root__e1"><li>x</li></ul>', ""),
        ('<ul class="related-list"><li>x</li></ul>', "strong"),
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
    assert boilerplate_evidence(html.fragment_fromstring(source)) == verdict


@pytest.mark.parametrize(
    ("text", "words"),
    [("two words", 2), ("市议会批准了计划", 5), ("สภาเมืองอนุมัติแผนบูรณะตลาดเก่า", 7), ("시의회 계획 승인", 3), ("", 0)],
)
def test_words_are_counted_where_no_blanks_part_them(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("text", "is_end"),
    [
        ("He left.", True),
        ("“He left.”", True),
        ("“商人はいらない。」", True),
        ("योजना मंज़ूर हुई।", True),
        ("สภาเมืองอนุมัติแผนบูรณะตลาดเก่าเมื่อค่ำวันอังคาร", True),
        ("บทความก่อนหน้า", False),
        ("Read more", False),
        ("What now?", True),
    ],
)
def test_a_sentence_ends_as_its_script_ends_it(text, is_end):
    assert ends_sentence(text) is is_end


def test_a_question_is_no_statement():
    assert not ends_sentence("What now?", asking=False)

"""The faster expressions select the same elements as trafilatura's own."""

from pathlib import Path

import pytest
from lxml import etree
from trafilatura import xpaths

from archive.extract.document import parse_html
from archive.extract.text import container
from archive.extract.text.expressions import QuickXPath, quick

assert container  # its import makes the expressions quick
PAGES = sorted(Path("tests").glob("**/page.html"))[::7]
LISTS = (
    xpaths.BODY_XPATH,
    xpaths.RAW_TREE_PRUNE_XPATH,
    xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH,
    xpaths.OVERALL_DISCARD_XPATH,
)
QUICK = [expression for expressions in LISTS for expression in expressions if isinstance(expression, QuickXPath)]


def xpath(path: str) -> etree.XPath:
    return etree.XPath(path, namespaces={"re": xpaths.REGEXP_NS})


def tree(body: str):
    return parse_html(f"<html><body>{body}</body></html>")


def test_most_expressions_with_patterns_are_quick() -> None:
    assert len(QUICK) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_same_elements_are_found(page: Path) -> None:
    root = parse_html(page.read_bytes())
    for expression in QUICK:
        found, expected = expression(root), expression.expression(root)
        first_alone = "[1]" in expression.expression.path
        assert (found[:1] == expected[:1]) if first_alone else (found == expected), expression.expression.path


@pytest.mark.parametrize(
    "path",
    [
        ".//*[self::div or self::p][@data-x or re:test(@id|@class, 'cookie') or contains(translate(@role, 'N', 'n'), 'nav')]",
        ".//aside|.//div[contains(@class|@id, 'footer')]|.//*[re:test(@class, 'consent', 'i')]",
        ".//*[self::div][re:test(@class, 'menu|nav')][not(.//h1)]",
        ".//*[re:test(@style, 'hidden') or @aria-hidden='true']",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        "<div id=a class=cookie></div><div class=cookie id=a></div><p class='x cookie'>x</p>",
        "<div role=NavBar data-X>x</div><span data-x></span><p data-x>y</p><aside>z</aside>",
        "<div class='site-footer'></div><div id=footer class=x></div><o:p class='Consent'>x</o:p>",
        "<div class=menu><h1>x</h1></div><div class=nav><p>y</p></div>",
        "<b style='overflow:hidden'>x</b><i aria-hidden=true>y</i><u aria-hidden=false>z</u>",
        "<div>plain</div>",
    ],
)
def test_names_are_compared_as_the_expression_compares_them(path: str, body: str) -> None:
    root = tree(body)
    one = quick(xpath(path))
    assert isinstance(one, QuickXPath)
    assert one(root) == one.expression(root)


@pytest.mark.parametrize(
    "path",
    [
        ".//*[re:test(@class, 'a')]/p",
        ".//*[self::div][ancestor::main or re:test(@class, 'a')]",
        ".//*[not(re:test(@class, 'a'))]",
        ".//*[self::div][@id='x' or position()=2 or re:test(@class, 'a')]",
        ".//div[@class='a']",
    ],
)
def test_an_expression_that_asks_for_more_is_left_as_it_is(path: str) -> None:
    expression = xpath(path)
    assert quick(expression) is expression


def test_values_that_are_remembered_are_bounded() -> None:
    one = quick(xpath(".//*[re:test(@class, 'menu')]"))
    assert isinstance(one, QuickXPath)
    for start in range(0, 20_000, 5_000):
        body = "".join(f"<p class='c{number}'></p>" for number in range(start, start + 5_000))
        assert not one(tree(body + f"<p class='{'x' * 5_000}'></p>"))
    assert len(one.matched) <= 8_192
    assert all(len(value) <= 300 for value in one.matched)

"""The article's element among those with the page's running text."""

import lxml.html

from archive.extract.page import read_model
from archive.extract.text.container import alone, article_element

LINE = "هذه فقرة من خبر طويل كتبت للاختبار وفيها ما يكفي من الكلمات لتكون نصاً يقرأه القارئ. " * 3


def found(body: str, least: float = 100):
    tree = lxml.html.fromstring(f"<html><body>{body}</body></html>")
    running = read_model(tree).running
    return article_element(running, least)


def test_the_named_element_with_the_running_text_is_found():
    page = f"<div class=sidebar><p>قصير</p></div><div class='article-content'><p>{LINE}</p><p>{LINE}</p></div>"
    assert found(page).get("class") == "article-content"


def test_a_named_element_without_running_text_is_not_looked_at():
    page = f"<div class='article-content'></div><div class='post-content'><p>{LINE}</p></div>"
    assert found(page).get("class") == "post-content"


def test_none_is_found_where_much_text_stands_before_it_or_too_little_in_it():
    page = f"<div><p>{LINE}</p></div><div class='article-content'><p>{LINE}</p></div>"
    assert found(page) is None
    assert found(f"<div class='article-content'><p>{LINE}</p></div>", least=10_000) is None


def test_it_stands_alone_as_a_copy_without_what_follows():
    tree = lxml.html.fromstring(f"<html><body><div class='article-content'><p>{LINE}</p></div>after</body></html>")
    element = tree.find(".//div")
    page = alone([element], 100)
    assert "after" not in page.text_content()
    assert page.find(".//div[@class='article-content']") is not element

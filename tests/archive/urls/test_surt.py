"""Urlkeys must be those that pywb, cdxj-indexer and Common Crawl compute: the pairs were taken from pywb's indexer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.urls.surt import surt
from tests.support import effort

PAIRS = """
http://www.example.com/                    com,example)/
https://example.com                        com,example)/
http://www123.example.com/                 com,example)/
http://www-2.example.com/                  com,example,www-2)/
http://www.www.example.com/                com,example,www)/
http://www.com/                            com)/
http://m.example.com/                      com,example,m)/
http://sub.example.co.uk/a                 uk,co,example,sub)/a
HTTP://Example.COM:80/A?b=C                com,example)/a?b=c
https://example.com:443/                   com,example)/
http://example.com:443/                    com,example:443)/
https://example.com:8443/a                 com,example:8443)/a
http://example.com:080/                    com,example)/
http://user@www.example.com:81/a           com,example:81)/a
http://example.com./                       com,example)/
http://example..com/                       com,example)/
http://127.0.0.1:8000/a                    1,0,0,127:8000)/a
http://[2001:DB8::1]/a                     2001:db8::1)/a
http://[::1]:8000/a                        ::1:8000)/a
http://localhost:8001/x                    localhost:8001)/x
http://مثال.إختبار/أ                       xn--kgbechtv,xn--mgbh0fb)/%d8%a3
http://xn--mgbh0fb.xn--kgbechtv/           xn--kgbechtv,xn--mgbh0fb)/
http://example.com/A/B/                    com,example)/a/b
http://example.com//a//b/                  com,example)/a/b
http://example.com/a/./b/../c              com,example)/a/c
http://example.com/a/../../b               com,example)/../b
http://example.com/a/...                   com,example)/a/...
http://example.com/http://www.a.com/B      com,example)/http:/www.a.com/b
http://example.com/a#frag                  com,example)/a
http://example.com/#!/a/b                  com,example)/
http://example.com/%D8%A7%D9%84            com,example)/%d8%a7%d9%84
http://example.com/ال?q=ال                 com,example)/%d8%a7%d9%84?q=%d8%a7%d9%84
http://example.com/%C7%E1                  com,example)/%c7%e1
http://example.com/a%2fb%7e%41             com,example)/a/b~a
http://example.com/a%2525b                 com,example)/a%25b
http://example.com/100%/%zz                com,example)/100%25/%25zz
http://example.com/%3Fa=1                  com,example)/?a=1
http://example.com/%23%3F%26               com,example)/%23?&
http://example.com/a|b[c]{d}^`             com,example)/a|b[c]{d}^`
http://example.com/?                       com,example)/
http://example.com?b=1&a=2                 com,example)/?a=2&b=1
http://example.com/?a=2&b&a=1              com,example)/?a=1&a=2&b
http://example.com/?a-b=1&a=2              com,example)/?a=2&a-b=1
http://example.com/?a=&a                   com,example)/?a&a=
http://example.com/?a=1&                   com,example)/?&a=1
http://example.com/?a=b%20c                com,example)/?a=b%20c
http://example.com/?x=%26%3D%2B%23         com,example)/?=+%23&x=
http://example.com/?utm_source=x&a=1       com,example)/?a=1&utm_source=x
http://example.com/?sid=123&b=1            com,example)/?b=1&sid=123
http://example.com/?xsid=0123456789abcdef0123456789abcdef&b=1                       com,example)/?xb=1
http://example.com/?a=1&PHPSESSID=0123456789abcdef0123456789abcdef                  com,example)/?&a=1
http://example.com/?a=1&jsessionid=0123456789ABCDEF0123456789ABCDEF&b=2             com,example)/?a=1&b=2
http://example.com/?ASPSESSIONIDABCDEFGH=ABCDEFGHABCDEFGHABCDEFGH&b=1               com,example)/?b=1
http://example.com/?b=1&CFID=1234&CFTOKEN=5678-a&c=1                                com,example)/?b=1&c=1
http://example.com/x/(S(4hqa0555fwsecu455xqckv45))/fileList.aspx                    com,example)/x/filelist.aspx
http://example.com/(S(4hqa0555fwsecu455xqckv45))/fileList.html  com,example)/(s(4hqa0555fwsecu455xqckv45))/filelist.html
dns:example.com                            dns:example.com
urn:pageinfo:http://example.com/A          urn:pageinfo:http://example.com/a
"""


@pytest.mark.parametrize(("url", "key"), [line.split() for line in PAIRS.strip().splitlines()])
def test_key_is_the_one_other_tools_look_up(url: str, key: str) -> None:
    assert surt(url) == key


def test_line_breaks_and_tabs_inside_a_url_do_not_reach_the_index() -> None:
    assert surt(" http://example.com/a\tb\r\nc ") == "com,example)/abc"


def test_escapes_of_escapes_do_not_stall() -> None:
    with effort.at_most(1):
        assert surt("http://example.com/%" + "25" * 5 + "41") == "com,example)/a"
        assert surt("http://example.com/%" + "25" * 500_000).startswith("com,example)/%25")


@given(st.text())
def test_any_text_has_a_key_without_white_space(text: str) -> None:
    assert not surt("http://example.com/" + text).encode("ascii").split()[1:]
    surt(text)

"""Search of the archive: article rows are indexed by their keys, a person's text becomes a Query, hits come out.

>>> from archive.search import parse
>>> [clause.phrases[0].words for clause in parse('site:bbc.com "الدار البيضاء" -رياضة').wanted]
[('الدار', 'البيضاء')]
"""

from archive.search.candidates import Order
from archive.search.index import (
    add_entries,
    create_index,
    create_plain_index,
    drop_plain_index,
    index_articles,
    is_current,
    languages_of,
    make_entry,
    optimize,
    rebuild,
    remove_entries,
    unindex_articles,
)
from archive.search.keys import Keys, make_keys
from archive.search.marks import Snippet, Span, highlight, pieces, snippet
from archive.search.query import Query, match_expression, parse, unwanted_expression
from archive.search.ranking import Hit, Results, any_word, search, search_shards

__all__ = [
    "Hit",
    "Keys",
    "Order",
    "Query",
    "Results",
    "Snippet",
    "Span",
    "add_entries",
    "any_word",
    "create_index",
    "create_plain_index",
    "drop_plain_index",
    "highlight",
    "index_articles",
    "is_current",
    "languages_of",
    "make_entry",
    "make_keys",
    "match_expression",
    "optimize",
    "parse",
    "pieces",
    "rebuild",
    "remove_entries",
    "search",
    "search_shards",
    "snippet",
    "unindex_articles",
    "unwanted_expression",
]

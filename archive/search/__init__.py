"""Search the archive: index article rows by their keys, parse a search text into a Query, and return hits.

>>> from archive.search import parse
>>> [clause.phrases[0].words for clause in parse('site:bbc.com "الدار البيضاء" -رياضة').wanted]
[('الدار', 'البيضاء')]
"""

from archive.search.analysis import Keys, make_keys
from archive.search.candidates import Order
from archive.search.expression import match_expression, unwanted_expression
from archive.search.hits import Hit
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
from archive.search.matching import usage
from archive.search.query import (
    Problem,
    Query,
    any_word,
    both,
    parse,
    problem,
)
from archive.search.results import Results, matching, search, search_shards
from archive.search.snippets import Snippet, Span, highlight, pieces, snippet
from archive.search.vectors import (
    Encoder,
    carry_vectors,
    copy_vectors,
    load_encoder,
    nearest_vectors,
    put_vectors,
    remove_outdated,
    vector_of,
    without_vector,
)

__all__ = [
    "Encoder",
    "Hit",
    "Keys",
    "Order",
    "Problem",
    "Query",
    "Results",
    "Snippet",
    "Span",
    "add_entries",
    "any_word",
    "both",
    "carry_vectors",
    "copy_vectors",
    "create_index",
    "create_plain_index",
    "drop_plain_index",
    "highlight",
    "index_articles",
    "is_current",
    "languages_of",
    "load_encoder",
    "make_entry",
    "make_keys",
    "match_expression",
    "matching",
    "nearest_vectors",
    "optimize",
    "parse",
    "pieces",
    "problem",
    "put_vectors",
    "rebuild",
    "remove_entries",
    "remove_outdated",
    "search",
    "search_shards",
    "snippet",
    "unindex_articles",
    "unwanted_expression",
    "usage",
    "vector_of",
    "without_vector",
]

"""The exact bytes of an HTTP/1 message: head, payload and decoded body, all bounded."""

from archive.http.coding import BadCoding, TooLarge, inflate
from archive.http.head import HEAD_END, NO_BODY, Head, NotHttp, head_end, parse_head
from archive.http.message import Response, dechunk, decode, parse_response, payload, split_head, split_interim

__all__ = [
    "HEAD_END",
    "NO_BODY",
    "BadCoding",
    "Head",
    "NotHttp",
    "Response",
    "TooLarge",
    "dechunk",
    "decode",
    "head_end",
    "inflate",
    "parse_head",
    "parse_response",
    "payload",
    "split_head",
    "split_interim",
]

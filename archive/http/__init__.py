"""Reads the exact bytes of an HTTP/1 message: bytes in; head, body, payload and decoded body out, all bounded."""

from archive.http.coding import BadCoding, TooLarge, inflate
from archive.http.message import NotHttp, Response, decode, parse_response, payload, split_head, split_interim

__all__ = [
    "BadCoding",
    "NotHttp",
    "Response",
    "TooLarge",
    "decode",
    "inflate",
    "parse_response",
    "payload",
    "split_head",
    "split_interim",
]

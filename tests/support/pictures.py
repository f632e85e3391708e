"""Make small pictures byte by byte, and open the database of an archive for changes."""

import contextlib
import sqlite3
import struct
import zlib

GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def png(width, height, *, rows=None):
    """Return a black PNG of that size; `rows` can be fewer than its header declares."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(width + 1) * (height if rows is None else rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@contextlib.contextmanager
def database(folder):
    """Open the database of an archive for changes by a test."""
    with contextlib.closing(sqlite3.connect(folder / "warraq.db")) as db:
        yield db
        db.commit()

"""Makes several archives one: shards in; their WARC files, rows and frontier in one archive out, as if one machine had crawled it all."""

from archive.merge.merging import Merged, foresee, merge

__all__ = ["Merged", "foresee", "merge"]

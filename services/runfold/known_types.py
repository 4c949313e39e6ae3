"""
Types that msgspec reads are known to it before there are threads.

msgspec works out how a type is read when it is first asked to, by running Python: two threads that ask at
the same moment leave it half done, and the process dies of a segmentation fault (0.22 does).
The rule: a decoder is made where its module is loaded, and what `convert` makes is named to `known` there.
"""

import msgspec


def known(*structs: type[msgspec.Struct]) -> None:
    """Let msgspec work out how these are read, now."""
    for struct in structs:
        msgspec.json.Decoder(struct)

"""How reports and diagnoses put names into sentences."""

from collections.abc import Iterable


def listed(names: Iterable[str]) -> str:
    """The names as one would say them, only the first few of many.

    >>> listed(["w1"]), listed(["w1", "b1", "w2"]), listed("abcdefgh")
    ('w1', 'w1, b1 and w2', 'a, b, c, d, e and 3 others')
    """
    names = list(names)
    if len(names) > 6:
        names = [*names[:5], f"{len(names) - 5} others"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "nothing"


def with_verb(names: Iterable[str], one: str, several: str) -> str:
    """The names with the form of the verb that goes with so many of them.

    >>> with_verb(["dw1"], "is", "are"), with_verb(["dw1", "db1"], "is", "are")
    ('dw1 is', 'dw1 and db1 are')
    """
    names = list(names)
    return f"{listed(names)} {one if len(names) == 1 else several}"

"""Passwords that are typed by following the keys of a keyboard (PW-4)."""

from itertools import pairwise

_SHORTEST_LINE = 3
_SHORTEST_ZIGZAG = 6
_LONGEST_WALK = 64
_KEYBOARDS = (
    ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    ("1234567890", "qwertzuiop", "asdfghjkl", "yxcvbnm"),
    ("1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn"),
)
_PLACES = tuple(
    {key: (row, column) for row, keys in enumerate(rows) for column, key in enumerate(keys)}
    for rows in _KEYBOARDS
)
"""Where each key is: its row from above, its column from the left."""


def is_keyboard_walk(keys: str) -> bool:
    """Tell whether the text is lines of keys from end to end: qwerty, 1qaz, lkj, 1q2w3e4r.

    A line goes on by the same step to a neighbour in its row or column, for three keys or more,
    or by two steps in turn, for six. The text is in lower case and has digits for the signs above
    them; of 3 to 64 characters. QWERTY, QWERTZ and AZERTY are known.
    """
    if not _SHORTEST_LINE <= len(keys) <= _LONGEST_WALK:
        return False
    return any(_is_walk(keys, places) for places in _PLACES)


def _is_walk(keys: str, places: dict[str, tuple[int, int]]) -> bool:
    straight = zigzag = 1  # how many keys the lines have that end here
    reached = [0, 0]  # for each length: the longest beginning within it that consists of lines
    step: tuple[int, int] | None = None
    before: tuple[int, int] | None = None
    for end, (a, b) in enumerate(pairwise(keys), start=2):
        if a not in places or b not in places:
            return False
        last, before = before, step
        step = (places[b][0] - places[a][0], places[b][1] - places[a][1])
        is_near = max(map(abs, step)) <= 1
        straight = (straight + 1 if step == before else 2) if is_near and 0 in step else 1
        zigzag = (zigzag + 1 if step == last else min(zigzag, 2) + 1) if is_near else 1
        lines = ((straight, _SHORTEST_LINE), (zigzag, _SHORTEST_ZIGZAG))
        is_reached = any(
            length >= shortest and reached[end - shortest] >= end - length
            for length, shortest in lines
        )
        reached.append(end if is_reached else reached[-1])
        if end - max(straight, zigzag) > reached[-1]:
            return False  # a key before these lines is in none
    return reached[-1] == len(keys)

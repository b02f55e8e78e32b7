"""Words that are kept in rows, and that another version of Doorward may have written."""

from enum import StrEnum


def word_of[V: StrEnum](vocabulary: type[V], word: str) -> V:
    """Return the member of the vocabulary, or for a word that it lacks one that stands beside it.

    For rows alone, never for input. While two versions run side by side a row may hold a word of
    the newer one: it is shown and written back as it stands, and is none of the known members.
    """
    try:
        return vocabulary(word)
    except ValueError:
        unknown = str.__new__(vocabulary, word)
        unknown._name_ = unknown._value_ = word
        return unknown

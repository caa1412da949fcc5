r"""Names and messages made safe to show: in a terminal, in a file, in a spreadsheet, in a figure.

File names come from anywhere. They may hold escape codes, newlines, `$` signs, or bytes that are not UTF-8
(Python reads such a byte as a lone surrogate, see `os.fsdecode`).
"""

from __future__ import annotations

import json
import os
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MATPLOTLIB_TEXT: dict[Any, Any] = {"text.parse_math": False}
"""Settings for `matplotlib.rc_context`: draw a `$` in a name as it is, not as the start of a formula."""

_JOINERS = "\u200c\u200d"  # parts of many emoji and of words in Persian or Hindi
_SCHEME = "file:"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def printable(text: object) -> str:
    r"""Return the text with an escape in place of every character that is not printed.

    These are control characters (escape codes, newlines, tabs), characters that reorder or hide text, and
    bytes that are not UTF-8. A terminal, a report or a model card gets names only in this form.

    >>> print(printable("\x1b[31mred\n.wav"), printable("caf\udce9.wav"), printable("été 🙂.wav"))
    \x1b[31mred\n.wav caf\xe9.wav été 🙂.wav
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(character if _is_printed(character) else _escape(character) for character in text)


def valid_unicode(text: str) -> str:
    r"""Return the text with an escape in place of every byte that is not UTF-8; all else stays.

    >>> print(valid_unicode("caf\udce9 été.wav"))
    caf\xe9 été.wav
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_escape(character) if _is_surrogate(character) else character for character in text)
    return text


def json_text(content: Any, *, indent: int | None = None, encoding: str = "utf-8") -> str:
    r"""Return a value as JSON that every reader takes: bytes that are not UTF-8 are escapes, not surrogates.

    Args:
        content: the value.
        indent: blanks per level; None for one line.
        encoding: of the file or terminal; where it is not Unicode, the JSON is ASCII.

    >>> print(json_text({"file": "caf\udce9 é"}), json_text(["é"], encoding="cp1252"))
    {"file": "caf\\xe9 é"} ["\u00e9"]
    """
    return json.dumps(_with_valid_unicode(content), indent=indent, ensure_ascii=not is_unicode(encoding))


def is_unicode(encoding: str) -> bool:
    """Whether an encoding takes every character.

    >>> is_unicode("UTF-8"), is_unicode("cp1252")
    (True, False)
    """
    return encoding.lower().startswith("utf")


def encode_path(path: str) -> str:
    r"""Return a path as UTF-8 text: itself, or a `file:` URI (RFC 8089) with its bytes percent-encoded.

    Paths with control characters are encoded too, since not every reader of CSV keeps them.

    >>> encode_path("/a/été.wav"), encode_path("/a/caf\udce9.wav")
    ('/a/été.wav', 'file:/a/caf%E9.wav')
    """
    if path.isprintable() and not path.startswith(_SCHEME):
        return path
    from urllib.parse import quote_from_bytes  # at each start of a command it would take time

    return _SCHEME + quote_from_bytes(os.fsencode(path))


def decode_path(text: str) -> str:
    r"""Return the path that `encode_path` encoded.

    >>> decode_path("file:/a/caf%E9.wav") == "/a/caf\udce9.wav", decode_path("/a/100%25.wav")
    (True, '/a/100%25.wav')
    """
    if not text.startswith(_SCHEME):
        return text
    from urllib.parse import unquote_to_bytes

    return os.fsdecode(unquote_to_bytes(text[len(_SCHEME) :]))


def half_up(number: float, digits: int) -> float:
    """Return a number rounded to some decimals, halves upwards; Python rounds them to the even neighbour.

    >>> half_up(0.0625, 3), half_up(1.0005, 3), half_up(2.5, 0), round(0.0625, 3)
    (0.063, 1.001, 3.0, 0.062)
    """
    return float(Decimal(repr(float(number))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def spreadsheet_text(text: str) -> str:
    """Return the text of a CSV cell that a spreadsheet program does not run as a formula.

    A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe before it, as
    OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection).

    >>> spreadsheet_text("=1+1.wav"), spreadsheet_text("a=b.wav")
    ("'=1+1.wav", 'a=b.wav')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _with_valid_unicode(content: Any) -> Any:
    if isinstance(content, str):
        return valid_unicode(content)
    if isinstance(content, dict):
        return {_with_valid_unicode(key): _with_valid_unicode(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_with_valid_unicode(value) for value in content]
    return content


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is 1.

    >>> counted(1, "clip"), counted(1200, "speaker")
    ('1 clip', '1,200 speakers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _is_printed(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")

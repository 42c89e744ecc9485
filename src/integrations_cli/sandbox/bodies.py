"""From the bytes of a request to the object that the API validates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from integrations_cli.sandbox import json_text
from integrations_cli.sandbox.errors import ApiError, internal_error

LARGEST: Final = 100 * 1024
"""Bytes of a body, unpacked. Anything larger is answered with a 500."""

_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # both halves of one character
    r"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # half a character
    r"|\\."
)
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SPACE_OUTSIDE_STRINGS: Final = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


class Body(NamedTuple):
    """The decoded body: `fields` is empty when there is none, or one that servers do not read.

    `canonical` is its JSON text without white space, keys in the order sent: two requests with the same idempotency key
    must agree in it.
    """

    fields: Mapping[str, Any]
    canonical: str


_NOTHING: Final = Body({}, "{}")


def decode(headers: Mapping[str, str], body: bytes) -> Body:
    """The object that a request carries, by its `content-type` and `content-encoding`.

    Raises:
        Refusal: 400 for what is not JSON; 500 for a body that is too large, or packed or encoded in an unknown way.
    """
    if not body:
        return _NOTHING
    kind, _, parameters = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        return _NOTHING
    if len(body) > LARGEST:
        raise internal_error()
    text = _text(_unpacked(body, headers.get("content-encoding", "identity").strip().lower()), parameters)
    if not text:
        return _NOTHING
    value = _json(text) if kind == "application/json" else _form(text)
    if not isinstance(value, dict):
        return Body({}, _canonical(value, text))
    return Body(value, _canonical(value, text))


def _unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its compression, at most one byte more than the largest that is allowed."""
    if encoding in ("", "identity"):
        return body
    import zlib

    if encoding not in ("gzip", "deflate"):
        raise internal_error()
    try:
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by the first bytes
        plain = unpacker.decompress(body, LARGEST + 1)
    except zlib.error:
        raise internal_error() from None
    if len(plain) > LARGEST or not unpacker.eof:
        raise internal_error()
    return plain


def _text(body: bytes, parameters: str) -> str:
    charset = "utf-8"
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    if charset not in ("utf-8", "utf-16", "utf-16le", "utf-16be", "utf-32"):
        raise internal_error()
    return body.decode(charset, "replace").removeprefix("\ufeff")


def _json(text: str) -> Any:
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        raise ApiError(400, json_text.strict_violation(text))
    if "\\u" in text:
        text = _ESCAPE.sub(lambda found: "\\ufffd" if found.group(1) else found.group(), text)
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        try:
            return json_text.parse(text)
        except json_text.JsonSyntaxError as error:
            raise ApiError(400, str(error)) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    parse_int=json_text.number, parse_float=json_text.number, parse_constant=_no_constant
)


def _canonical(value: Any, text: str) -> str:
    try:
        return _encode(value)
    except RecursionError:
        return _SPACE_OUTSIDE_STRINGS.sub(r"\1", text)


def _form(text: str) -> dict[str, Any]:
    """A form's fields; `credentials[token]=x` becomes an object in an object, `a[]=x` a list."""
    from urllib.parse import parse_qsl

    fields: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise internal_error() from None
    for name, value in pairs:
        outer, bracket, inner = name.partition("[")
        inner = inner.partition("]")[0]
        if not bracket:
            fields[outer] = value
        elif not inner:
            fields[outer] = [*held, value] if isinstance(held := fields.get(outer), list) else [value]
        else:
            fields[outer] = {**held, inner: value} if isinstance(held := fields.get(outer), dict) else {inner: value}
    return fields

"""Decodes the body of a request."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn

from integrations_cli.sandbox.errors import ApiError, internal_error
from integrations_cli.sandbox.records import encode_json

MAX_SIZE: Final = 100 * 1024
"""Bytes of a body, decompressed; servers answer 500 for more."""

_MAX_DEPTH: Final = 200  # more levels than the database allows
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]|[^"\[\]{}]+', re.DOTALL)


class Body(NamedTuple):
    """The decoded body: `fields` is empty when there is none, or one that servers do not read.

    `canonical` is its JSON text without white space, keys in the order sent: two requests with the same idempotency key
    must agree in it.
    """

    fields: Mapping[str, Any]
    canonical: str


_EMPTY: Final = Body({}, "{}")


def decode(headers: Mapping[str, str], body: bytes) -> Body:
    """Return the object in the body, by its `content-type` and `content-encoding`."""
    if not body:
        return _EMPTY
    kind, _, parameters = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        return _EMPTY
    if len(body) > MAX_SIZE:
        raise internal_error()
    text = _text(_decompressed(body, headers.get("content-encoding", "identity").strip().lower()), parameters)
    if not text:
        return _EMPTY
    value, canonical = _json(text) if kind == "application/json" else _form(text)
    return Body(value if isinstance(value, dict) else {}, canonical)


def _decompressed(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    import zlib

    if encoding not in ("gzip", "deflate"):
        raise internal_error()
    try:
        decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by the first bytes
        plain = decompressor.decompress(body, MAX_SIZE + 1)
    except zlib.error:
        raise internal_error() from None
    if len(plain) > MAX_SIZE or not decompressor.eof:
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


def _json(text: str) -> tuple[Any, str]:
    """Return the value and its canonical text."""
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        raise ApiError(400, "invalid JSON: expected an object or a list at position 0")
    try:
        value = _DECODER.decode(text)
        canonical = encode_json(value)
    except json.JSONDecodeError as error:
        raise ApiError(400, f"invalid JSON: {error.msg} at position {error.pos}") from None
    except RecursionError:
        return _json(_pruned(text))
    try:
        canonical.encode()
    except UnicodeEncodeError:  # half of a character outside the first 65,536, which only an escape can write
        return _json(canonical.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return value, canonical


def _pruned(text: str) -> str:
    """Return the JSON text with null for each object or list that is nested too deep.

    Servers take any depth in fields that they ignore, and refuse it in the others; Python's decoder raises.
    """
    kept: list[str] = []
    depth = 0
    for token in _TOKENS.findall(text):
        if token in ("[", "{"):
            depth += 1
            if depth == _MAX_DEPTH + 1:
                kept.append("null")
        if depth <= _MAX_DEPTH:
            kept.append(token)
        if token in ("]", "}"):
            depth -= 1
    return "".join(kept)


def _number(text: str) -> int | float | None:
    """Return a JSON number as JavaScript has it: whole ones without a point, null for one that is too large."""
    value = float(text)
    if value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value if math.isfinite(value) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ApiError(400, f"invalid JSON: {name} is not a JSON number")


_DECODER: Final = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_refuse_constant)


def _form(text: str) -> tuple[dict[str, Any], str]:
    """Return the fields of a form; `credentials[token]=x` makes a nested object, `a[]=x` a list."""
    from urllib.parse import parse_qsl

    fields: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise internal_error() from None
    for name, value in pairs:
        outer, bracket, inner = name.partition("[")
        inner = inner.partition("]")[0]
        before = fields.get(outer)
        if not bracket:
            fields[outer] = value
        elif inner:
            fields[outer] = {**before, inner: value} if isinstance(before, dict) else {inner: value}
        else:
            fields[outer] = [*before, value] if isinstance(before, list) else [value]
    return fields, encode_json(fields)

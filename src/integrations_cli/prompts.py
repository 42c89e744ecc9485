"""The guided conversation: from no flags at all to an integration that is worth sending.

What asks is behind the protocol `asking.Asker`; `asker_for` gives the one that fits the terminal.
"""

from __future__ import annotations

from .asking import Asker, asker_for

__all__ = ["Asker", "asker_for"]

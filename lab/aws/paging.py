"""Tokens of listings: each is good for the listing alone that gave it, and like AWS's own tells its reader nothing.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html
"""

from __future__ import annotations

import base64
import re


def token(listing: str, offset: int) -> str:
    """Return the token of a listing's page that begins with that item."""
    return base64.urlsafe_b64encode(f"{listing}/{offset}".encode()).decode()


def offset(listing: str, given: str) -> int:
    """Return where a token's page begins, or raise ValueError for a token that this listing does not give."""
    name, _, start = base64.b64decode(given, altchars=b"-_", validate=True).decode().rpartition("/")
    if name != listing or not re.fullmatch("[1-9][0-9]*", start):
        raise ValueError(f"not a token of {listing}")
    return int(start)

"""A token goes to the listing that gave it: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html."""

from __future__ import annotations

import base64

import pytest

from lab.aws import paging


@pytest.mark.parametrize("at", [1, 100, 123_456])
def test_a_token_tells_where_its_page_begins(at: int) -> None:
    told = paging.token("imageDetails", at)
    assert paging.offset("imageDetails", told) == at and "imageDetails" not in told


@pytest.mark.parametrize(
    "given",
    ["none", "\u00e9", paging.token("clusters", 5), *(base64.b64encode(text).decode() for text in (
        b"imageDetails/0", b"imageDetails/-1", b"imageDetails/x", b"imageDetails", b"\xff\xfe"
    ))],
)  # fmt: skip
def test_another_listings_token_and_an_invented_one_are_refused(given: str) -> None:
    with pytest.raises(ValueError):
        paging.offset("imageDetails", given)

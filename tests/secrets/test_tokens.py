from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.secrets import tokens
from registry_cli.secrets.tokens import OVERLAP, find_token, find_token_in, iter_tokens
from tests.secrets.planted import HARMLESS, PLANTED


@pytest.mark.parametrize("name", PLANTED)
def test_each_form_is_found(name: str) -> None:
    token = PLANTED[name].encode()
    for text in (token, b"key: " + token + b"\n", b'{"a":"' + token + b'"}', b"x='" + token + b"';y=1"):
        assert find_token(text), text


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("sign", ["+", "-", " "])
def test_each_form_is_found_in_a_diff(name: str, sign: str) -> None:
    diff = "@@ -1,9 +1,9 @@\n" + "".join(f"{sign}{line}\n" for line in PLANTED[name].splitlines())
    assert find_token(diff.encode())


@pytest.mark.parametrize("text", HARMLESS)
def test_what_looks_alike_is_none(text: str) -> None:
    assert [text[token.start : token.stop] for token in iter_tokens(text.encode())] == []


def test_a_token_within_a_word_is_none() -> None:
    assert find_token(b"x" + PLANTED["github"].encode()) is None
    assert find_token(b"Q1" + PLANTED["aws id"].encode()) is None
    assert find_token(b"one\\n" + PLANTED["github"].encode()) == "GitHub token"


def test_a_token_is_told_with_its_place() -> None:
    token = PLANTED["github"].encode()
    [found] = iter_tokens(b"a = '" + token + b"' # b")
    assert (found.kind, found.start, found.stop) == ("GitHub token", 5, 5 + len(token))


@given(st.sampled_from(sorted(PLANTED)), st.integers(0, 300), st.integers(1, 80))
def test_a_token_may_lie_across_chunks(name: str, before: int, size: int) -> None:
    data = b"." * before + b"\n" + PLANTED[name].encode() + b"\n" + b"." * 200
    assert find_token_in(data[at : at + size] for at in range(0, len(data), size))


def test_chunks_overlap_by_more_than_any_form() -> None:
    assert max(len(token) for token in PLANTED.values()) < OVERLAP < tokens.CHUNK
    assert find_token_in([]) is None
    assert find_token_in([b"gh", b"p_", b"short"]) is None

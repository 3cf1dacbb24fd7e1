"""SHA-256 of a few bytes agrees with FIPS 180-4's own examples, whichever module takes it."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from registry_cli import sha256

VECTORS = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    b"a" * 1_000_000: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
}
"""Messages and digests from NIST's examples for FIPS 180-4."""


@pytest.mark.parametrize("data", VECTORS, ids=len)
def test_with_hashlib_loaded(data: bytes) -> None:
    assert sha256.sha256_hex(data) == VECTORS[data] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("missing", [(), sha256.OWN], ids=["own", "none"])
def test_without_hashlib_loaded(missing: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({missing!r}))\n"  # a None there means: cannot be imported
        "from registry_cli.sha256 import sha256_hex\n"
        "print(sha256_hex(b''), sha256_hex(b'abc'), 'hashlib' in sys.modules, sha256_hex(b'a' * 1_000_000))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    empty, abc, _, million = VECTORS.values()
    assert done.stdout.split() == [empty, abc, str(missing == sha256.OWN), million]

"""Tokens to plant, put together from pieces so that no scanner takes this repository for a leak."""

from __future__ import annotations

import random
import string

_RNG = random.Random(11)
ALNUM = string.ascii_letters + string.digits


def letters(count: int, alphabet: str = ALNUM) -> str:
    """Return random letters, with a digit among the first so that they look like no word."""
    digits = [letter for letter in alphabet if letter.isdigit()] or list(alphabet)
    return "".join([*_RNG.choices(alphabet, k=2), _RNG.choice(digits), *_RNG.choices(alphabet, k=count - 3)])


_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits
_KEY_LINE = "PRIVATE " + "KEY-----"

PLANTED = {
    "github": "gh" + "p_" + letters(36),
    "github app": "gh" + "s_" + letters(36),
    "github fine": "github_" + "pat_11" + letters(20) + "_" + letters(59),
    "gitlab": "glp" + "at-" + letters(20),
    "aws id": "AK" + "IA" + letters(16, _UPPER),
    "aws temporary id": "AS" + "IA" + letters(16, _UPPER),
    "aws secret": "aws_secret_" + 'access_key = "' + letters(40) + '"',
    "azure": "Account" + "Key=" + letters(86) + "==",
    "google": "AI" + "za" + letters(35),
    "google oauth": "ya" + "29." + letters(60),
    "hugging face": "h" + "f_" + letters(34),
    "hugging face letters": "h" + "f_" + letters(34, string.ascii_letters),
    "openai": "s" + "k-" + letters(48),
    "openai project": "s" + "k-proj-" + letters(40) + "_" + letters(20),
    "anthropic": "s" + "k-ant-api03-" + letters(60) + "-" + letters(20) + "AA",
    "openrouter": "s" + "k-or-v1-" + letters(64, _HEX),
    "groq": "gs" + "k_" + letters(52),
    "nvidia": "nv" + "api-" + letters(60),
    "replicate": "r" + "8_" + letters(37),
    "stripe": "s" + "k_live_" + letters(24),
    "slack": "xo" + "xb-" + "123456789012-" + letters(24),
    "slack app": "xa" + "pp-" + "1-A012-" + letters(24),
    "webhook": "https://hooks.slack.com/" + "services/T0" + letters(8) + "/B0" + letters(8) + "/" + letters(24),
    "npm": "np" + "m_" + letters(36),
    "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + letters(60),
    "docker": "dckr_" + "pat_" + letters(27),
    "vault": "hv" + "s." + letters(40),
    "sendgrid": "S" + "G." + letters(22) + "." + letters(43),
    "shopify": "shp" + "at_" + letters(32, _HEX),
    "digitalocean": "do" + "p_v1_" + letters(64, _HEX),
    "grafana": "gl" + "sa_" + letters(32) + "_" + letters(8, _HEX),
    "databricks": "da" + "pi" + letters(32, _HEX),
    "jwt": "ey" + "J" + letters(20) + ".ey" + "J" + letters(30) + "." + letters(43),
    "age": "AGE-SECRET-" + "KEY-1" + letters(58, _UPPER),
    "private key": "-----BEGIN RSA " + _KEY_LINE + "\n" + letters(64) + "\n",
    "private key with a header": "-----BEGIN RSA " + _KEY_LINE + "\nProc-Type: 4,ENCRYPTED\n\n" + letters(64) + "\n",
    "private key in json": '{"private_key": "-----BEGIN ' + _KEY_LINE + "\\n" + letters(64) + '\\n"}',
    "private key in a program": '"-----BEGIN ' + _KEY_LINE + '\\n"\n    "' + letters(64) + '\\n"',
    "openssh": "-----BEGIN OPENSSH " + _KEY_LINE + "\r\nb3BlbnNzaC1rZXktdjE" + letters(40) + "\r\n",
    "pgp": "-----BEGIN PGP PRIVATE " + "KEY BLOCK-----\n\nlQOY" + letters(60) + "\n",
    "putty": "PuTTY-User-" + "Key-File-2: ssh-rsa\n",
    "url of s3": "https://b.s3.amazonaws.com/m.pth?X-Amz-" + "Signature=" + letters(64, _HEX),
    "url of gcs": "https://storage.googleapis.com/b/m.pth?X-Goog-" + "Signature=" + letters(64, _HEX),
    "url of azure": "https://a.blob.core.windows.net/c/m.pth?sv=2024-08-04&s" + "ig=" + letters(44) + "%3D",
    "url of cloudfront": "https://d.cloudfront.net/m.pth?Expires=1&Sig" + "nature=" + letters(60) + "&Key-Pair-Id=K",
    "url with a token": "https://h.org/m.pth?access_" + "token=" + letters(30),
    "url with a password": "https://ann:" + letters(16) + "@h.org/repo.git",
    "url with a user that is a token": "https://" + letters(40) + "@h.org/repo.git",
}
"""Each form once."""

HARMLESS = [
    "pip install sk-learn sk-learn-contrib-py sk-estimator-doc-link2 task-sk-1234",
    ".sk-toggleable__content .sk-container-id-1 div.sk-label-container:hover",
    "from huggingface_hub import hf_hub_download, hf_token; hf_config_2 = hf_model_name_or_path_12345",
    "hf_BertForSequenceClassification",
    "keys of AWS begin with AKIA or ASIA, as in AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub's tokens begin with ghp_ and github_pat_; r'ghp_[A-Za-z0-9]{36}' finds them",
    "github_pat_is_a_prefix",
    "sha256:" + "0123456789abcdef" * 4,
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
    'MARK = b"-----BEGIN ' + _KEY_LINE + '"\nif MARK in data: raise',
    "a file that begins with -----BEGIN " + _KEY_LINE + "\nand ends with -----END",
    "-----BEGIN " + _KEY_LINE + "\n...\n",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYD\n",
    "http://user:pass@host/ postgres://postgres:postgres@localhost/db https://user:password@example.org",
    "redis://:{password}@{host} https://${USER}:${TOKEN123}@h.org mysql://u:%(secret1)s@h",
    "git@github.com:ann/repo.git ssh://git@host/repo https://h.org/@scope/package@1.2.3",
    "params['sig'] = sign(x); url += '?sig=' + sig; X-Amz-Signature={signature}",
    "?Signature=SIGNATURE&token=abc&access_token=YOUR_TOKEN_GOES_HERE",
    "password = 'hunter2'  # judged by no form",
    "eyJhbGciOiJIUzI1NiJ9 alone is a header",
    "xoxo xox-1 dapi_client SG.module npm_config_registry gsk_kernel r8_g8b8a8_unorm",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301 GPU-8f2c1d3e-aaaa-bbbb-cccc-0123456789ab",
]  # fmt: skip
"""Strings that look similar, and are not secrets."""

"""The grammar of queries, with the words of versions; `subject.py` has those of tasks. Knows no SQL.

query      = and-terms { "or" and-terms }
and-terms  = words { "and" words }
words      = term | word { word }
term       = "not" term | "(" query ")" | label | call | comparison | word
word       = WORD | STRING
label      = ("tag" | "alias" | "task" | "scan") ":" WORD
call       = "has" "(" ( FIELD | "@" ALIAS ) ")" | ("descends" | "parents") "(" ADDRESS ")"
comparison = FIELD [ OPERATOR value | ["not"] "in" "(" value { "," value } ")" ]
value      = WORD | STRING | "@" ALIAS "." FIELD
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, get_args

from registry_cli.catalog.query.ast import (
    Compare,
    Expr,
    Has,
    Held,
    In,
    Kin,
    KinKind,
    Label,
    LabelKind,
    Literals,
    Not,
    Op,
    Operand,
    Other,
    Word,
    all_of,
    any_of,
)
from registry_cli.catalog.query.lexer import Token, TokenReader, point_at, read_reference
from registry_cli.catalog.query.literals import parse_literal
from registry_cli.catalog.query.subject import VERSIONS, Subject, is_field, list_near_fields, list_near_terms
from registry_cli.errors import UsageError

Near: TypeAlias = Callable[[str], Sequence[str]]

LONGEST: Final = 20_000
"""Longest query, in characters."""
DEEPEST: Final = 20
"""Deepest nesting of parentheses and `not`; SQLite's own parser has a fixed stack."""
MOST_TERMS: Final = 500
"""Most comparisons in one query; SQLite bounds the height of an expression."""

_OPS: Final[dict[str, Op]] = {
    "=": "=", "==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "~": "~", "!~": "!~",
}  # fmt: skip
_KEYWORDS: Final = ("and", "or", "not", "in")
_LABELS: Final[tuple[LabelKind, ...]] = get_args(LabelKind)
_KIN: Final[tuple[KinKind, ...]] = get_args(KinKind)


def parse_query(text: str, subject: Subject = VERSIONS, *, near: Near | None = None) -> Expr:
    """Return the tree of a query.

    Args:
        text: The query as the user typed it.
        subject: The subject of the query; a field, label or call of another subject is an error.
        near: Returns the fields of rows that are near to a word that is no field, for the message.

    Raises:
        UsageError: The query does not follow the grammar, names a field that does not exist, or is too long or too
            deep; the message shows the place.
    """
    if len(text) > LONGEST:
        raise UsageError(f"the query has {len(text)} characters, {LONGEST} are allowed", hint="reg help query")
    return _Parser(text, subject, near).parse()


def parse_field(
    token: Token, source: str, subject: Subject = VERSIONS, *, near: Near | None = None, is_term: bool = False
) -> str:
    """Return the field that a token names.

    Args:
        token: The token.
        source: The text that it is from.
        subject: The subject of the query.
        near: As in `parse_query`.
        is_term: True where a term begins with the token, so that a label may be meant.

    Raises:
        UsageError: There is no field of that name; the message lists similar names.
    """
    if token.kind == "word" and is_field(token.text, subject):
        return token.text
    if token.text in subject.files:
        problem = f"a version may have many files: `{token.text}` can be compared with a value, and no more"
        raise point_at(source, token.start, token.end, problem)
    found = list_near_terms(token.text, subject) if is_term else []
    found = found or [*(near(token.text) if near else []), *list_near_fields(token.text, subject)]
    meant = " or ".join(f"`{name}`" for name in dict.fromkeys(found))
    known = f"fields are {', '.join(subject.plain)}, {', '.join(f'{table}.*' for table in subject.keyed)}"
    problem = f"there is no field {token.text!r}" if token.text else "a field is missing here"
    raise point_at(source, token.start, token.end, problem, f"did you mean {meant}?" if meant else known)


class _Parser(TokenReader):
    """A recursive descent over the tokens of one query: one method for each rule of the grammar."""

    def __init__(self, source: str, subject: Subject, near: Near | None) -> None:
        super().__init__(source)
        self.near = near
        self.subject = subject
        self.depth = 0
        self.terms = 0

    def parse(self) -> Expr:
        expr = self.query()
        if self.token.kind != "end":
            self.fail("expected `and`, `or` or the end here")
        return expr

    def has_keyword(self, word: str) -> bool:
        return self.token.kind == "word" and self.token.text.lower() == word

    def take_keyword(self, word: str) -> bool:
        found = self.has_keyword(word)
        self.at += found
        return found

    def query(self) -> Expr:
        terms = [self.and_terms()]
        while self.take_keyword("or"):
            terms.append(self.and_terms())
        return any_of(terms)

    def and_terms(self) -> Expr:
        terms = [self.term()]
        while self.take_keyword("and") or (isinstance(terms[-1], Word) and self.is_plain()):
            terms.append(self.term())
        return all_of(terms)

    def term(self) -> Expr:
        if self.depth > DEEPEST:
            self.fail(f"the query is nested deeper than {DEEPEST}")
        self.depth += 1
        if self.take_keyword("not"):
            expr: Expr = Not(self.term())
        elif self.take_mark("("):
            expr = self.query()
            self.need_mark(")")
        else:
            self.terms += 1
            if self.terms > MOST_TERMS:
                self.fail(f"the query has more than {MOST_TERMS} terms", accepted="use `in (…)`")
            expr = self.leaf()
        self.depth -= 1
        return expr

    def leaf(self) -> Expr:
        plain = self.is_plain()
        token = self.next()
        if plain:
            return Word(token.text)
        if token.kind != "word":
            self.fail("expected a field, a label or `(` here", token)
        word, colon, value = token.text.partition(":")
        label = next((kind for kind in _LABELS if colon and kind == word), None)
        if label:
            return self.label(label, value, token)
        opened = self.token.kind == "mark" and self.token.text == "("
        if opened and token.text == "has":
            self.next()
            return self.has()
        kin = next((kind for kind in _KIN if opened and kind == token.text), None)
        if kin:
            self.refuse_foreign(f"{kin}(…)", token, [f"{known}(…)" for known in self.subject.kin])
            return Kin(kin, self.reference())
        is_of_files = token.kind == "word" and token.text in self.subject.files
        return self.comparison(token.text if is_of_files else self.field(token, is_term=True))

    def is_plain(self) -> bool:
        """Return whether the next token is a word to search for: no field, and nothing else that the grammar knows."""
        token, following = self.token, self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if following.kind == "operator" or (following.kind == "mark" and following.text == "("):
            return False
        if token.kind == "string":
            return token.text != ""
        lower = token.text.lower()
        known = {*_KEYWORDS, *self.subject.plain, *self.subject.files, *self.subject.keyed, *self.subject.labels}
        if token.kind != "word" or lower in known or following.text.lower() == "in":
            return False
        if ":" in lower or lower.startswith("@") or is_field(token.text, self.subject):
            return False
        return "." not in lower or not list_near_fields(token.text, self.subject)

    def has(self) -> Has | Held:
        token = self.next()
        held = token.kind == "word" and token.text.startswith("@")
        if held:
            self.need_aliases(token, "`has(@alias)`")
            if token.text == "@":
                self.fail("an alias is missing here", token, "write it as in `has(@prod)`")
        expr = Held(unicodedata.normalize("NFC", token.text[1:])) if held else Has(self.field(token))
        self.need_mark(")")
        return expr

    def need_aliases(self, token: Token, term: str) -> None:
        if "alias" not in self.subject.labels:
            self.fail(f"{self.subject.rows} have no aliases to compare with", token, f"{term} is for versions")

    def field(self, token: Token, *, is_term: bool = False) -> str:
        return parse_field(token, self.source, self.subject, near=self.near, is_term=is_term)

    def label(self, kind: LabelKind, value: str, token: Token) -> Label:
        self.refuse_foreign(f"{kind}:x", token, [f"{known}:x" for known in self.subject.labels])
        if not value:
            self.fail(f"a {kind} is missing here", token)
        if kind == "status":
            self.parse_value("status", token, value)
        return Label(kind, unicodedata.normalize("NFC", value))

    def refuse_foreign(self, term: str, token: Token, known: list[str]) -> None:
        if term not in known:
            rows = self.subject.rows
            self.fail(f"{rows} have no `{term}`", token, f"they have {', '.join(f'`{word}`' for word in known)}")

    def reference(self) -> str:
        reference = read_reference(self.source, self.next().end)
        # an address may hold characters that are tokens elsewhere: continue after its end
        self.at = next(at for at, token in enumerate(self.tokens) if token.start >= reference.end)
        self.need_mark(")")
        return reference.text

    def comparison(self, field: str) -> Expr:
        negated = self.has_keyword("not") and self.tokens[self.at + 1].text.lower() == "in"
        self.at += negated
        if self.take_keyword("in"):
            return self.membership(field, negated)
        token = self.token
        plain = self.subject.plain.get(field)
        is_truth = plain is not None and plain.kind == "truth"
        if token.kind != "operator":
            if is_truth:
                return Compare(field, "=", True)
            self.fail(f"expected a comparison after `{field}`", accepted=f"write `{field} = …`, or `has({field})`")
        self.next()
        op = _OPS[token.text]
        if op in {"~", "!~"} and plain and not plain.is_text:
            self.fail(f"`{op}` matches text, and `{field}` is none", token)
        if op not in {"=", "!=", "~", "!~"} and field in self.subject.files:
            self.fail(f"`{field}` is equal or matches", token, "write `=`, `!=`, `~` or `!~`")
        if op not in {"=", "!="} and is_truth:
            self.fail(f"`{field}` is true or false", token, f"write `{field}` or `not {field}`")
        return Compare(field, op, self.value(field, op))

    def membership(self, field: str, negated: bool) -> Expr:
        self.need_mark("(")
        values = [self.literal(field)]
        while self.take_mark(","):
            values.append(self.literal(field))
        self.need_mark(")")
        return In(field, tuple(values), negated)

    def value(self, field: str, op: Op) -> Operand:
        token = self.token
        if op in {"~", "!~"}:
            if token.kind not in {"word", "string"}:
                self.fail(f"a pattern is missing after `{op}`", accepted='write it as in `name ~ "fraud/*"`')
            return self.next().text
        if token.kind == "word" and token.text.startswith("@") and field not in self.subject.files:
            return self.other(field)
        return self.literal(field)

    def literal(self, field: str) -> Literals:
        token = self.next()
        if token.kind not in {"word", "string"}:
            self.fail("a value is missing here", token)
        return self.parse_value(field, token, token.text)

    def parse_value(self, field: str, token: Token, word: str) -> Literals:
        try:
            return parse_literal(field, word, quoted=token.kind == "string", subject=self.subject)
        except ValueError as error:
            self.fail(str(error), token)

    def other(self, field: str) -> Other:
        """Split `@alias.field` at the first dot that a field follows, because an alias may hold dots."""
        token = self.next()
        self.need_aliases(token, "`@alias.field`")
        text = token.text[1:]
        dots = (at for at, character in enumerate(text) if character == "." and at)
        dot = next((at for at in dots if is_field(text[at + 1 :], self.subject)), None)
        if dot is None:
            self.fail("after `@` come an alias, a dot and a field", token, f"write it as in `@prod.{field}`")
        other = Other(text[:dot], text[dot + 1 :])
        plain = self.subject.plain
        both = [plain[name].is_text for name in (field, other.field) if name in plain]
        if len(set(both)) > 1:
            self.fail(f"`{field}` and `{other.field}` are not of one type", token)
        return other

"""Conditions on one customer's facts, as analysts write them: ``n_orders = 1 and recency_days <= 90``.

Belongs here: the grammar, its check against declared facts, and what a condition is in Polars. Stays out: which facts
there are (``facts.py``) and which conditions a scheme has (the segments file). Nothing is ever evaluated as code.

Grammar, weakest first: ``a or b``; ``a and b``; ``not a``; ``( a )``; a yes-or-no fact by its name; ``fact is known``,
``fact is unknown``; ``fact in ('x', 'y')``; ``fact = 'x'``, ``fact != 'x'``; and for numbers ``= != < <= > >=`` against
a number, another fact, or ``2 * fact``. What is not known makes a condition neither true nor false, so ``not`` of it is
no match either; only ``is unknown`` finds it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

NEAR = 0.1
"""A person missed a rule narrowly who fails one numeric condition alone, by at most this part of its bound."""

Kind = Literal["number", "text", "boolean"]


@dataclass(frozen=True)
class Fact:
    """One thing known of a customer. ``values`` are the possible texts, where they are a closed list."""

    name: str
    kind: Kind
    description: str
    values: tuple[str, ...] = ()


class ConditionError(ValueError):
    """A condition cannot be understood; the message quotes the part and says what is allowed."""


COMPARE: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """A parsed condition. ``parts`` are what it is joined of; ``bound`` is there for comparisons of numbers."""

    expr: pl.Expr
    facts: frozenset[str]
    joined_by: Literal["and", ""] = ""
    parts: tuple[Condition, ...] = ()
    column: str = ""
    bound: pl.Expr | None = field(default=None, compare=False)

    @property
    def matches(self) -> pl.Expr:
        """True or false, never null: the unknown does not match."""
        return self.expr.fill_null(value=False)

    @property
    def conjuncts(self) -> tuple[Condition, ...]:
        return self.parts if self.joined_by == "and" else (self,)

    @property
    def narrowly_missed(self) -> pl.Expr:
        """True where exactly one condition fails, a comparison of numbers, and by no more than a tenth of its bound."""
        near = self.matches & pl.lit(value=False)
        for number, part in enumerate(self.conjuncts):
            if part.bound is None:
                continue
            others = [other.matches for place, other in enumerate(self.conjuncts) if place != number]
            gap = (pl.col(part.column) - part.bound).abs() <= NEAR * part.bound.abs()
            near |= pl.all_horizontal(~part.matches, gap.fill_null(value=False), *others)
        return near


def parse(text: str, facts: Mapping[str, Fact]) -> Condition:
    """The condition a text says.

    Raises:
        ConditionError: it is not of the grammar, names no declared fact, or compares what cannot be compared.
    """
    return _Parser(text, facts).whole()


_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|'(?P<text>[^']*)'|(?P<word>[A-Za-z_]\w*)|(?P<sign><=|>=|!=|[=<>(),*]))"
)
_KEYWORDS = ("and", "or", "not", "in", "is", "known", "unknown")
_END = ("end", "the end")


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str, facts: Mapping[str, Fact]) -> None:
        self.facts = facts
        self.tokens = [*_tokens(text), _END]
        self.place = 0

    def whole(self) -> Condition:
        found = self._or()
        if self._here() != _END:
            raise ConditionError(f"does not go on with {self._here()[1]!r} after a whole condition")
        return found

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._take("word", "or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Condition(pl.any_horizontal(p.expr for p in parts), _facts(parts))

    def _and(self) -> Condition:
        parts = [self._not()]
        while self._take("word", "and"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        return Condition(pl.all_horizontal(p.expr for p in parts), _facts(parts), "and", tuple(parts))

    def _not(self) -> Condition:
        if self._take("word", "not"):
            inner = self._not()
            return Condition(~inner.expr, inner.facts)
        if self._take("sign", "("):
            inner = self._or()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        fact = self._fact()
        column, used = pl.col(fact.name), frozenset((fact.name,))
        if self._take("word", "is"):
            if self._take("word", "known"):
                return Condition(column.is_not_null(), used)
            if self._take("word", "unknown"):
                return Condition(column.is_null(), used)
            raise ConditionError(f"{fact.name} is {self._here()[1]!r}: only known and unknown follow 'is'")
        if self._take("word", "in"):
            return Condition(column.is_in(self._values(fact)), used)
        kind, sign = self._here()
        if kind == "sign" and sign in COMPARE:
            self.place += 1
            return self._bounded(fact, sign)
        if fact.kind != "boolean":
            raise ConditionError(f"{fact.name} is a {fact.kind}: say what it is compared with, or 'is known'")
        return Condition(column, used)

    def _bounded(self, fact: Fact, sign: str) -> Condition:
        used = frozenset((fact.name,))
        if fact.kind == "boolean":
            raise ConditionError(f"{fact.name} is yes or no: write it alone, or 'not {fact.name}'")
        if fact.kind == "text":
            if sign not in ("=", "!="):
                raise ConditionError(f"{fact.name} is a text: compare it by = or !=, not by {sign}")
            return Condition(COMPARE[sign](pl.col(fact.name), pl.lit(self._value(fact))), used)
        bound, others = self._number()
        return Condition(COMPARE[sign](pl.col(fact.name), bound), used | others, column=fact.name, bound=bound)

    def _number(self) -> tuple[pl.Expr, frozenset[str]]:
        kind, value = self._here()
        factor = 1.0
        if kind == "number":
            self.place += 1
            factor = float(value)
            if not self._take("sign", "*"):
                return pl.lit(factor), frozenset()
        fact = self._fact()
        if fact.kind != "number":
            raise ConditionError(f"{fact.name} is a {fact.kind}, no number to compare with")
        return factor * pl.col(fact.name), frozenset((fact.name,))

    def _values(self, fact: Fact) -> list[str]:
        if fact.kind != "text":
            raise ConditionError(f"{fact.name} is a {fact.kind}: 'in' is for texts")
        self._expect("(")
        values = [self._value(fact)]
        while self._take("sign", ","):
            values.append(self._value(fact))
        self._expect(")")
        return values

    def _value(self, fact: Fact) -> str:
        kind, value = self._here()
        if kind != "text":
            raise ConditionError(f"{fact.name} is a text: {value!r} needs quotes such as 'x'")
        if fact.values and value not in fact.values:
            raise ConditionError(f"{fact.name} is never '{value}'; it is one of {', '.join(fact.values)}")
        self.place += 1
        return value

    def _fact(self) -> Fact:
        kind, name = self._here()
        if kind != "word" or name in _KEYWORDS:
            raise ConditionError(f"a fact is missing before {name!r}")
        if name not in self.facts:
            raise ConditionError(f"{name} is no fact; facts are {', '.join(self.facts)}")
        self.place += 1
        return self.facts[name]

    def _here(self) -> tuple[str, str]:
        return self.tokens[self.place]

    def _take(self, kind: str, value: str) -> bool:
        if self._here() != (kind, value):
            return False
        self.place += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take("sign", sign):
            raise ConditionError(f"{sign!r} is missing before {self._here()[1]!r}")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if not found or not found.lastgroup:
            raise ConditionError(f"cannot read {text[place:].strip()[:20]!r}")
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()


def _facts(parts: Sequence[Condition]) -> frozenset[str]:
    return frozenset().union(*(part.facts for part in parts))

"""Numbers as readers see them: money, shares, signs, times, dates.

Belongs here: how a number is written. Stays out: which number, and sentences (``copy.py``).

A real minus sign, a comma in thousands, no more digits than the margin supports.
"""

from __future__ import annotations

from datetime import date, datetime

NOTHING = "–"
MINUS = "−"
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF\u00a0", "SEK": "SEK\u00a0"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def signed(text: str, value: float) -> str:
    """The text with a sign; the text is of the size alone."""
    return f"{MINUS if value < 0 else '+'}{text}"


def count(value: float | None) -> str:
    return NOTHING if value is None else _minus(f"{round(value):,}")


def decimal(value: float | None, digits: int = 1) -> str:
    return NOTHING if value is None else _minus(f"{value:,.{digits}f}")


def share(value: float | None) -> str:
    """61%, and one digit more below a tenth: 7.8%."""
    if value is None:
        return NOTHING
    percent = 100 * value
    # 9.96 is written 10, not 10.0; nothing and everything need no digits.
    digits = 1 if 0 < abs(percent) < 9.95 else 0
    return _minus(f"{percent:.{digits}f}%")


def share_range(lo: float | None, hi: float | None) -> str:
    """28 to 34%."""
    if lo is None or hi is None:
        return ""
    low, high = share(lo), share(hi)
    return f"{low.removesuffix('%')} to {high}"


def points(value: float | None) -> str:
    """A difference of shares: +5 pts."""
    return NOTHING if value is None else f"{change(100 * value, 0)} pts"


def change(value: float | None, digits: int = 1) -> str:
    """+2.9, −1.1, 0.0: nothing has no sign."""
    if value is None:
        return NOTHING
    size = f"{abs(value):,.{digits}f}"
    return size if float(size.replace(",", "")) == 0 else signed(size, value)


def relative(value: float | None) -> str:
    """+38%, and ×4 where it is that much more."""
    if value is None:
        return NOTHING
    if value >= 2:
        return f"×{value + 1:.0f}"
    size = f"{abs(100 * value):.0f}%"
    return size if size == "0%" else signed(size, value)


def money(value: float | None, currency: str) -> str:
    """€154k, €1.2 M, €950; two digits where one would be too coarse."""
    if value is None:
        return NOTHING
    sign = MINUS if value < 0 else ""
    size = abs(value)
    symbol = SYMBOLS.get(currency, f"{currency}\u00a0" if currency else "")
    if size >= 999_500:
        return f"{sign}{symbol}{size / 1e6:.1f}\u00a0M"
    if size >= 9_950:
        return f"{sign}{symbol}{size / 1e3:.0f}k"
    if size >= 995:
        return f"{sign}{symbol}{size / 1e3:.1f}k"
    return f"{sign}{symbol}{_two_digits(size)}"


def money_exact(value: float | None, currency: str) -> str:
    """€74.90: an amount people know from a receipt."""
    if value is None:
        return NOTHING
    symbol = SYMBOLS.get(currency, f"{currency}\u00a0" if currency else "")
    return f"{MINUS if value < 0 else ''}{symbol}{abs(value):,.2f}"


def money_range(lo: float | None, hi: float | None, currency: str) -> str:
    return "" if lo is None or hi is None else f"{money(lo, currency)} to {money(hi, currency)}"


def duration(seconds: float | None) -> str:
    """The largest unit that says enough: 26 s, 11 min, 3.2 h, 1.8 days."""
    if seconds is None:
        return NOTHING
    for size, unit, digits in ((86400.0, "days", 1), (3600.0, "h", 1), (60.0, "min", 0)):
        if seconds >= size:
            return f"{seconds / size:.{digits}f}\u00a0{unit}"
    return f"{seconds:.0f}\u00a0s"


def day(value: date | str | None) -> str:
    """31 Oct 2026."""
    if value is None:
        return NOTHING
    when = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def moment(value: str | None) -> str:
    """22 Nov 2026, 03:12 UTC."""
    if value is None:
        return NOTHING
    when = datetime.fromisoformat(value)
    return f"{day(value)}, {when.hour:02d}:{when.minute:02d} UTC"


def quarter(period: str) -> str:
    """Q3 2026 from 2026Q3."""
    year, _, number = period.partition("Q")
    return f"Q{number} {year}" if number else period


def in_words(number: int) -> str:
    """Small numbers as words; the rest with commas."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else f"{number:,}"


def size(number: int) -> str:
    """Bytes for people."""
    return f"{number / 1e6:.1f}\u00a0MB" if number >= 1e6 else f"{max(1, round(number / 1e3)):,}\u00a0KB"


def human(slug: str) -> str:
    """At risk from at_risk."""
    words = slug.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def lower(text: str) -> str:
    """The text as it stands inside a sentence; a word in capitals stays one."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _two_digits(value: float) -> str:
    if value < 10:
        return f"{value:.0f}"
    return f"{round(value / 10) * 10:.0f}" if value >= 100 else f"{value:.0f}"


def _minus(text: str) -> str:
    return text.replace("-", MINUS)

"""Checks of a built site: what it may not do, and what must hold together.

Belongs here: reading the files of a site and saying what is wrong. Stays out: numbers (the model's tests) and looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

PAGE_BYTES, STYLE_BYTES, SCRIPT_BYTES, FONT_BYTES, SITE_BYTES = 150_000, 40_000, 8_000, 160_000, 5_000_000
SCRIPT = "assets/showroom.js"
"""The one script a page may run; it comes with the site."""


@dataclass
class Page:
    """What a page refers to and declares."""

    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headings: int = 0
    policy: str = ""
    scripts: int = 0
    handlers: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.page.links += [values[name] or "" for name in ("href", "src", "action", "data") if name in values]
        self.page.handlers += [name for name in values if name.startswith("on") or name == "style"]
        if values.get("id"):
            self.page.ids.append(values["id"] or "")
        self.page.headings += tag == "h1"
        is_own = tag == "script" and (values.get("src") or "").removeprefix("../") == SCRIPT
        self.page.scripts += tag in ("script", "iframe", "object", "embed", "form") and not is_own
        if tag == "meta" and (values.get("http-equiv") or "").lower() == "content-security-policy":
            self.page.policy = values.get("content") or ""


def read_page(path: Path) -> Page:
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    return reader.page


def problems(site: Path) -> list[str]:
    """Everything that forbids showing the site, page by page; none where all is well."""
    pages = {path.resolve(): read_page(path) for path in sorted(site.rglob("*.html"))}
    found = [] if (site / "index.html").is_file() else ["index.html is missing"]
    for path, page in pages.items():
        name = path.relative_to(site.resolve()).as_posix()
        found += [f"{name}: {words}" for words in _of_page(path, page, pages)]
    return found


def _of_page(path: Path, page: Page, pages: dict[Path, Page]) -> list[str]:
    found = []
    if "default-src 'none'" not in page.policy or "unsafe" in page.policy:
        found.append("no strict content security policy")
    if page.scripts:
        found.append("runs or embeds something")
    found += [f"attribute {name} is not allowed by the policy" for name in sorted(set(page.handlers))]
    if page.headings != 1:
        found.append(f"{page.headings} main headings")
    doubled = {name for name in page.ids if page.ids.count(name) > 1}
    found += [f"id {name} stands twice" for name in sorted(doubled)]
    for link in page.links:
        found += _of_link(path, link, pages)
    return found


def _of_link(path: Path, link: str, pages: dict[Path, Page]) -> list[str]:
    parts = urlsplit(link)
    if link == "data:,":
        return []
    if parts.scheme or parts.netloc:
        return [f"leads outside: {link}"]
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.exists():
        return [f"leads nowhere: {link}"]
    if parts.fragment and target in pages and parts.fragment not in pages[target].ids:
        return [f"anchor is missing: {link}"]
    return []


def over_budget(site: Path) -> list[str]:
    """Files larger than they should be: slow to open and no reason to keep the numbers from readers."""
    sizes = {path: path.stat().st_size for path in site.rglob("*") if path.is_file()}
    fonts = sum(size for path, size in sizes.items() if path.suffix == ".woff2")
    by_kind = {".html": PAGE_BYTES, ".css": STYLE_BYTES, ".js": SCRIPT_BYTES}
    limits = [
        (f"{path.name} is", size, by_kind[path.suffix])
        for path, size in sorted(sizes.items())
        if path.suffix in by_kind
    ]
    limits += [("fonts are", fonts, FONT_BYTES), ("the site is", sum(sizes.values()), SITE_BYTES)]
    return [f"{what} {size:,} bytes, more than {limit:,}" for what, size, limit in limits if size > limit]

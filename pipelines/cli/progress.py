"""The progress display: one line an asset, and on a terminal a bar with what is running now.

Belongs here: showing ``Progress`` events. Stays out: what they mean for the outcome.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.defs.progress import Progress


class Display:
    """Shows the events of one or more runs; ``total`` assets are expected over all of them."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.bar.add_task("starting", total=total)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def tell(self, event: Progress) -> None:
        """Show one event."""
        match event.kind:
            case "started" | "working":
                self.bar.update(self.task, description=(event.asset or event.step)[:50])
            case "built":
                self._built(event)
            case "check" if not event.passed:
                style, word = ("red", "failed") if event.is_error else ("yellow", "warned")
                self._line(f"[{style}]{word}[/{style}]", f"{event.asset} · {event.check}", event.rows, None)
            case "retry":
                self._line("[yellow]retry[/yellow]", f"{event.step}: {event.message}", None, None)
            case "failed":
                self._line("[red]failed[/red]", event.step, None, event.seconds)
            case "skipped":
                self._line("[dim]skipped[/dim]", event.step, None, None)

    def stop_early(self) -> None:
        """Say that the rest is not needed."""
        self.bar.update(self.task, completed=self.total)

    def _built(self, event: Progress) -> None:
        self.done += 1
        self.bar.update(self.task, completed=self.done)
        self._line("[green]built[/green]", event.asset, event.rows, event.seconds)

    def _line(self, state: str, what: str, rows: int | None, seconds: float | None) -> None:
        count = "" if rows is None else f"{rows:,} rows"
        took = "" if seconds is None else f"{seconds:.2f} s"
        place = f"{self.done}/{self.total}"
        self.console.print(f"{place:>8}  {state:<22} {escape(what):<60} {count:>18} {took:>10}")

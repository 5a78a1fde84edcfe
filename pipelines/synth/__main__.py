"""Command line of the generator: ``python -m pipelines.synth --customers 3000 --out landing --truth truth``."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.synth.generate import generate


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.synth", description="Generate the demo company Halden & Moor."
    )
    parser.add_argument("--customers", type=int, default=3000, help="number of people, at least 100")
    parser.add_argument("--out", type=Path, required=True, help="folder of the exports")
    parser.add_argument("--truth", type=Path, required=True, help="folder of the hidden truth")
    parser.add_argument("--seed", type=int, default=20261031)
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()

    def show(what: str, done: int, total: int) -> None:
        print(f"[{done}/{total}] {what}", flush=True)

    report = generate(
        args.out, args.truth, customers=args.customers, seed=args.seed, progress=None if args.quiet else show
    )
    print(f"{report.files} files, {report.rows:,} rows, {report.bytes:,} bytes in {report.seconds:.1f} s")


if __name__ == "__main__":
    main()

"""Every speed figure, side by side with what one would otherwise run: `make bench` writes docs/benchmarks.md.

    python benchmarks/speed.py [--write docs/benchmarks.md [--only SCRIPT ...]] [--data DIR]

With --only, the other sections of the page stay as they are.
Ratios, not times, are what to look at; each part may be run alone (`python benchmarks/logmel.py`).
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import shlex
import subprocess
import sys
from pathlib import Path

from serenade.files import write_whole

PARTS = {
    "Log-mel against librosa, one clip at a time, one thread": "logmel.py",
    "wav → features against the original generator's loop": "prepare.py",
    "Training": "training.py",
    "Training beside busy processes": "threads.py",
    "Voice activity detection": "vad.py",
    "Prediction with the bundled models": "prediction.py",
    "Prediction on a cluster": "cluster.py",
    "Long recordings and streams": 'long_recordings.py --modes "segments with speech"',
    "The service": "service.py",
    "The service with damaged uploads": "service_fuzz.py",
    "MELD.Raw of full size → spectrograms, and against the original loop": "meld.py --clips 13708",
}


WITH_DATA = ("vad.py", "long_recordings.py", "service_fuzz.py")
"""Parts that take real recordings."""


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def section(title: str, script: str, *, data: str | None) -> str:
    """Run a part in a process of its own; its section of the page."""
    print(title, file=sys.stderr)
    name, *options = shlex.split(script)
    if name in WITH_DATA and data:
        script = script.replace(name, f"{name} --data DIR", 1)
        options += ["--data", data]
    command = [sys.executable, str(Path(__file__).with_name(name)), *options]
    table = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return f"## {title}\n`python benchmarks/{script}`\n\n{table.strip()}\n"


def sections_of(page: str) -> dict[str, str]:
    """The sections of a page, by title."""
    return {part.partition("\n")[0]: f"## {part.strip()}\n" for part in page.split("\n## ")[1:]}


def main() -> None:
    """Run every part in a process of its own and print, or write, one page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--data", metavar="DIR", help=f"corpora for {', '.join(WITH_DATA)}")
    parser.add_argument("--only", nargs="+", metavar="SCRIPT", help="as `service.py`, with --write")
    options = parser.parse_args()
    if options.only and not options.write:
        parser.error("--only needs --write")
    head = (
        "# Speed\n\nWritten by `make bench`; do not edit.\n\n"
        f"On {processor()}, Python {platform.python_version()}.\n"
    )
    known, note = {}, ""
    if options.write is not None and options.write.is_file():  # it also has sections of other commands
        page = options.write.read_text(encoding="utf-8")
        known = sections_of(page)
        if options.only:
            new_head, head = head, page.partition("\n## ")[0]
            note = "" if new_head == head else f"\n{new_head.splitlines()[-1]}\n"
    for title, script in PARTS.items():
        if not options.only or script.split()[0] in options.only:
            known[title] = section(title, script, data=options.data) + note
    page = "\n".join([head, *known.values()])
    if options.write is None:
        print(page)
        return
    with write_whole(options.write) as out:
        out.write(page)


if __name__ == "__main__":
    main()

"""Every speed figure, side by side with what one would otherwise run: `make bench` writes docs/benchmarks.md.

    python benchmarks/speed.py [--write docs/benchmarks.md] [--data DIR]

Ratios, not times, are what to look at; each part may be run alone (`python benchmarks/logmel.py`).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import platform
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
    "Long recordings and streams": "long_recordings.py",
    "MELD.Raw of full size → spectrograms, and against the original loop": "meld.py --clips 13708",
}


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Run every part in a process of its own and print, or write, one page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--data", metavar="DIR", help="corpora for `vad.py` and `long_recordings.py`")
    options = parser.parse_args()
    page = io.StringIO()
    print("# Speed\n\nWritten by `make bench`; do not edit.\n", file=page)
    print(f"On {processor()}, Python {platform.python_version()}.", file=page)
    for title, script in PARTS.items():
        print(title, file=sys.stderr)
        name, *options_of_it = script.split()
        if name in ("vad.py", "long_recordings.py") and options.data:
            script, options_of_it = f"{name} --data DIR", ["--data", options.data]
        command = [sys.executable, str(Path(__file__).with_name(name)), *options_of_it]
        table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(f"\n## {title}\n`python benchmarks/{script}`\n\n{table.strip()}", file=page)
    if options.write is None:
        print(page.getvalue())
        return
    with write_whole(options.write) as out:
        out.write(page.getvalue())


if __name__ == "__main__":
    main()

"""The model in the browser beside the library, on a clip of 10 s.

    python benchmarks/browser.py [--write]

Both do what the page shows: the prediction of the whole clip, and a timeline of windows of 3 s, one every
second. The browser is Chromium; its runtime, onnxruntime-web, has one thread, as the library has. Times are
processor time, the shortest of five; that of the browser is of all its processes. The clip is a synthetic
voice.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from accuracy import replace_block
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait
from watched import tree

from serenade import load_model
from serenade.audio.decode import decode
from serenade.inference.locate import bundled_models
from serenade.inference.model import Model
from serenade.service.page.static import StaticPage
from serenade.synthetic.cremad import make_cremad

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- browser: written by benchmarks/browser.py -->", "<!-- end of browser -->"
CLIP_S, RATE_HZ, REPEATS = 10, 44_100, 5
HEAD = (
    "| | page to download, MB | start of the page, s "
    "| 10 s in the browser, s | 10 s in the library, s | ratio |\n"
    "|---|---:|---:|---:|---:|---:|\n"
)


class Silent(SimpleHTTPRequestHandler):
    """A web server on this machine."""

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


def write_clip(folder: Path) -> Path:
    """A voice of 10 s in stereo at 44.1 kHz, as WAV."""
    voices = make_cremad(folder / "voices", speakers=2, rng=np.random.default_rng(0))
    joined = np.concatenate([decode(voice, rate_hz=RATE_HZ).samples for voice in voices[:12]])
    soundfile.write(folder / "clip.wav", np.stack([joined[: CLIP_S * RATE_HZ]] * 2, axis=1), RATE_HZ)
    return folder / "clip.wav"


def processor_s(pid: int) -> float:
    """Processor time of a process and all below it, so far."""
    ticks = 0
    for one in tree(pid):
        with suppress(OSError):  # it ended just now
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(run: Callable[[], object], pid: int) -> float:
    """Processor time of a process and all below it, in seconds."""
    before = processor_s(pid)
    run()
    return processor_s(pid) - before


def in_library(model: Model, clip: Path) -> None:
    """What the page computes for a clip."""
    model.predict(clip)
    list(model.timeline(clip, window_s=3, hop_s=1))


def in_browser(browser: Any, clip: Path) -> None:
    """Choose the clip, and wait for its result."""
    done = len(browser.find_elements("css selector", ".working[hidden]"))
    browser.find_element("id", "files").send_keys(str(clip))
    WebDriverWait(browser, 300, poll_frequency=0.1).until(
        lambda _: len(browser.find_elements("css selector", ".working[hidden]")) > done
    )


def row(name: str, folder: Path, clip: Path) -> str:
    """Measure one model."""
    index = StaticPage(folder / name).write(name)
    files = [
        file for kind in ("model/*.onnx", "page/*.*s", "page/*.wasm") for file in index.parent.glob(kind)
    ]
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    handler = partial(Silent, directory=index.parent)
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        webdriver.Chrome(options=options, service=service) as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"

        def start() -> None:
            browser.get(url)
            in_browser(browser, clip)

        pid = service.process.pid
        first = measure(start, pid)
        page = min(measure(lambda: in_browser(browser, clip), pid) for _ in range(REPEATS))
        server.shutdown()
    model = load_model(name, threads=1)
    library = min(measure(lambda: in_library(model, clip), os.getpid()) for _ in range(REPEATS))
    size = sum(file.stat().st_size for file in files) / 1e6
    start_s = max(0.0, first - page)
    return f"| {name} | {size:.1f} | {start_s:.1f} | {page:.2f} | {library:.2f} | {page / library:.1f} |\n"


def main() -> None:
    """Print the table, or write it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clip = write_clip(Path(scratch))
        table = HEAD + "".join(row(name, Path(scratch), clip) for name in bundled_models())
    if chosen.write:
        replace_block(PAGE, BEGIN, END, f"`python benchmarks/browser.py --write`\n\n{table}")
    else:
        print(table)


if __name__ == "__main__":
    main()

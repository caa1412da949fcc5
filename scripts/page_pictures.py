"""Pictures of the page for the documentation: docs/how-to/page-light.png, page-dark.png and page-phone.png.

    scripts/page_pictures.py --data DIR

DIR has CREMA-D in the folder `cremad`. The recording is clips of one speaker, one after another; the bundled
model runs in the browser. Needs Chromium, chromedriver, and selenium.
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from serenade.audio.decode import decode
from serenade.audio.trim import trim_silence
from serenade.service.page.static import StaticPage

OUT = Path(__file__).parents[1] / "docs" / "how-to"
CLIPS = [f"1002_DFA_{emotion}_XX.wav" for emotion in ("NEU", "HAP", "SAD", "ANG", "FEA", "DIS")]
RATE_HZ, PAUSE_S = 16_000, 0.5
WIDTHS = {"light": 1280, "dark": 1280, "phone": 390}
HEAD_AT_S = 6
KEY_RIGHT = "\ue014"
MARGIN = 12
"""Pixels below the card of the recording."""


def write_recording(corpus: Path, out: Path) -> None:
    """Join the clips, with pauses between them."""
    pause = np.zeros(round(PAUSE_S * RATE_HZ), dtype=np.float32)
    parts = [decode(corpus / name, rate_hz=RATE_HZ).samples for name in CLIPS]
    sound = [part for samples in parts for part in (trim_silence(samples, rate_hz=RATE_HZ), pause)]
    soundfile.write(out, np.concatenate(sound), RATE_HZ)


def take(browser: Any, url: str, recording: Path, *, width: int, scheme: str) -> Image.Image:
    """The page with the result of a recording, down to the end of its card."""
    size = {"width": width, "height": 2000, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    browser.get(url)
    browser.find_element("id", "files").send_keys(str(recording))
    WebDriverWait(browser, 120).until(lambda _: browser.find_elements("css selector", ".working[hidden]"))
    chart = browser.find_element("css selector", ".chart")
    chart.send_keys(KEY_RIGHT * HEAD_AT_S)
    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    end = browser.execute_script("return document.querySelector('.card').getBoundingClientRect().bottom")
    clip = {"x": 0, "y": 0, "width": width, "height": round(end) + MARGIN, "scale": 1}
    options = {"clip": clip, "captureBeyondViewport": True}
    picture = browser.execute_cdp_cmd("Page.captureScreenshot", options)["data"]
    return Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")


def main() -> None:
    """Write the three pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    chosen = parser.parse_args()
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with tempfile.TemporaryDirectory() as scratch:
        recording = Path(scratch) / "call.wav"
        write_recording(chosen.data / "cremad" / "AudioWAV", recording)
        index = StaticPage(Path(scratch) / "page").write()
        handler = partial(SimpleHTTPRequestHandler, directory=index.parent)
        with (
            ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
            webdriver.Chrome(options=options, service=service) as browser,
        ):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/"
            for name, width in WIDTHS.items():
                scheme = "dark" if name == "dark" else "light"
                picture = take(browser, url, recording, width=width, scheme=scheme)
                picture.quantize(256, dither=Image.Dither.NONE).save(OUT / f"page-{name}.png", optimize=True)
            server.shutdown()


if __name__ == "__main__":
    main()

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from serenade.output.page import _encoded, write_page


@pytest.fixture
def page(segment, tmp_path):
    """Writes the page of a recording of 3 s with two speakers, and returns its text."""

    def write(file="a.wav", speaker="Ann", label="anger"):
        path = tmp_path / file
        soundfile.write(path, 0.3 * np.sin(np.arange(48_000) / 5), 16_000, format="WAV")
        rows = [
            replace(segment(0, 1, {label: 0.9, "fear": 0.1}, file=str(path)), speaker=speaker),
            replace(segment(1, 2, {label: 0.2, "fear": 0.8}, file=str(path)), speaker="Bob"),
            segment(2, 3, {}, speech=0.0, file=str(path)),
        ]
        write_page(rows, labels=[label, "fear"], out=tmp_path / "a.html")
        return (tmp_path / "a.html").read_text(encoding="utf-8")

    return write


def content_of(text, name):
    return re.search(rf'<script type="[^"]*" id="{name}">(.*?)</script>', text, re.DOTALL).group(1)


def test_it_holds_the_timeline(page):
    content = json.loads(content_of(page(), "timeline"))
    assert content["duration"] == 3.0
    assert [row["speaker"] for row in content["rows"]] == ["Ann", "Bob", None]
    assert [row["scores"] for row in content["rows"]] == [[0.9, 0.1], [0.2, 0.8], []]
    assert [each["speaker"] for each in content["summaries"]] == ["Ann", "Bob"]
    assert max(content["high"]) == pytest.approx(1, abs=0.01)


def test_it_holds_the_sound(page):
    mp3 = base64.b64decode(content_of(page(), "sound"), validate=True)
    samples, rate_hz = soundfile.read(io.BytesIO(mp3))
    assert rate_hz == 16_000
    assert 3.0 <= len(samples) / rate_hz < 3.3
    assert 0.15 < np.std(samples[8_000:40_000]) < 0.25


def test_it_asks_nothing_of_other_servers(page):
    text = page()
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)


def test_no_name_ends_the_script(page):
    evil = "</script><script>alert(1)</script>"
    text = page(speaker=evil, label=evil)
    assert evil not in text
    assert json.loads(content_of(text, "timeline"))["rows"][0]["speaker"] == evil


def test_no_interrupt_is_lost_in_the_encoder(tmp_path):
    class Interrupted(io.FileIO):
        """A Ctrl-C in each `write`; soundfile's callbacks report an exception and go on without the sound."""

        def write(self, data):
            raise KeyboardInterrupt

    with Interrupted(tmp_path / "a.mp3", "w+") as file:
        list(_encoded(iter([np.zeros(16_000, dtype=np.float32)]), file))
    assert 1.0 <= soundfile.info(tmp_path / "a.mp3").duration < 1.3

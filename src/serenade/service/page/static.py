"""The page as a folder for any web server: the model runs in the browser, by onnxruntime-web."""

from __future__ import annotations

from pathlib import Path

from serenade.audio.vad import MODEL as VAD_MODEL
from serenade.errors import ModelError, OutputError
from serenade.files import protect_inputs, write_json, write_whole
from serenade.folders import ModelFolder
from serenade.inference.load import load_model
from serenade.service.model_info import model_info
from serenade.service.page import BUILT
from serenade.spec import Spec

RATE_HZ = 16_000
"""The rate of the voice activity detection, which the page does not resample for."""

_README = """\
---
title: serenade
emoji: 🎙️
sdk: static
app_file: index.html
license: {license}
---
# Emotion in speech, in the browser

The model {name} {version} runs in the browser, and recordings are sent nowhere. Written by
`serenade page --static`.

| file | licence |
|---|---|
| `model/model.onnx` | {license} |
| `model/silero_vad.onnx` | MIT, `model/silero_vad.LICENSE` |
| `page/ort-wasm-simd-threaded.wasm` and a part of `page/worker.js` | MIT, `page/onnxruntime-web.LICENSE` |
"""
"""With the front matter of a Hugging Face Space."""


class StaticPage:
    """The folder of a page.

    Attributes:
        path: the folder.

    >>> StaticPage(Path("site")).index.as_posix()
    'site/index.html'
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def index(self) -> Path:
        """The page itself; written last, so a folder that has one is complete."""
        return self.path / "index.html"

    @property
    def info(self) -> Path:
        """What the page must know of the model."""
        return self.path / "model" / "model.json"

    def write(self, model: str | Path | None = None) -> Path:
        """Write the folder; an earlier page in it is replaced.

        Args:
            model: as for `load_model`: a model of sound alone, at 16 kHz.

        Returns:
            The page.

        Raises:
            ModelError: the model cannot be loaded, or takes other inputs.
            OutputError: the folder holds something else, or cannot be written.

        >>> import tempfile
        >>> page = StaticPage(Path(tempfile.mkdtemp()) / "site").write("model.onnx")
        >>> sorted(path.name for path in page.parent.iterdir())
        ['.nojekyll', 'README.md', 'index.html', 'model', 'page']
        """
        loaded = load_model(model)
        loaded.windows()  # refuses models of more than sound
        spec = loaded.spec
        if spec.front_end.rate_hz != RATE_HZ:
            raise ModelError(
                f"takes sound at {spec.front_end.rate_hz:,} Hz, and the page in the browser runs models at "
                f"{RATE_HZ:,} Hz only; use `serenade serve`",
                file=loaded.file,
            )
        sources = self._sources(loaded.file)
        self._require_free()
        protect_inputs(sources, sources.values())
        for target, source in sources.items():
            with write_whole(target, "wb") as out:
                out.write(source.read_bytes())
        write_json(self.info, model_info(spec) | {"max_duration_s": spec.front_end.max_duration_s})
        # A Space has its card where a model has.
        for file, text in {self.path / ".nojekyll": "", ModelFolder(self.path).card: _readme(spec)}.items():
            with write_whole(file) as out:
                out.write(text)
        with write_whole(self.index, "wb") as out:
            out.write((BUILT / "static" / "index.html").read_bytes())
        return self.index

    def _sources(self, onnx: Path) -> dict[Path, Path]:
        """The file that each file of the folder is a copy of."""
        built = [BUILT / "page" / "page.css", *sorted((BUILT / "static" / "page").iterdir())]
        card, copy = ModelFolder(onnx.parent).card, ModelFolder(self.path / "model")
        return (
            {self.path / "page" / file.name: file for file in built}
            | {
                copy.onnx: onnx,
                copy.path / "silero_vad.onnx": VAD_MODEL,
                copy.path / "silero_vad.LICENSE": VAD_MODEL.with_name("silero_vad.LICENSE"),
            }
            | ({copy.card: card} if card.is_file() else {})
        )

    def _require_free(self) -> None:
        if self.path.is_dir() and any(self.path.iterdir()) and not self.info.is_file():
            raise OutputError("is a folder with other files; name a new folder", file=self.path)


def _readme(spec: Spec) -> str:
    return _README.format(name=spec.name, version=spec.version, license=(spec.license or "other").lower())

"""Truncated and mutated uploads to the service: the statuses of its answers, and its memory.

    python benchmarks/service_fuzz.py [--data DIR] [--uploads N] [--model M]

A real recording of each corpus in DIR (without DIR, synthetic voices) is written in each of several
containers. An upload is one of these files, cut at any place or with bytes replaced, most of them in its
header, or both. Every fourth one is for `/v1/timeline`, the others for `/v1/predict`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from watched import memory_mib

from serenade.audio.decode import decode
from serenade.audio.discovery import find_audio
from serenade.synthetic.cremad import make_cremad
from service import server

CONTAINERS = {
    "wav": "pcm_s16le",
    "flac": "flac",
    "mp3": "libmp3lame",
    "ogg": "libopus",
    "m4a": "aac",
    "webm": "libopus",
    "mkv": "ac3",
    "wma": "wmav2",
    "aiff": "pcm_s16be",
}
"""Suffixes and codecs."""
CORPORA = ("cremad", "emodb", "emovo", "nemo", "ravdess", "meeting")
SECONDS, RATE_HZ = 2, 48_000
STEPS = 10
BOUNDARY = b"--x--x--"


def write(file: Path, samples: NDArray[np.float32], codec: str) -> bytes:
    """Write mono sound at `RATE_HZ` in the container of the file's suffix; its bytes."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = 128_000
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        convert = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=RATE_HZ,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        for part in (*convert.resample(frame), *convert.resample(None), None):
            container.mux(stream.encode(part))
    return file.read_bytes()


def uploads_of(data: Path | None, scratch: Path) -> list[tuple[str, bytes]]:
    """Whole files of every container, with their names."""
    if data is None:
        files = list(make_cremad(scratch / "voices", speakers=1, rng=np.random.default_rng(0))[:3])
    else:
        files = [find_audio(data / corpus)[0] for corpus in CORPORA if (data / corpus).is_dir()]
    sounds = [decode(file, rate_hz=RATE_HZ).samples[: SECONDS * RATE_HZ] for file in files]
    return [
        (f"{number}.{suffix}", write(scratch / f"{number}.{suffix}", sound, codec))
        for number, sound in enumerate(sounds)
        for suffix, codec in CONTAINERS.items()
    ]


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """A file that is cut, has bytes replaced, or both."""
    data, kind = bytearray(content), int(rng.integers(3))
    if kind != 0:
        del data[int(rng.integers(1, len(data))) :]
    if kind != 1:
        for _ in range(int(rng.integers(1, 16))):
            end = min(len(data), 200) if rng.random() < 0.6 else len(data)
            data[int(rng.integers(end))] = int(rng.integers(256))
    return bytes(data)


def send(connection: HTTPConnection, path: str, field: str, name: str, content: bytes) -> tuple[int, bytes]:
    """Upload a file; status and body of the answer."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
    body = b"--" + BOUNDARY + b"\r\n" + head + content + b"\r\n--" + BOUNDARY + b"--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    return response.status, response.read()


def main() -> None:
    """Send the uploads to a server of this script, and print what came of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--uploads", type=int, default=10_000)
    parser.add_argument("--model", default="serenade-small", help="as for `serenade serve`")
    options = parser.parse_args()
    rng, statuses, failures = np.random.default_rng(0), Counter[int](), []
    command = ["-m", "serenade", "serve", "--port", "0", "--workers", "1", "--model", options.model]
    with tempfile.TemporaryDirectory() as scratch, server(command) as (pid, address):
        files = uploads_of(options.data, Path(scratch))
        connection = HTTPConnection(*address, timeout=120)
        print(f"{len(files)} files of {len(CONTAINERS)} containers ({', '.join(CONTAINERS)}).\n")
        codes = sorted({200, 413, 415, 422})
        print(f"| uploads | memory | {' | '.join(map(str, codes))} | 5xx | other |")
        print("|---:|---:|" + "---:|" * (len(codes) + 2))
        for number in range(1, options.uploads + 1):
            name, content = files[number % len(files)]
            path, field = ("/v1/timeline", "file") if number % 4 == 0 else ("/v1/predict", "files")
            status, body = send(connection, path, field, name, mutated(content, rng))
            if b'"code": "internal"' in body or b'"code": "time_limit"' in body:
                status = 500  # an event of a timeline
            statuses[status] += 1
            if status >= 500:
                failures.append(f"{number} {name} {path}: {body[-300:]!r}")
            if number % max(1, options.uploads // STEPS) == 0:
                shown = [statuses[code] for code in codes]
                shown += [sum(n for code, n in statuses.items() if code >= 500)]
                shown += [statuses.total() - sum(shown)]
                cells = " | ".join(f"{n:,}" for n in shown)
                print(f"| {number:,} | {memory_mib(pid)[0]:.0f} MiB | {cells} |", flush=True)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
    restarts = next(line.split()[1] for line in metrics.splitlines() if line.startswith("serenade_worker_re"))
    print(f"\nWorkers that were replaced since a file ended their decoder: {float(restarts):.0f}.")
    for failure in failures:
        print(f"\n{failure}")


if __name__ == "__main__":
    main()

"""Load test of the service: requests per second and latency with 1, 8 and 64 clients.

    python benchmarks/service.py [--model M] [--clients N ...]

Each request has one synthetic voice of about 2 s. Three servers: `serenade serve`, the same without batches,
and one that loads the model for each request. Clients are threads of this process: they take processor time
from the server, the same for all three.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from watched import tree

from serenade.synthetic.cremad import make_cremad

LOADS_EACH_TIME = """
import asyncio, socket, sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from serenade import load_model

def answer(content):
    return load_model(sys.argv[1] if len(sys.argv) > 1 else None, threads=1).predict(content).to_dict()

async def predict(request):
    content = await (await request.form())["files"].read()
    return JSONResponse({"results": [await asyncio.to_thread(answer, content)]})

opened = socket.socket()
opened.bind(("127.0.0.1", 0))
opened.listen(128)
print(f"http://127.0.0.1:{opened.getsockname()[1]}", flush=True)
app = Starlette(routes=[Route("/v1/predict", predict, methods=["POST"])])
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[opened])
"""


@contextmanager
def server(command: Sequence[str]) -> Iterator[tuple[int, tuple[str, int]]]:
    """A server as a process of its own: its number, and its host and port."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        (url,) = re.findall(r"http://\S+", process.stdout.readline())
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        yield process.pid, (parts.hostname, parts.port)
    finally:
        process.terminate()
        process.wait()


def processor_s(pid: int) -> float:
    """Processor time of a process and all below it so far."""
    ticks = 0
    for one in tree(pid):
        with suppress(OSError):  # it ended just now
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(address: tuple[str, int], bodies: Sequence[bytes]) -> list[float]:
    """Send requests one after another; seconds of each."""
    connection, seconds = http.client.HTTPConnection(*address, timeout=600), []
    for body in bodies:
        began = time.perf_counter()
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        connection.request("POST", "/v1/predict", body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(content.decode())
        seconds.append(time.perf_counter() - began)
    connection.close()
    return seconds


def load(address: tuple[str, int], bodies: Sequence[bytes], clients: int) -> tuple[float, list[float]]:
    """Requests per second with so many clients at a time, and the seconds of each request."""
    each = max(2, 32 // clients)
    with ThreadPoolExecutor(clients) as threads:
        shares = [[bodies[(one + turn) % len(bodies)] for turn in range(each)] for one in range(clients)]
        began = time.perf_counter()
        seconds = [one for found in threads.map(lambda share: ask(address, share), shares) for one in found]
        return len(seconds) / (time.perf_counter() - began), seconds


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="as for `serenade serve` (default: the bundled model)")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    options = parser.parse_args()
    serve = ["-m", "serenade", "serve", "--port", "0", *(["--model", options.model] if options.model else [])]
    servers = {
        "`serenade serve`": serve,
        "without batches (`--batch 1`)": [*serve, "--batch", "1"],
        "one model load per request": ["-c", LOADS_EACH_TIME, *([options.model] if options.model else [])],
    }
    with tempfile.TemporaryDirectory() as scratch:
        clips = make_cremad(Path(scratch), speakers=2, rng=np.random.default_rng(0))
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
        bodies = [head + clip.read_bytes() + b"\r\n--x--\r\n" for clip in islice(clips, 64)]
    print(f"{os.cpu_count()} cores; load average before the test: {os.getloadavg()[0]:.1f}.\n")
    print("| server | clients | requests/s | p50, ms | p99, ms | processor time of a request, ms |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, command in servers.items():
        with server(command) as (pid, address):
            ask(address, bodies[:4])
            for clients in options.clients:
                began_s = processor_s(pid)
                rate, seconds = load(address, bodies, clients)
                each = 1000 * (processor_s(pid) - began_s) / len(seconds)
                median, slowest = 1000 * np.quantile(seconds, [0.5, 0.99])
                print(
                    f"| {name} | {clients} | {rate:.1f} | {median:.0f} | {slowest:.0f} | {each:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

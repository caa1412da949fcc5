"""Running the app until it is interrupted."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import uvicorn

from serenade.errors import OutputError
from serenade.service.app import create_app
from serenade.service.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until SIGINT (Ctrl-C) or SIGTERM, then finish the requests that were accepted.

    Raises:
        ModelError: the model cannot be loaded.
        OutputError: the address is in use or not one of this machine.
    """
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        server_header=False,
        # Long recordings are finished, but a stop does not wait for a client that reads nothing.
        timeout_graceful_shutdown=int(settings.limits.time_s),
        ws_max_size=1 << 20,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again, when it has finished
        _Server(config).run(sockets=[_listen(settings)])
    print("serenade: stopped", file=sys.stderr)


class _Server(uvicorn.Server):
    """A server that prints its address once it accepts requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, then print the address."""
        await super().startup(sockets)
        for opened in sockets or () if self.started else ():
            host, port = opened.getsockname()[:2]
            print(f"serenade: http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)


def _listen(settings: Settings) -> socket.socket:
    """The socket that the server accepts connections from.

    Raises:
        OutputError: it cannot be opened.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    opened = socket.socket(family)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((settings.host, settings.port))
    except OSError as cause:
        opened.close()
        raise OutputError(
            f"cannot listen on {settings.host} port {settings.port}: {cause.strerror}; choose another --port"
        ) from cause
    return opened

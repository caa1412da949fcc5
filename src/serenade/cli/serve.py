"""`serenade serve`: the HTTP service and its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from serenade.cli.numbers import finite
from serenade.cli.predict_arguments import DeviceKind, DeviceOption, ModelOption


def serve(
    model: ModelOption = None,
    device: DeviceOption = DeviceKind.CPU,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Address to listen on; 0.0.0.0 for all, which needs a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 for a free one.")
    ] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="SERENADE_TOKEN",
            metavar="TOKEN",
            help="Bearer token that every request must have. Better in the environment than in a command, "
            "which other users can see.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="Processes that predict (default: one per core)."),
    ] = None,
    batch: Annotated[
        int,
        typer.Option(
            "--batch",
            min=1,
            metavar="N",
            help="Recordings of all requests that a process predicts together if they wait; 1 for none.",
        ),
    ] = 4,
    max_upload: Annotated[
        int, typer.Option("--max-upload", min=1, metavar="MB", help="Largest request.")
    ] = 200,
    max_length: Annotated[
        float,
        typer.Option("--max-length", min=1, callback=finite, metavar="S", help="Longest recording."),
    ] = 4 * 3600,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            min=0.1,
            callback=finite,
            metavar="S",
            help="Longest time without progress on a recording.",
        ),
    ] = 60,
    max_requests: Annotated[
        int, typer.Option("--max-requests", min=1, metavar="N", help="Requests in progress at a time.")
    ] = 128,
    max_per_client: Annotated[
        int, typer.Option("--max-per-client", min=1, metavar="N", help="Those of one client address.")
    ] = 64,
) -> None:
    """Serve predictions over HTTP, with a page for the browser.

    Only this machine can reach the server unless --host names another address.
    """
    from serenade.service.server import serve as run_server
    from serenade.service.settings import LOOPBACK, Limits, Settings

    if host not in LOOPBACK and not token:
        raise typer.BadParameter(
            f"others can reach {host}; set a token in SERENADE_TOKEN", param_hint="--host"
        )
    limits = Limits(
        upload_bytes=max_upload * 1_000_000,
        length_s=max_length,
        time_s=timeout,
        requests=max_requests,
        requests_per_client=max_per_client,
    )
    settings = Settings(
        model=model,
        device=device.value,
        host=host,
        port=port,
        token=token or None,
        batch=batch,
        limits=limits,
    )
    if workers is not None:
        settings = replace(settings, workers=workers)
    run_server(settings)

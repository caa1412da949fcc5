"""`serenade page`: the page with the model in the browser, for any web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serenade.cli.predict_arguments import ModelOption


def page(
    static: Annotated[Path, typer.Option("--static", metavar="OUT", help="Folder to write.")],
    model: ModelOption = None,
) -> None:
    """Write the page as a folder of files for GitHub Pages, a Hugging Face Space or any web server.

    The model runs in the browser, so recordings never leave the device. `serenade serve` has the same page
    with the model on the server.
    """
    from serenade.service.page.static import StaticPage

    print(StaticPage(static).write(model))

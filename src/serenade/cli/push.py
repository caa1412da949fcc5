"""`serenade push`: a model to the Hugging Face hub."""

from __future__ import annotations

from typing import Annotated

import typer


def push(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A run, a model folder, or the name of a bundled model.")
    ],
    name: Annotated[
        str, typer.Argument(metavar="hf://OWNER/NAME", help="The repository; it is created if there is none.")
    ],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    trained_on: Annotated[
        bool,
        typer.Option(
            "--trained-on",
            help="Also upload the names of the training speakers and the hashes of the training clips, so "
            "that evaluations of the model leave them out.",
        ),
    ] = False,
    message: Annotated[
        str | None, typer.Option("--message", metavar="TEXT", help="Message of the commit.")
    ] = None,
) -> None:
    """Upload a model to the Hugging Face hub.

    Uploads the ONNX file, the Spec (config.json), the weights and the model card, with the results of the run
    if it was evaluated. The token is taken from HF_TOKEN or from `hf auth login`. Use the model with
    `serenade predict --model hf://OWNER/NAME`.
    """
    from serenade.training.push import push as push_model

    print(push_model(model, name, private=private, trained_on=trained_on, message=message))

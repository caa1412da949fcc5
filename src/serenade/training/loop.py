"""The training loop. Lightning Fabric places the model and averages gradients over processes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.folders import EpochLog, RunFolder
from serenade.memory import fast_reuse, release
from serenade.networks.auxiliary import add_auxiliary_heads, auxiliary_loss
from serenade.networks.registry import Network
from serenade.schema import check, parse_json
from serenade.training.checkpoint import load_checkpoint, restoring, save_checkpoint
from serenade.training.data.augment import Step, augmented
from serenade.training.data.batches import Batches
from serenade.training.dev import dev_figures
from serenade.training.ema import ema_of
from serenade.training.epochs import best_epoch, dev_score, stops_early
from serenade.training.optimizers import optimizers_of, schedule_of
from serenade.training.recipe import Recipe


@fast_reuse()  # every step allocates arrays of the same sizes: 1.2 to 1.5 times as fast
def fit(
    recipe: Recipe,
    network: Network,
    train: Batches,
    dev: Batches,
    labels: tuple[str, ...],
    *,
    seed: int,
    folder: RunFolder,
    fabric: Fabric,
    on_epoch: Callable[[EpochLog], None],
    auxiliary_targets: Mapping[str, Tensor] | None = None,
) -> Network:
    """Train one network; continue from the last checkpoint in `folder` if there is one.

    Args:
        recipe: every choice.
        network: initialised from the same seed.
        train: the train part.
        dev: the dev part, for every choice during training; never the test part.
        labels: order of the classes.
        seed: of the order of clips, augmentation and dropout.
        folder: where the checkpoints are.
        fabric: launched already.
        on_epoch: called with the figures of each epoch, past ones of a resumed run included.
        auxiliary_targets: of every row of the store: class numbers, `UNKNOWN` where there is none
            [shape=(rows,)], or values to regress [shape=(rows, n)].

    Returns:
        The network that is kept, on the CPU, in evaluation mode.

    Raises:
        RecipeError: the loss is not finite.
        ModelError: a checkpoint is damaged.
    """
    choice, front_end = recipe.training, train.front_end
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = ema_of(network, decay=choice.ema_decay).to(fabric.device).eval()
    kept = cast(Network, ema.module)
    sizes = {
        name: wanted.shape[1] if wanted.is_floating_point() else int(wanted.max()) + 1
        for name, wanted in (auxiliary_targets or {}).items()
    }
    with_heads = add_auxiliary_heads(network, sizes) if sizes else network
    model, *optimizers = fabric.setup(with_heads, *optimizers_of(with_heads, network, recipe))
    steps = len(train) * choice.epochs
    schedules = [schedule_of(optimizer, recipe, steps=steps) for optimizer in optimizers]
    class_weights = _class_weights(train.targets).to(fabric.device) if choice.class_weights else None
    frames_per_s = front_end.rate_hz / front_end.hop

    history: list[EpochLog] = []
    if folder.last_checkpoint.exists():
        with restoring(folder.last_checkpoint):
            state = load_checkpoint(folder.last_checkpoint)
            with_heads.load_state_dict(state["network"])
            kept.load_state_dict(state["kept"])
            stateful = [*optimizers, *schedules]
            for part, saved in zip(stateful, state["optimizers"] + state["schedules"], strict=True):
                part.load_state_dict(saved)
            history = parse_json(state["history"])
            check(history, tuple[dict[str, float], ...], key="history")
            ema.n_averaged.fill_(len(history) * len(train))
        for line in history:
            on_epoch(line)

    for epoch in range(len(history) + 1, choice.epochs + 1):
        if stops_early(history, recipe):
            break
        started, losses, right = time.perf_counter(), [], []
        # All randomness follows from (seed, epoch, rank): a resumed run repeats the uninterrupted one.
        torch.manual_seed(hash((seed, epoch, fabric.global_rank)) & 0x7FFF_FFFF)
        generator = torch.Generator().manual_seed(torch.initial_seed() + 1)
        model.train()
        for number, batch in enumerate(train.epoch(seed, epoch), start=(epoch - 1) * len(train) + 1):
            step = Step(frames_per_s=frames_per_s, progress=number / steps, generator=generator)
            batch = augmented(batch, recipe.augment, step)
            inputs, targets = fabric.to_device((batch.inputs, batch.targets))
            output = model(**inputs)
            logits, auxiliary = output if auxiliary_targets else (output, {})
            # Each member of an ensemble has a loss of its own, so that their errors stay independent.
            if logits.ndim == 3:
                targets = targets.repeat_interleave(logits.shape[1], dim=0)
                logits = logits.flatten(0, 1)
            loss = F.cross_entropy(
                logits.float(), targets, weight=class_weights, label_smoothing=choice.label_smoothing
            )
            if auxiliary_targets:
                wanted = {
                    name: values[batch.rows].to(fabric.device) for name, values in auxiliary_targets.items()
                }
                loss = loss + choice.auxiliary_loss_weight * auxiliary_loss(auxiliary, wanted)
            model.zero_grad()
            fabric.backward(loss)
            if choice.gradient_clip_norm:
                nn.utils.clip_grad_norm_(with_heads.parameters(), choice.gradient_clip_norm)
            for part in optimizers if choice.schedule == "plateau" else [*optimizers, *schedules]:
                part.step()
            ema.update_parameters(network)
            losses.append(loss.detach())
            right.append((logits.detach().argmax(1) == targets.argmax(1)).float().mean())

        # One process evaluates for all, so that plateau and early stopping agree between processes.
        figures = fabric.broadcast(dev_figures(kept, dev, labels, fabric.device))
        line = {
            "epoch": epoch,
            "step": epoch * len(train),
            "train_loss": float(fabric.all_reduce(torch.stack(losses).mean())),
            "train_accuracy": float(fabric.all_reduce(torch.stack(right).mean())),
            **figures,
            "lr": optimizers[0].param_groups[0]["lr"],
            "seconds": round(time.perf_counter() - started, 3),
        }
        if not math.isfinite(line["train_loss"]):
            raise RecipeError(
                f"the loss is not finite in epoch {epoch}; lower training.learning_rate, or set "
                "training.gradient_clip_norm=1"
            )
        if choice.schedule == "plateau":
            for schedule in schedules:
                schedule.step(dev_score(line, choice.monitor))
        history.append(line)
        if fabric.is_global_zero:
            state = {
                "network": with_heads.state_dict(),
                "kept": kept.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                "schedules": [schedule.state_dict() for schedule in schedules],
                "history": json.dumps(history),
            }
            # The last checkpoint is written after the best one: it alone states that the epoch is finished.
            if best_epoch(history, choice.monitor) == epoch:
                save_checkpoint(folder.best_checkpoint, state)
            save_checkpoint(folder.last_checkpoint, state)
        on_epoch(line)
        release()
        fabric.barrier()

    if choice.checkpoint == "best":
        with restoring(folder.best_checkpoint):
            kept.load_state_dict(load_checkpoint(folder.best_checkpoint)["kept"])
    return kept.cpu().eval()


def _class_weights(targets: NDArray[np.float32]) -> Tensor:
    """Inverse class frequency, 1 on average."""
    counts = targets.sum(0)
    weights = counts.sum() / len(counts) / counts.clip(min=1)
    return torch.from_numpy(weights.astype(np.float32))

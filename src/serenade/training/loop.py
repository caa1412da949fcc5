"""The training loop, whole. Lightning Fabric beneath it places the model and averages gradients."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.evaluation.metrics import accuracy, confusion_matrix, uar, weighted_f1
from serenade.networks.auxiliary import asked_for_more, auxiliary_loss
from serenade.networks.registry import SOUND, Network
from serenade.training.checkpoint import BEST, LAST, load_checkpoint, save_checkpoint
from serenade.training.data.augmentation import augment, mixup
from serenade.training.data.batches import Batch, Batches
from serenade.training.muon import Muon
from serenade.training.recipe import Augment, Recipe

EpochLog = dict[str, float]


def fit(
    recipe: Recipe,
    network: Network,
    train: Batches,
    dev: Batches,
    labels: tuple[str, ...],
    *,
    seed: int,
    folder: Path,
    fabric: Fabric,
    report: Callable[[EpochLog], None],
    questions: Mapping[str, Tensor] | None = None,
) -> Network:
    """Train one network; go on from the checkpoint in `folder` if there is one.

    Args:
        recipe: every choice.
        network: fresh from the same seed.
        train: what is learnt from.
        dev: other speakers, for every choice that is made on the way; never the test part.
        labels: order of the classes.
        seed: of the order of clips, augmentation and dropout.
        folder: where `last.ckpt`, `best.ckpt` are kept.
        fabric: launched already.
        report: called with the figures of each epoch, past ones of a resumed run included.
        questions: what else the network is asked while it learns: the answers, by number, of every row of
            the store, `UNKNOWN` where there is none [shape=(rows,)]; or the numbers that are asked for
            [shape=(rows, n)].

    Returns:
        The network that was kept, on the CPU, in evaluation mode.
    """
    choice, front_end = recipe.training, train.front_end
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    kept: Network = copy.deepcopy(network).to(fabric.device).eval()
    answers = {
        name: wanted.shape[1] if wanted.is_floating_point() else int(wanted.max()) + 1
        for name, wanted in (questions or {}).items()
    }
    taught = asked_for_more(network, answers) if answers else network
    model, *optimizers = fabric.setup(taught, *_optimizers(taught, network, recipe))
    steps = len(train) * choice.epochs
    schedules = [_schedule(optimizer, recipe, steps=steps) for optimizer in optimizers]
    class_weights = _class_weights(train.targets).to(fabric.device) if choice.class_weights else None
    frames_per_s = front_end.rate_hz / front_end.hop

    history: list[EpochLog] = []
    if (folder / LAST).exists():
        state = load_checkpoint(folder / LAST)
        taught.load_state_dict(state["network"])
        kept.load_state_dict(state["kept"])
        for part, saved in zip(
            [*optimizers, *schedules], state["optimizers"] + state["schedules"], strict=True
        ):
            part.load_state_dict(saved)
        history = json.loads(state["history"])
        for line in history:
            report(line)

    for epoch in range(len(history) + 1, choice.epochs + 1):
        if _stopped_early(history, recipe):
            break
        started, losses, right = time.perf_counter(), [], []
        # Chance follows from (seed, epoch, rank) alone: a resumed run repeats the unbroken one.
        torch.manual_seed(hash((seed, epoch, fabric.global_rank)) & 0x7FFF_FFFF)
        generator = torch.Generator().manual_seed(torch.initial_seed() + 1)
        model.train()
        for number, batch in enumerate(train.epoch(seed, epoch), start=(epoch - 1) * len(train) + 1):
            inputs, targets = _augmented(
                batch,
                recipe.augment,
                frames_per_s=frames_per_s,
                progress=number / steps,
                generator=generator,
            )
            inputs, targets = fabric.to_device((inputs, targets))
            answer = model(**inputs)
            logits, others = answer if questions else (answer, {})
            # Members of a committee are held against the label one by one: their errors stay their own.
            if logits.ndim == 3:
                targets = targets.repeat_interleave(logits.shape[1], dim=0)
                logits = logits.flatten(0, 1)
            loss = F.cross_entropy(
                logits.float(), targets, weight=class_weights, label_smoothing=choice.label_smoothing
            )
            if questions:
                asked = {name: answers[batch.rows].to(fabric.device) for name, answers in questions.items()}
                loss = loss + choice.auxiliary_weight * auxiliary_loss(others, asked)
            model.zero_grad()
            fabric.backward(loss)
            if choice.clip_norm:
                nn.utils.clip_grad_norm_(taught.parameters(), choice.clip_norm)
            for part in optimizers if choice.schedule == "plateau" else [*optimizers, *schedules]:
                part.step()
            _follow(kept, network, decay=choice.average, step=number)
            losses.append(loss.detach())
            right.append((logits.detach().argmax(1) == targets.argmax(1)).float().mean())

        # One process judges for all: what follows from it (plateau, early stopping) must not differ.
        figures = fabric.broadcast(dev_figures(kept, dev, labels, fabric))
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
                f"the loss is not a number in epoch {epoch}; lower training.learning_rate, or set "
                "training.clip_norm=1"
            )
        if choice.schedule == "plateau":
            for schedule in schedules:
                schedule.step(_goodness(line, choice.monitor))
        history.append(line)
        if fabric.is_global_zero:
            state = {
                "network": taught.state_dict(),
                "kept": kept.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                "schedules": [schedule.state_dict() for schedule in schedules],
                "history": json.dumps(history),
            }
            # The last one after the best one: it alone says that the epoch is done.
            if _best_epoch(history, choice.monitor) == epoch:
                save_checkpoint(folder / BEST, state)
            save_checkpoint(folder / LAST, state)
        report(line)
        fabric.barrier()

    if choice.keep == "best":
        kept.load_state_dict(load_checkpoint(folder / BEST)["kept"])
    return kept.cpu().eval()


def kept_line(history: list[EpochLog], recipe: Recipe) -> EpochLog:
    """The figures of the epoch whose weights are kept."""
    best = recipe.training.keep == "best"
    return history[_best_epoch(history, recipe.training.monitor) - 1] if best else history[-1]


def logits_of(
    network: nn.Module, batches: Batches, device: torch.device | str = "cpu"
) -> NDArray[np.float32]:
    """Logits of every clip, in the order of `batches.rows` [shape=(n, classes)]."""
    rows, logits = [], []
    with torch.inference_mode():
        for batch in batches.in_order():
            inputs = {name: tensor.to(device) for name, tensor in batch.inputs.items()}
            logits.append(network(**inputs).float().cpu().numpy())
            rows.append(batch.rows)
    place = {int(row): number for number, row in enumerate(np.concatenate(rows))}
    together: NDArray[np.float32] = np.concatenate(logits)
    return together[[place[int(row)] for row in batches.rows]]


def _augmented(
    batch: Batch, choice: Augment, *, frames_per_s: float, progress: float, generator: torch.Generator
) -> tuple[Mapping[str, Tensor], Tensor]:
    """Inputs and targets, the sound among them changed; clips are mixed only where sound is all there is."""
    if not batch.inputs.keys() >= SOUND:
        return batch.inputs, batch.targets
    features, lengths = augment(
        batch.inputs["features"],
        batch.inputs["lengths"],
        choice,
        frames_per_s=frames_per_s,
        progress=progress,
        generator=generator,
    )
    targets = batch.targets
    if batch.inputs.keys() == SOUND:
        features, lengths, targets = mixup(features, lengths, targets, choice, generator=generator)
    return {**batch.inputs, "features": features, "lengths": lengths}, targets


def dev_figures(network: nn.Module, dev: Batches, labels: tuple[str, ...], fabric: Fabric) -> EpochLog:
    """Loss, accuracy, UAR and weighted F1 on the dev part."""
    logits = logits_of(network, dev, fabric.device)
    true = [labels[number] for number in dev.targets.argmax(1)]
    predicted = [labels[number] for number in logits.argmax(1)]
    confusion = confusion_matrix(true, predicted, labels)
    loss = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(dev.targets))
    return {
        "dev_loss": float(loss),
        "dev_uar": float(uar(confusion)),
        "dev_accuracy": float(accuracy(confusion)),
        "dev_weighted_f1": float(weighted_f1(confusion)),
    }


def _optimizers(taught: nn.Module, network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW (Loshchilov & Hutter 2019), which does not decay biases and normalisation; Muon if asked for."""
    choice = recipe.training
    turned = network.muon_weights() if choice.muon_rate else []
    pretrained = network.pretrained_weights()
    apart = {id(weight) for weight in [*turned, *pretrained]}
    fresh = [weight for weight in taught.parameters() if weight.requires_grad and id(weight) not in apart]
    groups = [
        {"params": [weight for weight in weights if (weight.ndim > 1) == decays], "lr": rate}
        | {"weight_decay": choice.weight_decay if decays else 0.0}
        for weights, rate in ((fresh, choice.learning_rate), (pretrained, choice.encoder_rate))
        for decays in (True, False)
        if weights
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, fused=True)]
    if turned:
        optimizers.append(Muon(turned, lr=choice.muon_rate, weight_decay=choice.muon_decay))
    return optimizers


def _schedule(optimizer: torch.optim.Optimizer, recipe: Recipe, *, steps: int) -> Any:
    choice = recipe.training
    if choice.schedule == "one-cycle":
        # One step more than is taken, so that the very last call stays inside the schedule; and a rise of
        # at least one step, which torch divides by.
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=steps + 1,
            pct_start=max(choice.warmup_share, 2 / (steps + 1)),
            cycle_momentum=False,
        )
    if choice.schedule == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="max", factor=0.5, patience=choice.plateau_epochs
        )
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def _class_weights(targets: NDArray[np.float32]) -> Tensor:
    """Inverse class frequency, 1 on average."""
    counts = targets.sum(0)
    weights = counts.sum() / len(counts) / counts.clip(min=1)
    return torch.from_numpy(weights.astype(np.float32))


def _follow(kept: nn.Module, network: nn.Module, *, decay: float, step: int) -> None:
    """Move the kept weights towards the trained ones; at decay 0 they are the same.

    The decay starts low, so that the first random weights are soon forgotten.
    """
    decay = min(decay, (1 + step) / (10 + step)) if decay else 0.0
    with torch.no_grad():
        torch._foreach_lerp_(_floating(kept), _floating(network), 1 - decay)
        for count, current in zip(kept.buffers(), network.buffers(), strict=True):
            if not current.is_floating_point():
                count.copy_(current)


def _floating(module: nn.Module) -> list[Tensor]:
    """What moves; the frozen part of a pretrained encoder is large, and does not."""
    both = [*(weight for weight in module.parameters() if weight.requires_grad), *module.buffers()]
    return [tensor for tensor in both if tensor.is_floating_point()]


def _goodness(line: EpochLog, monitor: str) -> float:
    """The dev metric, turned so that more is better; a loss that is no number is worst."""
    value = -line[monitor] if monitor == "dev_loss" else line[monitor]
    return value if math.isfinite(value) else -math.inf


def _best_epoch(history: list[EpochLog], monitor: str) -> int:
    """The first epoch that no later one beats."""
    return 1 + max(range(len(history)), key=lambda place: (_goodness(history[place], monitor), -place))


def _stopped_early(history: list[EpochLog], recipe: Recipe) -> bool:
    patience = recipe.training.patience
    if not patience or not history:
        return False
    return len(history) - _best_epoch(history, recipe.training.monitor) >= patience

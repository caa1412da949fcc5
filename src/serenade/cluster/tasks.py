"""A function over chunks of items on the workers of a cluster.

Ray runs a task again if its worker process or its node ends. A chunk whose worker ends again and again is run
item by item, so that one item that no worker survives costs only itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from serenade.errors import ClusterError, SerenadeError

RETRIES = 3
"""How often Ray runs a task again after the end of its worker or node."""

_PER_CPU = 2
"""Tasks that are submitted per core: while one runs, the next one is already there."""

_COUNT_AGAIN_S = 5.0

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


@dataclass(eq=False)
class _Pending(Generic[K, T, R]):
    """A chunk on its way: as one task, or item by item after its worker has ended too often.

    Attributes:
        key: names the chunk.
        items: its items.
        results: results so far by the position of the item; of the items that run one by one.
    """

    key: K
    items: Sequence[T]
    results: dict[int, R] = field(default_factory=dict)


def map_chunks(
    function: Callable[..., Sequence[R]],
    chunks: Mapping[K, Sequence[T]],
    *shared: object,
    gave_up: Callable[[T], R],
) -> Generator[tuple[K, list[R]]]:
    """Yield (key, results) of each chunk in the order in which they are done, each once.

    Args:
        function: called as `function(items, *shared)`, on one core; returns a result for each item. It is
            imported on the workers, so they need the same version of this package.
        chunks: items by key.
        shared: arguments that all calls have in common; each is sent to a node once.
        gave_up: the result of an item that ended its worker process each time.

    Raises:
        SerenadeError: one that `function` has raised.
        ClusterError: the cluster was lost, or its workers cannot import `function`.
    """
    import ray

    task = ray.remote(num_cpus=1, max_retries=RETRIES)(function)
    sent = [ray.put(argument) for argument in shared]
    waiting = iter(chunks.items())
    running: dict[Any, tuple[_Pending[K, T, R], int | None]] = {}
    cpus = _Cores()
    has_more = True
    try:
        while has_more or running:
            while has_more and len(running) < _PER_CPU * cpus.count():
                has_more = (chunk := next(waiting, None)) is not None
                if chunk is not None:
                    running[task.remote(chunk[1], *sent)] = (_Pending(*chunk), None)
            if not running:
                break
            done, _ = ray.wait(list(running), timeout=_COUNT_AGAIN_S)
            for reference in done:
                pending, position = running.pop(reference)
                results = _result_of(reference)
                if position is None and results is not None:
                    yield pending.key, list(results)
                elif position is None and len(pending.items) > 1:
                    for number, item in enumerate(pending.items):
                        running[task.remote([item], *sent)] = (pending, number)
                else:
                    number = position or 0
                    pending.results[number] = results[0] if results else gave_up(pending.items[number])
                    if len(pending.results) == len(pending.items):
                        yield pending.key, [pending.results[place] for place in range(len(pending.items))]
    except (ConnectionError, ray.exceptions.RaySystemError) as cause:
        running.clear()  # there is nobody to cancel them
        raise ClusterError(
            "the connection to the Ray cluster was lost; run the same command again to continue"
        ) from cause
    finally:
        for reference in running:
            ray.cancel(reference)


def _result_of(reference: Any) -> Any:
    """The result of a task that is done; None if its worker or node ended each time."""
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, SerenadeError):
            raise cause from None
        if isinstance(cause, ModuleNotFoundError | ImportError) or "failed to import" in str(error):
            raise ClusterError(
                f"the workers cannot import what they run ({cause}); install the same version of "
                "serenade[cluster] on every node"
            ) from error
        raise
    except (
        ray.exceptions.WorkerCrashedError,
        ray.exceptions.NodeDiedError,
        ray.exceptions.OutOfMemoryError,
        ray.exceptions.ObjectLostError,
        ray.exceptions.LocalRayletDiedError,
    ):
        return None


class _Cores:
    """The number of cores of the cluster, which may grow and shrink; counted every few seconds."""

    def __init__(self) -> None:
        self._count, self._counted_at = 1, -_COUNT_AGAIN_S

    def count(self) -> int:
        """The number of cores, at least 1."""
        import ray

        now = time.monotonic()
        if now - self._counted_at >= _COUNT_AGAIN_S:
            self._count = max(1, int(ray.cluster_resources().get("CPU", 0)))
            self._counted_at = now
        return self._count

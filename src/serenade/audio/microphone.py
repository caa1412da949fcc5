"""Sound from a microphone, by PortAudio (sounddevice, the extra `mic`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.errors import UnsupportedMedia

BLOCK_S = 0.1
"""Length of the blocks that a microphone gives."""

_WAIT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Device:
    """An input device.

    Attributes:
        number: by which it is chosen.
        name: of the device and its driver.
        channels: number of channels.
        rate_hz: its own sample rate.
        is_default: whether it is used if none is named.
    """

    number: int
    name: str
    channels: int
    rate_hz: int
    is_default: bool


def list_devices() -> list[Device]:
    """Return the input devices of this machine.

    Raises:
        UnsupportedMedia: PortAudio is not installed.
    """
    sounddevice = _sounddevice()
    default = sounddevice.default.device[0]
    return [
        Device(
            number=number,
            name=str(device["name"]),
            channels=int(device["max_input_channels"]),
            rate_hz=round(device["default_samplerate"]),
            is_default=number == default,
        )
        for number, device in enumerate(sounddevice.query_devices())
        if device["max_input_channels"] > 0
    ]


def find_device(name: str | None = None) -> Device:
    """Return an input device.

    Args:
        name: its number, or a part of its name; None for the default.

    Raises:
        UnsupportedMedia: there is none, or several devices have the name.
    """
    devices = list_devices()
    if not devices:
        raise UnsupportedMedia("this machine has no input device; connect a microphone")
    if name is None:
        return next((device for device in devices if device.is_default), devices[0])
    found = [device for device in devices if str(device.number) == name.strip()] or [
        device for device in devices if name.lower() in device.name.lower()
    ]
    if len(found) != 1:
        names = "; ".join(f"{device.number} {device.name}" for device in found or devices)
        reason = "names several input devices" if found else "names no input device"
        raise UnsupportedMedia(f"--device {name!r:.80} {reason}: {names}")
    return found[0]


class Microphone:
    """Blocks of sound from a device, while the block of `with` runs.

    Sound that arrives while the last block is worked on waits in memory.

    Args:
        device: from `find_device`.

    Attributes:
        lost: blocks before which the device reported lost sound.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.lost = 0
        self._queue: SimpleQueue[NDArray[np.float32]] = SimpleQueue()
        self._stream: Any = None

    def __enter__(self) -> Microphone:
        sounddevice = _sounddevice()
        try:
            self._stream = sounddevice.InputStream(
                device=self.device.number,
                samplerate=self.device.rate_hz,
                channels=1,
                dtype="float32",
                blocksize=round(BLOCK_S * self.device.rate_hz),
                callback=self._take,
            )
            self._stream.start()
        except sounddevice.PortAudioError as cause:
            raise UnsupportedMedia(
                f"the input device {self.device.name!r:.80} cannot be opened ({cause}); is it in use, or is "
                "access to the microphone off?"
            ) from cause
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.stop()
        self._stream.close()

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield mono blocks [shape=(samples,)] at the rate of the device, without end.

        Raises:
            UnsupportedMedia: the device gives no sound any more.
        """
        while True:
            try:
                yield self._queue.get(timeout=_WAIT_S)
            except Empty:
                raise UnsupportedMedia(
                    f"the input device {self.device.name!r:.80} gives no sound; is it connected?"
                ) from None

    def _take(self, samples: NDArray[np.float32], frames: int, time: object, status: Any) -> None:
        self.lost += bool(status)
        self._queue.put(samples[:, 0].copy())


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as cause:  # the wheel for Linux is without the library
        raise UnsupportedMedia(
            "the library PortAudio is missing; install it, on Debian and Ubuntu: apt install libportaudio2"
        ) from cause
    return sounddevice

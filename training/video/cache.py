"""Latents and encoded captions of every entry, computed once by all processes and kept on disk.

A file of the cache is named by a digest of everything that it follows from: the entry and its state on disk, the cut, the autoencoder and
the text encoder. So the cache can be shared by runs and filled in parts, and nothing in it is ever out of date. An entry that cannot be
read leaves a file with the reason instead, and is not tried again until it changes.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from ..engine.stage import Example
from .decoding import Cut, read_frames
from .sources import Entry
from .stage import Clips

MOST_UNREADABLE = 0.05  # of all entries
REASON = ".unreadable"
log = logging.getLogger("mvcustom.training")


@dataclass(frozen=True, slots=True)
class Encoders:
    """What turns frames and captions into what the network reads.

    Attributes:
        encode_frames: [N, 3, H, W] in 0..1 to latents [N, 4, h, w] as the U-Net wants them.
        encode_text: a caption to [L, D].
        digest: of the weights of both.
    """

    encode_frames: Callable[[Tensor], Tensor]
    encode_text: Callable[[str], Tensor]
    digest: str


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache of one cut and one pair of encoders."""

    folder: Path
    cut: Cut
    encoders: Encoders

    def fill(self, entries: list[Entry], processes: PartialState) -> list[Entry]:
        """Encode what is not there yet, each process its own part; return the entries that can be read.

        Raises:
            ValueError: if more than `MOST_UNREADABLE` of them cannot.
        """
        first, last = (processes.process_index + side for side in (0, 1))
        count = len(entries)
        share = range(first * count // processes.num_processes, last * count // processes.num_processes)  # side by side in their tars
        bar = tqdm(share, desc="cache", unit="video", mininterval=2.0, disable=not processes.is_main_process)
        faults = gather_object([(place, reason) for place in bar if (reason := self._add(entries[place])) is not None])
        if faults and processes.is_main_process:
            listed = self.folder / "unreadable.txt"
            listed.write_text("".join(f"{entries[place].name}: {reason}\n" for place, reason in faults), encoding="utf-8")
            log.warning("%d of %d entries cannot be read and are skipped; they are listed in %s", len(faults), count, listed)
        if len(faults) > MOST_UNREADABLE * count:
            place, reason = faults[0]
            raise ValueError(
                f"--data: wanted at most {MOST_UNREADABLE:.0%} of the entries unreadable, got {len(faults)} of {count}, first "
                f"{entries[place].name} ({reason}); {self.folder / 'unreadable.txt'} lists them"
            )
        unreadable = {place for place, _ in faults}
        return [entry for place, entry in enumerate(entries) if place not in unreadable]

    def open(self, entries: list[Entry], extras: Sequence[str] = ()) -> Clips:
        """Clips of the cut's number of frames, at random places in the entries.

        Args:
            extras: what is read besides latents and context; all entries must have it, see `EXTRAS`.
        """
        paths, frames = [self._path(entry) for entry in entries], self.cut.frames

        def draw(index: int, generator: torch.Generator) -> Example:
            with safe_open(paths[index], "pt") as file:
                places = file.get_slice("latents").get_shape()[0] - frames + 1
                start = int(torch.randint(places, (), generator=generator))
                sliced = {name: file.get_slice(name)[start : start + frames].float() for name in ("latents", *extras)}
                return sliced | {"context": file.get_tensor("context").float()}

        digest = hashlib.sha256("".join(path.stem for path in paths).encode()).hexdigest()[:16]
        return Clips(len(entries), draw, self._empty(), f"{len(entries)} entries, digest {digest}")

    def _add(self, entry: Entry) -> str | None:
        """Encode an entry if need be; the reason if it cannot be read."""
        path = self._path(entry)
        reason = path.with_suffix(REASON)
        if reason.exists():
            return reason.read_text(encoding="utf-8")
        if path.exists():
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            read = read_frames(entry, self.cut)
        except ValueError as error:
            reason.write_text(str(error), encoding="utf-8")
            return str(error)
        latents = self.encoders.encode_frames(read.pop("frames"))
        _write({"latents": latents.half(), "context": self.encoders.encode_text(entry.caption).half(), **read}, path)
        return None

    def _empty(self) -> Tensor:
        """[L, D] the encoded empty caption."""
        path = self.folder / f"empty-{self.encoders.digest}.safetensors"
        if not path.exists():
            _write({"context": self.encoders.encode_text("").half()}, path)
        return load_file(path)["context"].float()

    def _path(self, entry: Entry) -> Path:
        parts = [*entry.identity, entry.caption, asdict(self.cut), self.encoders.digest]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
        return self.folder / digest[:2] / f"{digest}.safetensors"


def split_held_out(entries: list[Entry], count: int) -> tuple[list[Entry], list[Entry]]:
    """The entries to learn from, and so many that are held out, the same ones in every run.

    Raises:
        ValueError: if none would be left to learn from.
    """
    if count >= len(entries):
        raise ValueError(f"--held-out: wanted fewer than the {len(entries)} entries that can be read, got {count}")
    ranked = sorted(entries, key=lambda entry: hashlib.sha256(f"{entry.name} {entry.offset}".encode()).digest())
    held = set(ranked[:count])
    return [entry for entry in entries if entry not in held], [entry for entry in entries if entry in held]


def _write(tensors: dict[str, Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".part{PartialState().process_index}")
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, part)
    part.replace(path)

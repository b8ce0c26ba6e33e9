"""How the scope of the motion modules widens over the updates."""

from __future__ import annotations

from dataclasses import dataclass

from ...mvcustom_core.backbone.attention import Scope

Scopes = tuple[Scope, ...]  # one for each level of the U-Net, outermost first


@dataclass(frozen=True, slots=True)
class Widening:
    """From which update on the modules look how far.

    Attributes:
        steps: (update, scopes), the first at update 0.
    """

    steps: tuple[tuple[int, Scopes], ...]

    @classmethod
    def constant(cls, scopes: Scopes) -> Widening:
        """The same scopes at all times."""
        return cls(((0, scopes),))

    @classmethod
    def from_text(cls, text: str, widest: Scopes) -> Widening:
        """Read "0:1, 2000:3, 6000:5, 12000:9, 20000:dense", or "12000:5/9/dense/dense" with one window for each level.

        Args:
            widest: no level ever looks farther than this.

        Raises:
            ValueError: if the text is no such list.
        """
        steps = []
        for part in text.split(","):
            update, colon, windows = part.strip().partition(":")
            if not colon or not update.strip().isdigit():
                raise ValueError(f'--widen: wanted update and window as in "2000:3", got {part.strip()!r}')
            steps.append((int(update), narrow(_read_windows(windows, len(widest)), widest)))
        updates = [update for update, _ in steps]
        if updates[0] != 0 or updates != sorted(set(updates)):
            raise ValueError(f"--widen: wanted updates that begin at 0 and rise, got {', '.join(map(str, updates))}")
        return cls(tuple(steps))

    def scopes_at(self, update: int) -> Scopes:
        """The scopes at an update."""
        return next(scopes for first, scopes in reversed(self.steps) if first <= update)

    def changes_at(self, update: int) -> bool:
        """Whether the scopes are others from this update on."""
        return update > 0 and self.scopes_at(update) != self.scopes_at(update - 1)

    def __str__(self) -> str:
        return ", ".join(f"{update}:{describe_scopes(scopes)}" for update, scopes in self.steps)


def describe_scopes(scopes: Scopes) -> str:
    """The scopes as `Widening.from_text` reads them."""
    names = list(map(str, scopes))
    return names[0] if len(set(names)) == 1 else "/".join(names)


def narrow(scopes: Scopes, widest: Scopes) -> Scopes:
    """For each level the narrower of two scopes."""
    return tuple(min(pair, key=_reach) for pair in zip(scopes, widest, strict=True))


def _reach(scope: Scope) -> float:
    return float("inf") if scope.window is None else scope.window


def _read_windows(text: str, levels: int) -> Scopes:
    windows = [Scope.from_text(window) for window in text.split("/")]
    if len(windows) not in (1, levels):
        raise ValueError(f"--widen: wanted one window, or one for each of {levels} levels, got {text.strip()!r}")
    if any(scope.trajectory for scope in windows):
        raise ValueError("--widen: wanted windows of cells or dense, got trajectory, which needs no training of its own")
    return tuple(windows * levels if len(windows) == 1 else windows)

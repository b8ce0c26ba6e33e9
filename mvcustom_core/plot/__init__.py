"""Pictures of what a step made, drawn with PIL: a camera path in its scene, loss curves."""

from .losses import plot_losses
from .trajectory import plot_trajectory

__all__ = ["plot_losses", "plot_trajectory"]

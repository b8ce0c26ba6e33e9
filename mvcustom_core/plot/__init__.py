"""Plots of results, drawn with PIL: camera paths, photographs around their subject, loss curves."""

from .losses import plot_losses
from .photographs import plot_photographs
from .trajectory import plot_trajectory

__all__ = ["plot_losses", "plot_photographs", "plot_trajectory"]

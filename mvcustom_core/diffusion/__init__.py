"""Noise schedules, predictions and steps, which sampling and learning share."""

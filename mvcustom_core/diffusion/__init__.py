"""Noise schedules, prediction types and sampling steps, shared by sampling and learning."""

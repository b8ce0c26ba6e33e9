"""The training loop that every stage shares: Hugging Face accelerate, checkpoints, metrics, processes. It knows no network and no data."""

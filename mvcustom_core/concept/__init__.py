"""What is learned of a subject: pose-conditioned blocks that render it from references, its token, its file, and the learning."""

"""What is timed, one script a question; README.md says how. Not shipped, not imported by the pack."""

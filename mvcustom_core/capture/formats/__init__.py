"""Camera files: one room per format, each with a reader and a writer. Nothing here decodes pictures."""

"""Numbers only: compiled functions over arrays. Nothing here knows a word or a file."""

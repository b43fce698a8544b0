"""firth and its peers in one process run: ratios of CPU-seconds, and the quality of both."""

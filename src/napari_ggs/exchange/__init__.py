"""Foreign formats, one module each; every module reads what it writes."""

"""Studies: what a model is worth, on slides and crops whose truth is known."""

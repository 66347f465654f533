"""What a training says of itself in a command's words, in those of the Retrain dock."""

IN_THE_DOCK = {
    "use --device auto or cpu": "choose another one at 'Compute on'",
    "choose another folder": "copy the study to another folder and choose it in the preferences, "
    "since its models are beside it",
    "Set a smaller batch in the recipe, or close other programs": "Close other programs",
    "lower the recipe's learning rate": "lower the learning rate",
    "begin again with --no-resume": "begin again under another name",
    "write to another --out": "give it another name",
    ", or choose another --out": ", or give the new model another name",
    " (--start)": " ('Start from')",
}
"""What the command line calls it, and what the dock does."""


def in_dock_words(said: str) -> str:
    """A message of a training, as whoever looks at the dock can follow it."""
    for of_command, of_dock in IN_THE_DOCK.items():
        said = said.replace(of_command, of_dock)
    return said

"""What a recipe says of a study whose labels are learnt from."""

from pathlib import Path

from napari_ggs.models import DataSource
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key
from napari_ggs.training.recipe import RecipeError, Section


class OfStudy(Section):
    """Labels that people gave in a study.

    Attributes
    ----------
    study : Path
        The study's file (.ggs).
    slides : tuple of Path
        Folders below which the files of slides are that were moved or renamed.
    reviewer : str
        Whose labels; "": all readers', where they agree or have settled on a class.
    leave_out : tuple of str
        Patients that the model must not see at all, by their names in the study or by their keys.
    """

    study: Path
    slides: tuple[Path, ...] = ()
    reviewer: str = ""
    leave_out: tuple[str, ...] = ()

    def refuse_missing(self) -> None:
        """See that the study's file is there.

        Raises
        ------
        RecipeError
            If it is not.
        """
        if not self.study.is_file():
            raise RecipeError(
                f"There is no study {self.study.absolute()}: give the .ggs file whose labels are "
                "to be learnt from."
            )

    def kept_patients(self, store: CaseStore) -> dict[str, str]:
        """The key of each patient of the study who is not left out, by name.

        Raises
        ------
        RecipeError
            If one is left out whom the study does not know.
        """
        names = sorted({slide.patient for slide in store.slides()})
        keys = {name: patient_key(store, name) for name in names}
        if unknown := set(self.leave_out) - {*keys, *keys.values()}:
            raise RecipeError(
                f"The study has no patient {min(unknown)} to leave out: it has "
                f"{', '.join(names) or 'none'}."
            )
        return {n: key for n, key in keys.items() if not {n, key} & set(self.leave_out)}


def study_described() -> DataSource:
    """A study as a model card names it: without its file's name, which may name somebody."""
    return DataSource(name="labels of the readers of a study", licence="own")

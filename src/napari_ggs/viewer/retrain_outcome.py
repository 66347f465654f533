"""What comes of a training: its verdict, the model in use, and how the training goes or went."""

from html import escape

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ggs.training.options import Options
from napari_ggs.viewer.earlier_models import EarlierModels
from napari_ggs.viewer.retrain_progress import RetrainProgress
from napari_ggs.viewer.retrain_verdict import RetrainVerdict
from napari_ggs.viewer.style import MUTED, WARNING, wrapped

NONE_YET = "No model was trained from this study yet: press <b>Retrain</b> on the first page."
ELSEWHERE = "Of the study <b>{}</b>, which is not the one that is chosen now."
TRAINING, TRAINED = "Training <b>{}</b>", "How the training of <b>{}</b> went"


class RetrainOutcome(QWidget):
    """The page of the new model, while it learns and after."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.none, self.title = wrapped(NONE_YET, f"color: {MUTED};"), wrapped()
        self.elsewhere = wrapped(style=f"color: {WARNING};")
        self.verdict, self.earlier, self.progress = (
            RetrainVerdict(),
            EarlierModels(),
            RetrainProgress(),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(7)
        for part in (
            self.none, self.verdict, self.earlier, self.title, self.elsewhere, self.progress
        ):  # fmt: skip
            layout.addWidget(part)
        layout.addStretch(1)
        self.forget()

    def forget(self) -> None:
        """Show no training."""
        self.none.show()
        self.verdict.forget()
        for part in (self.title, self.elsewhere, self.progress):
            part.hide()

    def name_study(self, study: str) -> None:
        """Say of which study the training is, where another one is chosen; "": of that one."""
        self.elsewhere.setText(ELSEWHERE.format(escape(study)))
        self.elsewhere.setVisible(bool(study))

    def begin(self, options: Options) -> None:
        """Show a training that goes on."""
        self.none.hide()
        self.title.setText(TRAINING.format(escape(options.out.stem)))
        self.title.show()
        self.progress.begin(options)
        self.progress.show()
        self.verdict.hide()

    def over(self, options: Options) -> None:
        """Show a training that is over, and what can be done with its model."""
        self.title.setText(TRAINED.format(escape(options.out.stem)))
        self.progress.rest()
        self.verdict.judge(options)

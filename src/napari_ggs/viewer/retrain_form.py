"""The recipe of a retraining: what is trained, from where on, and how."""

from pathlib import Path

from qtpy.QtCore import QRegularExpression, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QRegularExpressionValidator
from qtpy.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.options import DEFAULT_RECIPES, Options, Task, plan_of
from napari_ggs.viewer.fields import combo
from napari_ggs.viewer.start_choice import StartChoice

TASKS: dict[str, Task] = {
    "Classifier (which lesion)": "classification",
    "Detector (where they are)": "detection",
}
MIXINGS = {"CircleMix": "circlemix", "CutMix": "cutmix", "None": "none"}
DEVICES = {"GPU if there is one": None, "Processor (CPU)": "cpu", "GPU (CUDA)": "cuda"}
IN_FILE_NAMES = QRegularExpression(r'[^/\\:*?"<>|]*')
HELP = {
    "task": "The classifier names the lesion in a circle; the detector finds the circles.",
    "start": "The model that goes on learning, or a fresh network; the model in use is selected.",
    "name": "What the new model will be called; nothing that is there is replaced.",
    "gamma": "How strongly training looks at the circles that it still gets wrong. The paper's is "
    "2.5; 0 treats all alike.",
    "balanced": "Show rare lesions as often as frequent ones, as the paper does.",
    "mixing": "Joins parts of two images, so that a model learns more from few. CircleMix cuts "
    "wedges around the middle, CutMix rectangles.",
    "length": "How long to learn. The best epoch is kept, so that too many cost time only.",
    "rate": "How far each step moves the model. Larger is faster, and may unlearn what it knew.",
    "device": "Where to compute. A GPU is some ten times faster.",
}


class RetrainForm(QWidget):
    """The fields of a recipe; what a person leaves alone is as the recipe has it.

    Attributes
    ----------
    changed : Signal
        Emits when anything of it has changed.
    task_changed : Signal
        Emits when another task is chosen, before `changed`.
    """

    changed = Signal()
    task_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = Path()
        self._build()
        self._lay_out()
        self._on_task()
        self._connect()

    @property
    def chosen_task(self) -> Task:
        """What is to be trained."""
        task: Task = self.task.currentData()
        return task

    def options(self, study: Path, folder: Path) -> Options:
        """What is wanted, as the fields say it.

        Parameters
        ----------
        study : Path
        folder : Path
            Where the new model is written to.
        """
        return Options(
            study=study,
            out=folder / f"{self.name.text().strip()}.safetensors",
            task=self.chosen_task,
            recipe=DEFAULT_RECIPES[self.chosen_task],
            start=self.start.model,
            backbone=self.start.backbone,
            settings=self._settings(),
            device=self.device.currentData(),
        )

    def select_start(self, folder: Path | None = None) -> None:
        """Offer what there is to start from, and select the model in use.

        Parameters
        ----------
        folder : Path, optional
            Of the study's own models; by default that of the last time.
        """
        self._folder = self._folder if folder is None else folder
        self.start.offer(self.chosen_task, self._folder)

    def _build(self) -> None:
        self.task, self.start = combo(HELP["task"]), StartChoice(HELP["start"])
        self.mixing, self.device = combo(HELP["mixing"]), combo(HELP["device"])
        for box, choices in ((self.task, TASKS), (self.mixing, MIXINGS), (self.device, DEVICES)):
            for words, data in choices.items():
                box.addItem(words, data)
        self.name, self.balanced = QLineEdit(), QCheckBox("Even classes")
        self.gamma, self.length, self.rate = QDoubleSpinBox(), QSpinBox(), QDoubleSpinBox()
        self.name.setValidator(QRegularExpressionValidator(IN_FILE_NAMES, self.name))
        self.gamma.setRange(0, 10)
        self.gamma.setSingleStep(0.5)
        self.rate.setDecimals(6)
        self.rate.setRange(1e-6, 1)
        self.rate.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.length.setRange(1, 100_000)
        for name in ("name", "gamma", "balanced", "length", "rate"):
            getattr(self, name).setToolTip(HELP[name])

    def _lay_out(self) -> None:
        form = self._form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(5)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = {
            "Train the": self.task, "Start from": self.start, "Call it": self.name,
            "Focal gamma": self.gamma, "Sampling": self.balanced, "Mixing": self.mixing,
            "Epochs": self.length, "Learning rate": self.rate, "Compute on": self.device,
        }  # fmt: skip
        for words, field in rows.items():
            form.addRow(words, field)
            self._label(field).setToolTip(field.toolTip())

    def _label(self, field: QWidget) -> QLabel:
        label = self._form.labelForField(field)
        assert isinstance(label, QLabel)
        return label

    def _connect(self) -> None:
        self.task.currentIndexChanged.connect(self._on_task)
        self.start.changed.connect(self.changed.emit)
        for box in (self.mixing, self.device):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        for spin in (self.gamma, self.length, self.rate):
            spin.valueChanged.connect(lambda _: self.changed.emit())
        self.balanced.toggled.connect(lambda _: self.changed.emit())
        self.name.textChanged.connect(lambda _: self.changed.emit())

    def _on_task(self) -> None:
        """Show what the recipe of the task says."""
        bare = Options(Path(), Path("new.safetensors"), self.chosen_task)
        plan = self._plan = plan_of(bare)
        parts = self.start, self.gamma, self.balanced, self.mixing, self.length, self.rate
        blockers = [QSignalBlocker(part) for part in parts]
        self.rate.setValue(plan.optimiser.lr)
        if isinstance(plan, ClassifierRecipe):
            self.gamma.setValue(plan.loss.gamma)
            self.balanced.setChecked(plan.sampling == "balanced")
            self.mixing.setCurrentIndex(self.mixing.findData(plan.mixing.kind))
        self.length.setValue(_length(plan))
        self.select_start()
        del blockers
        classifies = self.chosen_task == "classification"
        for field in (self.gamma, self.balanced, self.mixing):
            self._form.setRowVisible(field, classifies)
        self._label(self.length).setText("Epochs" if classifies else "Steps")
        self.task_changed.emit()
        self.changed.emit()

    def _settings(self) -> tuple[str, ...]:
        """The entries that differ from the recipe's."""
        plan, lr = self._plan, self.rate.value()
        told = [] if lr == round(plan.optimiser.lr, 6) else [f"optimiser.lr={lr!r}"]
        if self.length.value() != _length(plan):
            told.append(_with_length(plan, self.length.value()))
        if isinstance(plan, ClassifierRecipe):
            told += self._of_classifier(plan)
        return tuple(told)

    def _of_classifier(self, plan: ClassifierRecipe) -> list[str]:
        sampling = "balanced" if self.balanced.isChecked() else "plain"
        entries = {
            f"loss.gamma={self.gamma.value()!r}": self.gamma.value() != plan.loss.gamma,
            f'sampling="{sampling}"': sampling != plan.sampling,
            f'mixing.kind="{self.mixing.currentData()}"': self.mixing.currentData()
            != plan.mixing.kind,
        }
        return [entry for entry, differs in entries.items() if differs]


def _length(plan: ClassifierRecipe | DetectorRecipe) -> int:
    """Steps of a detector, epochs of a classifier."""
    if isinstance(plan, DetectorRecipe):
        return plan.schedule.steps
    return sum(stage.epochs for stage in plan.schedule.stages)


def _with_length(plan: ClassifierRecipe | DetectorRecipe, length: int) -> str:
    """The entry that makes a training so long, at the size of the finished model."""
    if isinstance(plan, DetectorRecipe):
        return f"schedule.steps={length}"
    px = plan.network.input_px
    return f"schedule.stages=[{{ px = {px}, epochs = {length} }}]"

"""The "Detect & Classify" dock: from a slide to named circles with one button."""

from pathlib import Path

import napari.viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.report import write_results
from napari_ggs.viewer.guide import Guide
from napari_ggs.viewer.messages import Job
from napari_ggs.viewer.progress_panel import ProgressPanel
from napari_ggs.viewer.results_panel import ResultsPanel
from napari_ggs.viewer.run_form import RunForm
from napari_ggs.viewer.slide_run import SlideRun
from napari_ggs.viewer.style import ACCENT, MUTED, STOP, WARNING, button_style, card_style, wrapped
from napari_ggs.viewer.threshold_sliders import ThresholdSliders

START, CANCEL = "Detect && Classify", "Stop"
WIDTH = 320
NOTHING = (
    "No glomerulus was found. Is the pixel size right? A lower detection score shows more circles."
)


class DetectDock(QScrollArea):
    """Choose a slide, press the button, see every glomerulus in the colour of its class.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    """

    def __init__(self, napari_viewer: "napari.viewer.Viewer") -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._build()
        self.button.clicked.connect(self._on_button)
        self.save.clicked.connect(self._on_save)
        self.form.slide_changed.connect(self._on_slide)
        self.form.changed.connect(self._show_state)
        self.form.models_changed.connect(self._tune)
        self.sliders.changed.connect(self._on_thresholds)
        for image in self.form.slides():
            if "run" in image.metadata:
                self._follow(image.metadata["run"])
        self._tune()
        self._show_state()

    @property
    def run(self) -> SlideRun | None:
        """The latest run on the chosen slide."""
        return None if self.form.image is None else self.form.image.metadata.get("run")

    @property
    def active(self) -> SlideRun | None:
        """The run that is going on."""
        runs = (image.metadata.get("run") for image in self.form.slides())
        return next((run for run in runs if run is not None and run.running), None)

    def _build(self) -> None:
        self.guide, self.form = Guide(), RunForm(self._viewer)
        self.button = QPushButton(START)
        self.progress, self.results = ProgressPanel(), ResultsPanel()
        self.message = _Message()
        self.sliders = ThresholdSliders()
        self.save = QPushButton("Save results …")
        self.save.setToolTip("Table (CSV), QuPath annotations, picture and summary of this slide.")
        small_print = wrapped("For research, not for diagnosis.", f"color: {MUTED};")
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(9)
        work = (self.guide, self.form, self.button, self.progress, self.message)
        outcome = (self.results, self.sliders, self.save, small_print)
        for part in (*work, *outcome):
            layout.addWidget(part)
        layout.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(WIDTH)

    def _on_button(self) -> None:
        if self.active is not None:
            self.active.cancel()
            self.button.setEnabled(False)
            self.button.setText("Stopping …")
        elif self._may_start_anew():
            self._start()

    def _may_start_anew(self) -> bool:
        """Ask before the classes that a person gave are lost to a new run."""
        given = 0 if self.run is None else self.run.session.labelled
        if not given:
            return True
        question = f"You gave a class to {given} circles. A new run starts without them. Run again?"
        answer = QMessageBox.question(self, "Run again?", question)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _start(self) -> None:
        image = self.form.image
        assert image is not None
        self.message.say("")
        try:
            job = self._job()
        except UserError as error:
            self.message.say(str(error))
            return
        self.button.setText("Starting …")
        self.button.repaint()  # now: napari takes a while to make the layers
        if self.run is not None:
            self.run.discard()
        run = SlideRun(self._viewer, image, job, self.form.cards())
        self._follow(run)
        self.progress.begin()
        run.start()
        self._show_state()

    def _follow(self, run: SlideRun) -> None:
        run.changed.connect(self._show_results)
        run.stepped.connect(self.progress.step)
        run.ended.connect(self._on_ended)

    def _job(self) -> Job:
        slide = self.form.chosen_slide()
        detector, classifier = self.form.models()
        return Job(
            slide=slide.path,
            mpp=slide.require_mpp(),
            detector=detector,
            classifier=classifier,
            thresholds=self.sliders.value,
            region=self.form.chosen_region(),
        )

    def _on_ended(self) -> None:
        run = self.sender()
        assert isinstance(run, SlideRun)
        self.message.say(run.failure or " ".join(self._remarks(run)))
        self._show_state()

    def _remarks(self, run: SlideRun) -> list[str]:
        """What one must know to read the result rightly."""
        remarks = []
        if not run.complete:
            remarks.append("Stopped: this is what was found until then.")
            if run.missed:
                remarks.append(f"{100 * run.missed:.0f} % of the tissue was not analysed.")
        elif run.session.percent_sclerotic() is None:
            remarks.append(NOTHING)
        if unread := run.slide.unread_fraction():
            remarks.append(f"{100 * unread:.1f} % of the tissue could not be read.")
        if unknown := int((glomeruli.classes_in_force(run.session.table) == "").sum()):
            remarks.append(f"{unknown} circles that touch it have no class.")
        return remarks

    def _on_slide(self) -> None:
        self.message.say("")
        self._tune()
        self._show_state()

    def _tune(self) -> None:
        """Set the sliders to the result that is shown, or to what the chosen models want."""
        run = self.run
        self.sliders.value = run.session.thresholds if run is not None else self.form.thresholds()

    def _on_thresholds(self, thresholds: Thresholds) -> None:
        if self.run is not None:
            self.run.set_thresholds(thresholds)

    def _on_save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results")
        if folder:
            self.save_to(Path(folder))

    def save_to(self, folder: Path) -> None:
        """Write the result files of the chosen slide; say so, or what went wrong."""
        run = self.run
        assert run is not None
        session = run.session
        try:
            files = write_results(
                session.table,
                run.slide,
                session.scheme,
                session.thresholds,
                folder,
                run.described(),
            )
        except UserError as error:
            self.message.say(str(error))
        else:
            self.message.say("Saved: " + ", ".join(file.name for file in files), good=True)

    def _show_state(self) -> None:
        """Make every part show what can be done now."""
        active, run = self.active, self.run
        self.button.setText(CANCEL if active else START)
        self.button.setStyleSheet(button_style(STOP if active else ACCENT))
        self.button.setEnabled(active is not None or not self.form.missing())
        self.button.setToolTip("" if active else self.form.missing())
        self.form.setEnabled(active is None)
        self.progress.setVisible(active is not None)
        done = run is not None and not run.running
        self.save.setEnabled(done)
        self.guide.point_to(0 if self.form.image is None else 2 if done else 1)
        self._show_results()

    def _show_results(self) -> None:
        if self.run is not None:
            self.results.show_session(self.run.session)
        else:
            self.results.show_nothing()


class _Message(QFrame):
    """A framed line in plain words; gone when there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._label = wrapped()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 7, 9, 7)
        layout.addWidget(self._label)
        self.hide()

    def say(self, words: str, good: bool = False) -> None:
        self.setStyleSheet(card_style(ACCENT if good else WARNING))
        self._label.setText(words)
        self.setVisible(bool(words))

    def text(self) -> str:
        return self._label.text()

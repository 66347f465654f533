"""The "Detect & Classify" dock: from a slide to named circles with one button."""

from pathlib import Path

import napari.viewer
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QFrame,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.guide import Guide
from napari_ggs.viewer.message_card import MessageCard
from napari_ggs.viewer.messages import Job
from napari_ggs.viewer.opening import open_slide
from napari_ggs.viewer.preferences import PLUGIN
from napari_ggs.viewer.progress_panel import ProgressPanel
from napari_ggs.viewer.remarks import remarks
from napari_ggs.viewer.reopening import keeping_of, reopen
from napari_ggs.viewer.results_panel import ResultsPanel
from napari_ggs.viewer.run_form import RunForm
from napari_ggs.viewer.saving import Saver
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.slide_run import SlideRun
from napari_ggs.viewer.style import ACCENT, MUTED, STOP, button_style, wrapped
from napari_ggs.viewer.threshold_sliders import ThresholdSliders

START, CANCEL = "Detect && Classify", "Stop"
WIDTH = 320
START_TIP = (
    "Finds the glomeruli and names their classes. What you said of circles before is carried over."
)
STOP_TIP = "Ends the run; what was found so far stays."
REVIEW_TIP = "Opens the Review dock, which goes through the circles by keyboard."
SAMPLE = "field_of_cortex"
BACK = "The review before is shown again."
BLIND = "You read blind to the model"


class DetectDock(QScrollArea):
    """Choose a slide, press the button, see every glomerulus in the colour of its class.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    """

    def __init__(self, napari_viewer: "napari.viewer.Viewer") -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._saver = Saver()
        self._watched: SlideReview | None = None
        self._build()
        self.button.clicked.connect(self._on_button)
        self.save.clicked.connect(self._on_save)
        self.go_through.clicked.connect(self._on_review)
        self.guide.opening.connect(lambda: open_slide(self._viewer))
        self.guide.sampling.connect(self._on_sample)
        self._saver.ended.connect(self._on_saved)
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
    def review(self) -> SlideReview | None:
        """The review of the chosen slide: of a run, or of one that the study kept."""
        return None if self.form.image is None else self.form.image.metadata.get("review")

    @property
    def active(self) -> SlideRun | None:
        """The run that is going on."""
        runs = (image.metadata.get("run") for image in self.form.slides())
        return next((run for run in runs if run is not None and run.running), None)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Let the dock's tab show the "&" of its title, in which Qt sees the mark of a key."""
        super().showEvent(event)
        dock = self.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.setWindowTitle(dock.windowTitle().replace(" & ", " && "))

    def _build(self) -> None:
        self.guide, self.form = Guide(), RunForm(self._viewer)
        self.button = QPushButton(START)
        self.progress, self.results = ProgressPanel(), ResultsPanel()
        self.message = MessageCard()
        self.sliders = ThresholdSliders()
        self.save = QPushButton("Save results …")
        self.save.setToolTip("Table (CSV), QuPath annotations, picture and summary of this slide.")
        self.go_through = QPushButton("Review")
        self.go_through.setToolTip(REVIEW_TIP)
        small_print = wrapped("For research, not for diagnosis.", f"color: {MUTED};")
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(9)
        work = (self.guide, self.form, self.button, self.progress, self.message)
        for part in (*work, self.results, self.sliders):
            layout.addWidget(part)
        layout.addLayout(row_of(self.go_through, self.save))
        layout.addWidget(small_print)
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
        """Ask before what a person changed is lost to a new run: where no study keeps it."""
        kept = self.review is None or self.review.keeping is not None
        edited = 0 if self.review is None else self.review.session.edited
        if kept or not edited:
            return True
        circles = "a circle" if edited == 1 else f"{edited} circles"
        question = f"You changed or deleted {circles}. A new run starts without that. Run again?"
        answer = QMessageBox.question(self, "Run again?", question)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _start(self) -> None:
        image = self.form.image
        assert image is not None
        self.message.say("")
        try:
            job = self._job()
        except UserError as error:
            self.message.say(str(error), good=False)
            return
        self.button.setText("Starting …")
        self.button.repaint()  # now: napari takes a while to make the layers
        if self.run is not None:
            self.run.discard()
        if self.review is not None:
            self.review.remove()
        keeping = keeping_of(image.metadata["slide"])
        try:
            run = SlideRun(self._viewer, image, job, self.form.cards(), keeping)
        except UserError as error:  # such as a case that is finished
            assert keeping is not None
            keeping.close()
            self._bring_back(image, str(error))
            return
        self._follow(run)
        if (window := self._main_window()) is not None:
            window.destroyed.connect(run.abandon)  # Python may live on, as in IPython
        self.progress.begin()
        run.start()
        self._tune()
        self._show_state()

    def _main_window(self) -> QMainWindow | None:
        """The window that the dock is in; None if it stands alone."""
        widget = self.parentWidget()
        while widget is not None and not isinstance(widget, QMainWindow):
            widget = widget.parentWidget()
        return widget

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
            thresholds=self._thresholds((detector, classifier)),
            region=self.form.chosen_region(),
        )

    def _thresholds(self, models: tuple[str, str]) -> Thresholds:
        """Those of the sliders, unless these were set for a result of other models."""
        job = None if self.run is None else self.run.job
        other = job is not None and (job.detector, job.classifier) != models
        return self.form.thresholds() if other else self.sliders.value

    def _on_ended(self) -> None:
        run = self.sender()
        assert isinstance(run, SlideRun)
        if run.superseded:
            run.discard()
            self._bring_back(run.image, f"{run.failure} {BACK}")
            return
        self.message.say(run.failure or " ".join(remarks(run)), good=False)
        self._show_state()

    def _bring_back(self, image: Image, why: str) -> None:
        """Show again what the study had of a slide before a run that came to nothing."""
        image.metadata.pop("run", None)
        reopen(self._viewer, image)
        self.message.say(why, good=False)
        self._show_state()

    def _on_slide(self) -> None:
        self.message.say("")
        self._tune()
        self._show_state()

    def _tune(self) -> None:
        """Set the sliders to the result that is shown, or to what the chosen models want."""
        session = None if self.review is None else self.review.session
        self.sliders.value = self.form.thresholds() if session is None else session.thresholds
        self.sliders.let_filter((self.form if session is None else session.scheme).can_filter)

    def _on_thresholds(self, thresholds: Thresholds) -> None:
        if self.run is not None:
            self.run.set_thresholds(thresholds)
        elif self.review is not None:
            self.review.session.thresholds = thresholds
            self._show_results()

    def _on_review(self) -> None:
        """Bring the Review dock to the front: a new one, or that which is open or was closed."""
        holder, _ = self._viewer.window.add_plugin_dock_widget(PLUGIN, "Review", tabify=True)
        holder.show()
        holder.raise_()

    def _on_sample(self) -> None:
        attempt(lambda: self._viewer.open_sample(PLUGIN, SAMPLE))

    def _on_save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results")
        if folder:
            self.save_to(Path(folder))

    def save_to(self, folder: Path) -> None:
        """Write the result files of the chosen slide in the background; say when it is done."""
        assert self.review is not None
        self.message.say("Saving …")
        self._saver.start(self.review, folder)
        self._show_state()

    def _on_saved(self, words: str, good: bool) -> None:
        self.message.say(words, good)
        self._show_state()

    def _show_state(self) -> None:
        """Make every part show what can be done now."""
        active, run = self.active, self.run
        self.button.setText(CANCEL if active else START)
        self.button.setStyleSheet(button_style(STOP if active else ACCENT))
        self.button.setEnabled(active is not None or not self.form.missing())
        self.button.setToolTip(STOP_TIP if active else self.form.missing() or START_TIP)
        self.form.setEnabled(active is None)
        self.progress.setVisible(active is not None)
        done = self.review is not None and not (run is not None and run.running)
        blind = self.review is not None and self.review.blind
        self.go_through.setEnabled(done)
        self.save.setEnabled(done and not self._saver.busy and not blind)
        self.guide.point_to(0 if self.form.image is None else 2 if done else 1)
        self._show_results()

    def _show_results(self) -> None:
        review = self.review
        if review is None:
            self.results.show_nothing()
        elif review.blind:
            self.results.show_nothing(BLIND)
        else:
            self.results.show_session(review.session)
        self.sliders.setVisible(review is None or not review.blind)
        self._watch(review)

    def _watch(self, review: SlideReview | None) -> None:
        """Follow whether its reader is blind to the model."""
        if review is not None and review is not self._watched:
            review.layers.blinded.connect(self._show_state)
        self._watched = review

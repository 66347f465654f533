"""The process that embeds circles: `Looking` comes in on stdin, `Looked` goes out on stdout.

Started by `napari_ggs.viewer.embeddings`.
"""

import traceback
from collections.abc import Callable, Iterator

from napari_ggs.errors import UserError
from napari_ggs.viewer.child import serve
from napari_ggs.viewer.look_messages import Looked, Looking
from napari_ggs.viewer.messages import Failure


def messages(job: Looking, cancelled: Callable[[], bool]) -> Iterator[Looked | Failure]:
    """The circles, a batch at a time; a `Failure` at the end if it breaks off."""
    try:
        yield from _looked(job, cancelled)
    except UserError as error:
        yield Failure(str(error))
    except Exception as error:
        traceback.print_exc()
        yield Failure(
            f"Looking for circles that are alike broke off: {type(error).__name__}: {error}. This "
            "is a fault of napari-ggs: please report it."
        )


def _looked(job: Looking, cancelled: Callable[[], bool]) -> Iterator[Looked]:
    # imported here, so that `messages` tells what is wrong with an installation
    from napari_ggs.classification import embed_stream
    from napari_ggs.models import load_classifier
    from napari_ggs.slides import open_slide

    classifier = load_classifier(job.classifier).classifier
    with open_slide(job.slide, job.mpp) as slide:
        for batch in embed_stream(slide, job.circles, classifier, cancelled=cancelled):
            yield Looked(*batch)


if __name__ == "__main__":
    serve(messages)

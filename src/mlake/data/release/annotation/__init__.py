"""What the release does not say, found out once and shipped: subjects and their places, ids, relations."""

from mlake.data.release.annotation.records import Annotation, Place, annotations

__all__ = ["Annotation", "Place", "annotations"]

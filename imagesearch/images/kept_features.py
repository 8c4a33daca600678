"""Features of stored pictures that loads kept beside the uploads, each under its namespace and the hash of its content."""

from __future__ import annotations

from collections.abc import Iterator

from imagesearch.images.feature_bytes import MOST_BYTES, from_bytes, to_bytes
from imagesearch.images.features import VERSION, Features
from imagesearch.ports import DerivedPlace

# Another version's lie elsewhere, and are in nobody's way.
PLACE = f"features/{VERSION}"


class KeptFeatures:
    """Gives them back. A hint: what is not here, or not whole, is made of the picture's bytes. Thread-safe.

    The same picture in two namespaces has its features twice, so that each may be deleted by itself.
    """

    def __init__(self, place: DerivedPlace) -> None:
        self._place = place

    def put(self, namespace: str, content_hash: str, features: Features) -> None:
        """Keep a picture's features; done again, it has the same effect. Raises StoreUnavailable."""
        self._place.put(_name(namespace, content_hash), to_bytes(features))

    def get(self, namespace: str, content_hash: str) -> Features | None:
        """Return a picture's features, None where there are none that are whole. Raises StoreUnavailable."""
        data = self._place.get(_name(namespace, content_hash), MOST_BYTES)
        return None if data is None else from_bytes(data)

    def has(self, namespace: str, content_hash: str) -> bool:
        """Say whether any are kept; they are not read. Raises StoreUnavailable."""
        return self._place.has(_name(namespace, content_hash))

    def delete(self, namespace: str, content_hash: str) -> None:
        """Remove a picture's features; none are no error. Raises StoreUnavailable."""
        self._place.delete(_name(namespace, content_hash))

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield the namespace and content hash of all that are kept, in no order. Raises StoreUnavailable."""
        for name in self._place.names(PLACE):
            namespace, _, content_hash = name.removeprefix(f"{PLACE}/").partition("/")
            content_hash = content_hash.rpartition("/")[2]
            # What somebody else put there is not ours to name.
            if name == _name(namespace, content_hash):
                yield namespace, content_hash


def _name(namespace: str, content_hash: str) -> str:
    # A namespace is letters, digits, and `_.-` behind the first: it cannot lead out of its folder.
    return f"{PLACE}/{namespace}/{content_hash[:2]}/{content_hash}"

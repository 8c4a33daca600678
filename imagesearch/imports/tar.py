"""A tar archive as a sequence of members: one header at a time, within bounds, nothing of it written to the disk."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Self

from imagesearch.errors import BadManifest

# A long name, or a set of attributes: real ones have some hundred bytes. Python 3.11 searches them with patterns that take the
# square of their length.
MAX_EXTENSION_BYTES = 8 * 1024
# Headers that belong to the next one; each is a level of recursion.
MAX_EXTENSIONS = 8
# tarfile keeps 512 bytes of Python values a member unless told otherwise; a limit on members bounds the time as well.
MAX_MEMBERS = 50_000_000
EXTENSIONS = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)


class BoundedInfo(tarfile.TarInfo):
    """A member whose header is judged before tarfile acts by it."""

    in_row = 0

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header. Raises BadManifest for sizes below nothing, absurd extensions, and sparse files."""
        info = super().frombuf(buf, encoding, errors)
        cls.in_row = cls.in_row + 1 if info.type in EXTENSIONS else 0
        if info.size < 0:
            raise BadManifest("the archive has a member of a size below nothing")
        if info.type in EXTENSIONS and (info.size > MAX_EXTENSION_BYTES or cls.in_row > MAX_EXTENSIONS):
            raise BadManifest("the archive has absurdly long headers")
        if info.type == tarfile.GNUTYPE_SPARSE:
            raise BadManifest("the archive has a sparse file")
        return info

    def _proc_gnusparse_10(self, *_: object) -> None:
        # Python's own keeps the file's map in memory, however long it is.
        raise BadManifest("the archive has a sparse file")


class Members:
    """The members of an archive, in order."""

    def __init__(self, stream: BinaryIO, name: str, size: int) -> None:
        self._stream = stream
        self._name = name
        self._size = size
        self._archive: tarfile.TarFile | None = None

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        """Yield each regular file's header. Raises BadManifest where the archive is none or breaks off."""
        # A class of its own: what it counts is this archive's.
        kind = type("Info", (BoundedInfo,), {})
        try:
            # No `with`: members are read while the caller goes through them, and the stream below is the caller's.
            self._archive = tarfile.open(fileobj=self._stream, mode="r:", tarinfo=kind, errors="surrogateescape")  # noqa: SIM115
            at = -1
            for _ in range(MAX_MEMBERS):
                info = self._archive.next()
                if info is None:
                    self._require_end(self._archive.offset)
                    return
                if info.offset <= at:
                    raise BadManifest(f"{self._name} leads backwards")
                # Attributes override what the header itself said of the size.
                if info.size < 0:
                    raise BadManifest(f"{self._name}: the member at byte {info.offset} has a size below nothing")
                # Without its padding the last member is whole, and the next step finds the archive cut there.
                if self._archive.offset >= self._size + tarfile.BLOCKSIZE:
                    raise BadManifest(f"{self._name} breaks off: the member at byte {info.offset} is longer than the rest of it")
                at = info.offset
                # Or every header would stay in memory.
                self._archive.members = []  # type: ignore[attr-defined]  # absent from typeshed, public in tarfile's own source
                if info.isreg() and not info.issparse():
                    yield info
        except (tarfile.TarError, ValueError, OverflowError) as exc:
            at = self._archive.offset if self._archive else 0
            raise BadManifest(f"{self._name} is not a tar archive, or breaks off at byte {at}: {exc}") from exc
        raise BadManifest(f"{self._name} has more than {MAX_MEMBERS} members")

    def read(self, info: tarfile.TarInfo) -> bytes:
        """Return the bytes of the member that was yielded last. Raises BadManifest where the archive ends before them."""
        try:
            file = self._archive.extractfile(info) if self._archive else None
            return file.read() if file else b""
        except (tarfile.TarError, ValueError, OverflowError) as exc:
            raise BadManifest(f"{self._name} ends within {info.name!r}") from exc

    def _require_end(self, at: int) -> None:
        """Raise BadManifest unless the archive says itself that it ends there; tarfile takes each damaged header for an end."""
        # GNU tar and Python's tarfile, which is webdataset's writer as well, end whole archives with two blocks of zeros; as with
        # GNU tar one is enough. A file that just stops has been cut, be it between two members, or never was written to its end.
        self._stream.seek(at)
        if self._stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise BadManifest(f"{self._name} is damaged or cut: at byte {at} there is neither a member nor the archive's end")

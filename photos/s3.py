"""Files in an S3 bucket, which can be listed only in the order of their keys, a page for each request."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from photos.storage import StoredFile

# The most that a service answers to one request.
PAGE = 1000


class BucketStorage(S3Storage):
    """django-storages' bucket, as `photos.storage.PhotoStorage` wants it."""

    bucket_name: str

    def pieces(self, key: str, size: int) -> Iterator[bytes]:
        """See `PhotoStorage`."""
        try:
            body = self.bucket.Object(key).get()["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise FileNotFoundError(key) from error
            raise
        yield from body.iter_chunks(size)

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        """See `PhotoStorage`."""
        return self._listed(Prefix=f"{folder}/")

    def missing(self, keys: Collection[str]) -> set[str]:
        """See `PhotoStorage`: the stretch between the first and the last key is listed."""
        gone = set(keys)
        # Asking starts after a key, so just before the first one. For a single one it would be a long answer.
        for stored in self._listed(StartAfter=min(keys)[:-1]) if len(gone) > 1 else ():
            if stored.key > max(keys):
                break
            gone.discard(stored.key)
        # Some services list a new file late.
        return {key for key in gone if not self.exists(key)}  # type: ignore[no-untyped-call]  # django-storages is untyped

    def _listed(self, **which: str) -> Iterator[StoredFile]:
        pages = self.connection.meta.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, PaginationConfig={"PageSize": PAGE}, **which
        )
        for page in pages:
            for item in page.get("Contents", ()):
                yield StoredFile(item["Key"], item["LastModified"])

"""Which file storage the settings name."""

from pathlib import Path
from typing import Final

from runfold.adapters.file_storage import LocalFiles
from runfold.ports import Files
from runfold.settings import Settings, SettingsInvalid

STORAGE_FOLDER: Final = "storage"
"""Where files are kept, inside the folder of the data."""


def file_storage(settings: Settings, data: Path) -> Files:
    """
    Return the storage that the settings name; else the one in the folder `data`.

    Raises:
        SettingsInvalid: It is a bucket, and its client is not installed, or one of the two keys is missing.
    """
    if settings.s3_bucket is None:
        return LocalFiles(settings.storage_path or data / STORAGE_FOLDER)
    try:
        from runfold.adapters.s3_storage import Bucket, S3Files  # noqa: PLC0415 - only who has a bucket needs its client
    except ImportError as error:
        raise SettingsInvalid("RUNFOLD_S3_BUCKET needs the client of S3: pip install 'runfold[s3]'") from error
    secret = settings.s3_secret_key
    if (settings.s3_access_key is None) != (secret is None):
        raise SettingsInvalid("RUNFOLD_S3_ACCESS_KEY and RUNFOLD_S3_SECRET_KEY belong together: give both, or neither")
    return S3Files(
        Bucket(
            settings.s3_bucket,
            settings.s3_prefix,
            settings.s3_endpoint,
            settings.s3_region,
            settings.s3_access_key,
            None if secret is None else secret.get_secret_value(),
        )
    )

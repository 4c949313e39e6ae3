"""Which file storage the settings name."""

from pathlib import Path

import pytest

from runfold.adapters.file_storage import LocalFiles
from runfold.adapters.s3_storage import S3Files
from runfold.file_storages import file_storage
from runfold.settings import Settings, SettingsInvalid


def test_files_are_in_a_folder_of_the_data_unless_the_settings_name_another_or_a_bucket(tmp_path: Path) -> None:
    for settings, folder in (
        (Settings(), tmp_path / "storage"),
        (Settings(storage_path=tmp_path / "elsewhere"), tmp_path / "elsewhere"),
    ):
        files = file_storage(settings, tmp_path)
        assert isinstance(files, LocalFiles)
        assert files._files == folder / "files"

    bucket = {"s3_bucket": "b", "s3_prefix": "/x/", "s3_endpoint": "http://127.0.0.1:1", "s3_access_key": "a"}
    files = file_storage(Settings(**bucket, s3_region="r", s3_secret_key="s"), tmp_path)  # noqa: S106
    assert isinstance(files, S3Files)
    assert files._place("/a/b") == {"Bucket": "b", "Key": "x/a/b"}
    with pytest.raises(SettingsInvalid, match="S3_SECRET_KEY"):
        file_storage(Settings(**bucket), tmp_path)

"""The names of `napari_ggs.store.pseudonyms`, as exports ask for them."""

from napari_ggs.store.pseudonyms import Names, folder_name, key_path, study_key

__all__ = ["Names", "folder_name", "key_path", "study_key"]

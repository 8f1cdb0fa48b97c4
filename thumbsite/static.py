"""Static files whose names hold a digest of their bytes, so that browsers may keep them for ever."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    """As in styles, names in the imports of scripts are those with the digest: no page mixes old and new modules."""

    support_js_module_import_aggregation = True

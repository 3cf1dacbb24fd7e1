"""The checks of `fsck`, one module for each area. None of them changes anything, on disk or in the index."""

"""What `fsck` looks at, one module an area. None of them changes anything, on disk or in the index."""

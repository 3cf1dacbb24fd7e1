"""Questions that others ask of the index, as named functions; addresses among them."""

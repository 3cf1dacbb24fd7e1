"""How each kind of damage is mended, one module a kind. `registry/repair/repair.py` says when."""

"""How each kind of damage is mended, one module a kind. `registry/repair.py` says when."""

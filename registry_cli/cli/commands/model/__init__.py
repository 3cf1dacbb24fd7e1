"""`reg model`: one module per verb."""

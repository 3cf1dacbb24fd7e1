"""`reg trash`: one module per verb."""

"""`reg config`: one module per verb."""

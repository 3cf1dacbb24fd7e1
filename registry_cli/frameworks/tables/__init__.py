"""Tables of the save, load, score and train functions of frameworks, one module each; `catalogue` lists them."""

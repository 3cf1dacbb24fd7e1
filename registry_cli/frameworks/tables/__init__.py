"""What the save, load, score and train functions of each framework are, a module each; named in `catalogue`."""

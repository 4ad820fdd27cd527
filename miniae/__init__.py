"""miniae: autoencoders with every gradient derived by hand."""

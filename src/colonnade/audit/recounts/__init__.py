"""One module per kind of record that follows from others: the same definition, written a second time."""

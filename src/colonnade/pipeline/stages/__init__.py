"""What each step does: read its declared inputs, call its stage, hand back the outputs."""

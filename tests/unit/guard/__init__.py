"""The guard's tests."""

"""Values and pure rules. Standard library only: no clock, file, socket, log or randomness; `at` is always an argument."""

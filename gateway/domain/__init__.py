"""Values and pure rules: standard library only, no clock, file, socket, log or randomness; `at` is an argument."""

"""Statistics over core tables: pure functions of frames, one module a table family."""

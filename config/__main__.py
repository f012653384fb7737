"""`python -m config` is the command `centralino`."""

from __future__ import annotations

from config.main import main

if __name__ == "__main__":
    main()

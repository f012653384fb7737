"""Which pieces are plugged together on this site: settings, contracts, texts, commands, and the one list of classes."""

"""How Centralino touches the world: one folder for each door."""

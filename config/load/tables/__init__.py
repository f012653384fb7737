"""The tables of a contract file as models: what each key may be, and what a table refuses by itself."""

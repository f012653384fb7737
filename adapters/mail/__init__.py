"""The mail toolbox shared by the doors: bytes in, values out, and one mail out through a relay."""

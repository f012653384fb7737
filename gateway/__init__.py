"""What Centralino is: the life of a request, without any door to the world. Start at `gateway.flow`."""

"""The web server: owns uvicorn and the application; other folders hand it their routes."""

from __future__ import annotations

from adapters.web.health import Health, routes
from adapters.web.page_link import routes as page_routes
from adapters.web.server import WebServer
from adapters.web.swap_link import routes as swap_routes

__all__ = ["Health", "WebServer", "page_routes", "routes", "swap_routes"]

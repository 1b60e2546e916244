"""The pipelines over HTTP. `app.route_handlers(registry)` mounts them; `app.create_app(registry)` stands alone."""

"""Pages of the web app, one file per part."""

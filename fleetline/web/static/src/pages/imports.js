import "../islands/import_progress.js";

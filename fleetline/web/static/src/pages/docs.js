import "../islands/try_it.js";

import "../islands/doc_choices.js";
import "../islands/try_it.js";

import "../islands/trip_replay.js";

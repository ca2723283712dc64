import "../islands/fleet_map.js";

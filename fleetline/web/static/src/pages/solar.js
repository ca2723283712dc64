import "../islands/power_chart.js";
import "../islands/fleet_places.js";

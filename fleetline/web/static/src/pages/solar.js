import "../islands/power_chart.js";
import "../islands/energy_days.js";
import "../islands/forecast_score.js";
import "../islands/fleet_places.js";

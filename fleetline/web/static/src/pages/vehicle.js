import "../islands/vehicle_now.js";
import "../islands/vehicle_charts.js";

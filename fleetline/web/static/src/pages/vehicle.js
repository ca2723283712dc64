import "../islands/vehicle_now.js";
import "../islands/speed_chart.js";

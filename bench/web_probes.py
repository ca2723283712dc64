"""What the map's benchmark has a page run: watches of long tasks, paints and frames, a pan, a moving fleet."""

from typing import Final

WATCH: Final = """
window.__long = []; window.__shift = 0; window.__largest = 0;
const watch = (type, act) => {
  new PerformanceObserver((list) => list.getEntries().forEach(act)).observe({ type, buffered: true });
};
watch("longtask", (entry) => __long.push([entry.startTime, entry.duration]));
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) __shift += entry.value; });
watch("largest-contentful-paint", (entry) => (__largest = entry.startTime));
"""
"""Runs before the page does."""

FETCHED: Final = """performance.getEntriesByType("resource")
  .filter((entry) => entry.name.startsWith("http")).map((entry) => entry.transferSize)"""
"""Bytes over the wire of each thing that a page or a worker has fetched."""

LOADED: Final = f"""() => ({{
  first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  largest: __largest, shift: __shift, long: __long,
  fetched: [performance.getEntriesByType("navigation")[0].transferSize, ...{FETCHED}],
  shown: window.__test.shownAt(), count: window.__test.count(),
}})"""

FRAMES: Final = """(milliseconds) => new Promise((done) => {
  const gaps = [];
  let last = performance.now();
  const end = last + milliseconds;
  const step = (now) => {
    gaps.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(step);
    else done(gaps.slice(1));
  };
  requestAnimationFrame(step);
})"""
"""Milliseconds between frames for so long."""

FEED: Final = """(count) => {
  const fill = (make) => Array.from({ length: count }, (_, index) => make(index));
  const ids = fill((index) => index + 1);
  window.__moments = fill((index) => index).slice(0, 8).map((moment) => JSON.stringify({
    at_ms: Date.now(), version: 1, device_id: ids,
    lat_e7: fill((index) => 448000000 + Math.floor(index / 100) * 800000 + moment * 2000),
    lon_e7: fill((index) => 52000000 + (index % 100) * 800000 + moment * 3000),
    course_deg: fill((index) => (index * 7 + moment * 3) % 360), speed_kmh: fill((index) => (index + moment) % 90),
    status: fill((index) => (index % 5 ? "moving" : "idle")), alarm: fill(() => null), ignition: fill(() => true),
    fix_at_ms: fill(() => Date.now()), online_at_ms: fill(() => Date.now()), heard_at_ms: fill(() => Date.now()),
    parked_at_ms: fill(() => null), mileage_km: fill(() => 1234.5), distance_today_km: fill(() => 56.7), gone: [],
  }));
}"""
"""Makes eight moments of a fleet as the stream would bring them."""

FED: Final = f"""(milliseconds) => {{
  let moment = 0;
  const clock = setInterval(() => window.__test.feedText(window.__moments[moment++ % 8]), 1000);
  return ({FRAMES})(milliseconds).finally(() => clearInterval(clock));
}}"""
"""Frames while all of those vehicles move each second."""

PAN: Final = """(milliseconds) => new Promise((done) => {
  const map = window.__test.map, gaps = [];
  let last = 0, way = (window.__way = -(window.__way || 1));
  const seen = () => { const now = performance.now(); if (last) gaps.push(now - last); last = now; };
  map.on("render", seen);
  map.panBy([way * 400, 0], { duration: milliseconds, easing: (part) => part });
  map.once("moveend", () => { map.off("render", seen); done(gaps); });
})"""
"""Milliseconds between pictures of the map while it moves."""

HIDE: Final = """(hidden) => {
  const markers = window.__test.markers;
  markers.canvas.style.display = hidden ? "none" : "";
  markers.draw = hidden ? () => { markers.waiting = 0; markers.onDraw(); } : Object.getPrototypeOf(markers).draw;
}"""
"""Takes the vehicles off the map, or brings them back."""

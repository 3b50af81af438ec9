// Small drawings in the colour of the words around them.

import { svg } from "./dom.js";

const PATHS = {
  bubble:
    "M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8A2.5 2.5 0 0 1 17.5 16H11l-4.5 4.2V16A2.5 2.5 0 0 1 4 13.5zM8 8h8M8 11.5h5",
  home: "M4 11.5 12 4.5l8 7V19a1 1 0 0 1-1 1h-4.5v-5h-5v5H5a1 1 0 0 1-1-1z",
  hash: "M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h15.5M4 15h15.5",
  lock: "M6 11h12v8.5H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  phone: "M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3zM11 18h2",
  weather: "M7.5 18.5a4 4 0 0 1-.4-7.98A5.5 5.5 0 0 1 17.7 11a3.8 3.8 0 0 1-.4 7.5z",
  log: "M5 5h14M5 10h14M5 15h9M5 20h9",
  close: "M6 6l12 12M18 6 6 18",
  send: "M4 12 3.5 5l17 7-17 7L4 12zm0 0h8",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  down: "M7 10l5 5 5-5",
  menu: "M4 7h16M4 12h16M4 17h16",
  eye: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  file: "M7 3.5h7l4 4V20a.5.5 0 0 1-.5.5h-10.5A.5.5 0 0 1 6.5 20V4a.5.5 0 0 1 .5-.5zM14 3.5V8h4",
  picture: "M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9.5h.01",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4",
  moon: "M19.5 14A8 8 0 0 1 10 4.5 8 8 0 1 0 19.5 14z",
  thread: "M4 5h16v10H10l-4 4v-4H4z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2",
  back: "M14.5 5.5 8 12l6.5 6.5",
  window: "M5 5h9M5 5v14h14v-9M13 11l6.5-6.5M15 4.5h4.5V9",
  next: "M9.5 5.5 16 12l-6.5 6.5",
};

/** One of them; it says nothing to a screen reader. */
export function icon(name, size = "") {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: `icon ${size}`, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}

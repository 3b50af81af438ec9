// Who and where: names for ids, initials, colours, and times by the sandbox's clock.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { world } from "./store.js";

const COLOURS = 6;

/** Somebody's name for an id, or the id. */
export function personName(id) {
  return world.names[id] ?? id;
}

/** A channel's name for an id, or the id. */
export function channelName(id) {
  return world.channels.find((one) => one.id === id)?.name ?? id;
}

/** A small picture of somebody: initials on a colour of their own, or the app's mark. */
export function avatar({ id, name, bot = false }, size = "") {
  if (bot) return el("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, icon("bubble"));
  const initials = name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .join("")
    .slice(0, 2);
  return el("span", { class: `avatar c${colour(id)} ${size}`, "aria-hidden": "true" }, initials);
}

function colour(id) {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return sum % COLOURS;
}

/** "4:05 PM" for epoch seconds. */
export function clockTime(at) {
  return format(at, { hour: "numeric", minute: "2-digit" });
}

/** "4:05:09 PM". */
export function exactTime(at) {
  return format(at, { hour: "numeric", minute: "2-digit", second: "2-digit" });
}

/** "Today", "Yesterday", or "Tuesday, October 20". */
export function dayName(at) {
  const days = dayNumber(world.now) - dayNumber(at);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days === -1) return "Tomorrow";
  return format(at, { weekday: "long", month: "long", day: "numeric" });
}

function dayNumber(at) {
  const [month, day, year] = format(at, { year: "numeric", month: "numeric", day: "numeric" }).split("/").map(Number);
  return Math.round(Date.UTC(year, month - 1, day) / 86_400_000);
}

/** A moment by the clock of the people in the workspace. */
export function format(at, how) {
  const known = `${world.zone} ${JSON.stringify(how)}`;
  if (!formats.has(known)) formats.set(known, new Intl.DateTimeFormat("en-US", { timeZone: world.zone, ...how }));
  return formats.get(known).format(at * 1000);
}

const formats = new Map(); // making one takes longer than using it a hundred times

const FORMATS = {
  "{date}": (at) => format(at, { month: "long", day: "numeric", year: "numeric" }),
  "{date_num}": (at) => format(at, { year: "numeric", month: "2-digit", day: "2-digit" }),
  "{date_short}": (at) => format(at, { month: "short", day: "numeric", year: "numeric" }),
  "{date_long}": (at) => format(at, { weekday: "long", month: "long", day: "numeric", year: "numeric" }),
  "{date_pretty}": (at) => pretty(at, "{date}"),
  "{date_short_pretty}": (at) => pretty(at, "{date_short}"),
  "{date_long_pretty}": (at) => pretty(at, "{date_long}"),
  "{time}": clockTime,
  "{time_secs}": exactTime,
  "{ago}": ago,
};

function pretty(at, otherwise) {
  const name = dayName(at);
  return ["Today", "Yesterday", "Tomorrow"].includes(name) ? name.toLowerCase() : FORMATS[otherwise](at);
}

function ago(at) {
  const seconds = Math.max(0, world.now - at);
  if (seconds < 60) return "just now";
  const [count, unit] =
    seconds < 3600 ? [seconds / 60, "minute"] : seconds < 86_400 ? [seconds / 3600, "hour"] : [seconds / 86_400, "day"];
  const whole = Math.floor(count);
  return `${whole} ${unit}${whole === 1 ? "" : "s"} ago`;
}

/** Slack's `<!date^…>`: the moment in the reader's own words. */
export function dateWords(at, pattern) {
  return pattern.replace(/\{[a-z_]+\}/g, (name) => FORMATS[name]?.(at) ?? name);
}

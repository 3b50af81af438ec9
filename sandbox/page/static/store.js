// What the server says, what this window looks at, and the way to tell the server what somebody did.

const listeners = new Set();
let source = null;
let queued = false;

/** The server's last word; null until it has spoken. */
export let world = null;

let heardAt = 0;

/** The sandbox's clock, which goes on by itself between two words of the server. */
export function clockNow() {
  return world.now + (performance.now() - heardAt) / 1000;
}

/** What this window looks at. It is nobody's business but its own. */
export const view = {
  as: new URLSearchParams(location.search).get("as"),
  place: null, // a channel's id, or "home"
  thread: null, // the root's ts
  pane: sessionStorage.getItem("pane") ?? "phones", // phones, weather, log, or "" for none
  phone: null, // a number
  screen: "slack", // on a narrow window: slack, places, or world
  online: true,
  starting: false,
  guide: sessionStorage.getItem("guide") !== "closed",
};

/** Runs `listener` after every change, at most once a frame. */
export function onChange(listener) {
  listeners.add(listener);
}

/** Looks elsewhere. */
export function look(changes) {
  Object.assign(view, changes);
  if ("pane" in changes) sessionStorage.setItem("pane", view.pane);
  if ("guide" in changes) sessionStorage.setItem("guide", view.guide ? "open" : "closed");
  changed();
}

/** Becomes somebody. Another window may be somebody else by `?as=`. */
export function become(id) {
  if (id === world?.me.id) return;
  view.as = id;
  if (id) history.replaceState(null, "", `?as=${encodeURIComponent(id)}`);
  Object.assign(view, { place: null, thread: null });
  listen();
}

/** Begins to listen to the server, or begins anew. */
export function listen() {
  source?.close();
  source = new EventSource(view.as ? `/api/stream?as=${encodeURIComponent(view.as)}` : "/api/stream");
  source.addEventListener("state", (event) => {
    world = JSON.parse(event.data);
    heardAt = performance.now();
    Object.assign(view, { online: true, starting: false });
    view.as = world.me.id;
    changed();
  });
  source.addEventListener("starting", () => {
    Object.assign(view, { online: true, starting: true });
    changed();
  });
  source.addEventListener("error", () => {
    view.online = false;
    changed();
  });
}

function changed() {
  if (queued) return;
  queued = true;
  queueMicrotask(() => {
    queued = false;
    listeners.forEach((listener) => listener());
  });
}

/** Tells the server that somebody did something. Returns its answer, `{ok}` or `{ok: false, words}`, whose words are shown. */
export async function act(name, details = {}, { quiet = false } = {}) {
  let answer;
  try {
    const response = await fetch("/api/act", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ as: world?.me.id, act: name, ...details }),
    });
    answer = await response.json();
  } catch {
    answer = { ok: false, words: "The sandbox does not answer. Is it still running?" };
  }
  if (!answer.ok && !quiet) say(answer.words ?? "That did not work.");
  return answer;
}

/** Hands a file over; returns its id, or null. */
export async function upload(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  form.append("as", world.me.id);
  try {
    const response = await fetch("/api/file", { method: "POST", body: form });
    const answer = await response.json();
    if (answer.id) return answer.id;
    say(answer.words ?? "The file was not taken.");
  } catch {
    say("The file was not taken: the sandbox does not answer.");
  }
  return null;
}

let sayer = null;

/** Who shows a word to this window's user that comes from no app: `say`. */
export function onSay(show) {
  sayer = show;
}

/** Shows a word for a few seconds. */
export function say(words) {
  sayer?.(words);
}

/** The channel that is looked at, or undefined on the Home tab. */
export function channel() {
  return world.channels.find((one) => one.id === view.place);
}

/** This person's direct message with the bot. */
export function direct() {
  return world.channels.find((one) => one.kind === "im");
}

// Puts the page together, and shows every change.

import { el } from "./dom.js";
import { guide } from "./guide.js";
import { icon } from "./icons.js";
import { logPanel } from "./log.js";
import { showModals } from "./modals.js";
import { refreshTimes } from "./mrkdwn.js";
import { phonesPanel } from "./phones.js";
import { middle, places, threadPane, topBar } from "./shell.js";
import { direct, listen, look, onChange, onSay, view, world } from "./store.js";
import { weatherPanel } from "./weather.js";

const PANES = {
  phones: ["Phones", "phone", phonesPanel],
  weather: ["Weather", "weather", weatherPanel],
  log: ["Requests", "log", logPanel],
};

const theme = el("button", { type: "button", class: "plain", onclick: turnTheme });
const guideButton = el(
  "button",
  { type: "button", class: "button", onclick: () => look({ guide: !view.guide }) },
  "Guide",
);
const bar = topBar([guideButton, theme]);
const steps = guide();
const sidebar = places();
const centre = middle();
const thread = threadPane();
const panels = Object.fromEntries(Object.entries(PANES).map(([name, [, , make]]) => [name, make()]));
const tabs = Object.entries(PANES).map(([name, [words, mark]]) =>
  el("button", { type: "button", class: "tab", "data-pane": name, onclick: () => pane(name) }, icon(mark), words),
);
const scenes = el(
  "aside",
  { class: "world", "aria-label": "Phones, weather and requests" },
  el("div", { class: "heading tabs panes", role: "group", "aria-label": "Behind the scenes" }, tabs),
  Object.values(panels).map((one) => one.node),
);
const dock = el(
  "nav",
  { class: "dock only-narrow", "aria-label": "Parts of the sandbox" },
  dockButton("Slack", "bubble", () => look({ screen: "slack" })),
  Object.entries(PANES).map(([name, [words, mark]]) =>
    dockButton(words, mark, () => look({ screen: "world", pane: name }), name),
  ),
);
const toast = el("div", { class: "toast", role: "alert", hidden: true });
const offline = el(
  "p",
  { class: "offline", role: "alert", hidden: true },
  "The sandbox does not answer. Once it runs again, this page goes on by itself.",
);
const starting = el("p", { class: "offline", role: "status" }, "The sandbox is starting: one moment …");
const note = el("p", { class: "offline", role: "status", hidden: true });
const parts = [...Object.values(panels), sidebar, centre, thread, bar, steps];

document.body.append(
  bar.node,
  offline,
  starting,
  note,
  steps.node,
  el("div", { class: "panes-row" }, sidebar.node, el("div", { class: "slack" }, centre.node, thread.node), scenes),
  dock,
  toast,
);

function dockButton(words, mark, onclick, name = "slack") {
  return el("button", { type: "button", "data-dock": name, onclick }, icon(mark), words);
}

function pane(name) {
  look({ pane: view.pane === name && !narrow() ? "" : name, screen: "world" });
}

function narrow() {
  return matchMedia("(max-width: 760px)").matches;
}

onChange(() => {
  starting.hidden = !view.starting;
  offline.hidden = view.online;
  if (!world) return;
  if (!view.place || (view.place !== "home" && !world.channels.some((one) => one.id === view.place)))
    view.place = direct()?.id ?? world.channels[0]?.id;
  document.title = `${world.me.real_name} · Textbank sandbox`;
  note.textContent = world.note;
  note.hidden = !world.note;
  guideButton.setAttribute("aria-pressed", String(view.guide));
  document.body.dataset.screen = view.screen;
  document.body.dataset.pane = view.pane;
  for (const [name, panel] of Object.entries(panels)) panel.node.hidden = view.pane !== name;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.pane === view.pane));
  for (const button of dock.children) {
    const here = button.dataset.dock === (view.screen === "world" ? view.pane : "slack");
    button.setAttribute("aria-pressed", String(here));
  }
  parts.forEach((one) => one.show());
  showModals();
  refreshTimes(document.body);
});

let hush = null;
onSay((words) => {
  toast.textContent = words;
  toast.hidden = false;
  (document.querySelector("dialog[open]") ?? document.body).append(toast);
  clearTimeout(hush);
  hush = setTimeout(() => (toast.hidden = true), 6000);
});

document.addEventListener("keydown", (event) => {
  const free = event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]");
  if (free && view.thread) look({ thread: null });
});

function dark() {
  return (
    (document.documentElement.dataset.theme ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark"
  );
}

function showTheme() {
  theme.replaceChildren(icon(dark() ? "sun" : "moon"));
  theme.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
  theme.title = theme.getAttribute("aria-label");
}

function turnTheme() {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  showTheme();
}

const kept = localStorage.getItem("theme");
if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
showTheme();
listen();

// Every request between Textbank, Slack and the carrier, newest first; a row opens on what was really said.

import { el, keyed } from "./dom.js";
import { exactTime } from "./names.js";
import { view, world } from "./store.js";

const FILTERS = [
  ["", "All"],
  ["Slack", "Slack"],
  ["carrier", "The carrier"],
  ["wrong", "Went wrong"],
];

/** The panel. */
export function logPanel() {
  let filter = "";
  const open = new Set();
  const count = el("p", { class: "quiet small", role: "status" });
  const table = el("table", { class: "log" });
  const buttons = FILTERS.map(([name, words]) =>
    el(
      "button",
      { type: "button", class: "chip", "aria-pressed": String(name === filter), onclick: () => choose(name) },
      words,
    ),
  );
  const node = el(
    "div",
    { class: "log-panel" },
    el("div", { class: "chips", role: "group", "aria-label": "Which requests" }, buttons),
    count,
    el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Requests" }, table),
  );
  const choose = (name) => {
    filter = name;
    FILTERS.forEach(([each], at) => buttons[at].setAttribute("aria-pressed", String(each === name)));
    show();
  };
  const toggle = (id) => {
    if (!open.delete(id)) open.add(id);
    show();
  };
  const show = () => {
    if (view.pane !== "log") return;
    const some = world.log.filter((one) => wanted(one, filter)).reverse();
    count.textContent = some.length
      ? `${some.length} requests, newest first. Press one to see what was said.`
      : "No request yet.";
    keyed(table, [{ id: "caption" }, { id: "head" }, ...some], {
      key: (one) => one.id,
      signature: (one) => `${one.id} ${one.status} ${one.ms} ${open.has(one.id)}`,
      make: (one) =>
        one.id === "caption" ? caption() : one.id === "head" ? head() : entry(one, open.has(one.id), toggle),
    });
  };
  return { node, show };
}

function wanted(one, filter) {
  if (filter === "wrong") return isWrong(one.status);
  return !filter || one.from === filter || one.to === filter;
}

function isWrong(status) {
  return !(Number(status) >= 200 && Number(status) < 300);
}

function caption() {
  return el("caption", { class: "unseen" }, "Requests, newest first");
}

function head() {
  return el(
    "thead",
    {},
    el(
      "tr",
      {},
      ["Time", "Who", "What", "Status", "Took"].map((words) => el("th", { scope: "col" }, words)),
    ),
  );
}

function entry(one, isOpen, toggle) {
  const id = `log-${one.id}`;
  const what = el(
    "button",
    {
      type: "button",
      class: "log-what",
      "aria-expanded": String(isOpen),
      "aria-controls": id,
      "data-focus": id,
      onclick: () => toggle(one.id),
    },
    one.what,
  );
  return el(
    "tbody",
    { class: isOpen ? "open" : "" },
    el(
      "tr",
      {},
      el("td", {}, exactTime(one.at)),
      el("td", {}, `${one.from} → ${one.to}`),
      el("td", {}, what, el("small", {}, one.words), one.why ? el("small", { class: "why" }, one.why) : null),
      el("td", {}, el("span", { class: `status ${isWrong(one.status) ? "wrong" : ""}` }, String(one.status || "none"))),
      el("td", { class: "number" }, one.ms === null || one.ms === undefined ? "" : `${Math.round(one.ms)} ms`),
    ),
    isOpen ? el("tr", { class: "detail", id }, el("td", { colspan: 5 }, detail(one.id))) : null,
  );
}

/** What was asked and answered, fetched when somebody wants to see it. */
function detail(id) {
  const node = el("pre", { tabindex: "0", "aria-label": "What was said" }, "…");
  fetch(`/api/log/${id}`)
    .then((response) => (response.ok ? response.json() : Promise.reject(new Error("gone"))))
    .then(({ asked, answered }) => (node.textContent = JSON.stringify({ asked, answered }, null, 2)))
    .catch(() => (node.textContent = "It is no longer kept."));
  return node;
}

// What a developer can do to the world: the weather at Slack and at the carrier, the clock, and how voters behave.

import { el, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { exactTime, format } from "./names.js";
import { confirmed } from "./popups.js";
import { act, clockNow, view, world } from "./store.js";

const SERVICES = { slack: "Slack", carrier: "The carrier" };
const FINE = "fine";
const HINTS = {
  fine: "Every request is answered at once.",
  slow: "Every answer takes seconds.",
  fails: "Every request is answered with an error, and does nothing.",
  accepts_then_fails: "Every request is done, and then answered with an error: whoever tries again does it twice.",
  rate_limits: "Every request is answered with 429: too many.",
  outage: "No request is answered at all.",
};
const STEPS = [
  [60, "1 minute"],
  [600, "10 minutes"],
  [3600, "1 hour"],
];
const MOMENTS = [
  ["10:30", "Morning"],
  ["18:00", "Evening"],
  ["22:00", "Night falls"],
];
const START_OVER = {
  title: plain("Start over?"),
  text: plain("Campaigns, texts and messages of this sandbox are thrown away."),
  confirm: plain("Start over"),
  deny: plain("Cancel"),
  style: "danger",
};

/** The panel. */
export function weatherPanel() {
  const services = el("div", {});
  const clock = el("p", { class: "now", "aria-live": "off" });
  const pace = el("div", {});
  const again = el(
    "section",
    { class: "panel-card", "aria-labelledby": "again-heading" },
    el("h3", { id: "again-heading" }, "The sandbox"),
    el("div", { class: "chips" }, chip("Let people play", play), chip("Start over", startOver)),
    el(
      "p",
      { class: "quiet small" },
      "Both begin a new sandbox. In the first, invented people play a text bank while you watch.",
    ),
  );
  const node = el(
    "div",
    { class: "weather" },
    services,
    el(
      "section",
      { class: "panel-card", "aria-labelledby": "clock-heading" },
      el("h3", { id: "clock-heading" }, icon("clock"), "The clock"),
      clock,
      el("p", { class: "quiet small" }, "Moved on, it is later for Textbank, Slack and the carrier alike."),
      el(
        "div",
        { class: "chips", role: "group", "aria-label": "Move the clock on" },
        STEPS.map(([by, words]) => chip(`+ ${words}`, () => act("clock", { by }))),
      ),
      el(
        "div",
        { class: "chips", role: "group", "aria-label": "Move the clock to" },
        MOMENTS.map(([to, words]) => chip(words, () => act("clock", { to }))),
      ),
    ),
    el(
      "section",
      { class: "panel-card", "aria-labelledby": "pace-heading" },
      el("h3", { id: "pace-heading" }, icon("phone"), "The voters"),
      pace,
    ),
    again,
  );
  const tick = () => {
    const now = Math.floor(clockNow());
    redraw(clock, String(now), () => [
      el("strong", {}, exactTime(now)),
      ` ${format(now, { weekday: "long", month: "long", day: "numeric" })}`,
    ]);
  };
  setInterval(() => world && view.pane === "weather" && tick(), 1000);
  const show = () => {
    again.hidden = !world.restarts;
    redraw(services, world.weather, () =>
      Object.entries(SERVICES).map(([name, words]) => service(name, words, world.weather[name].kind)),
    );
    tick();
    redraw(pace, world.pace, () => voters(world.pace));
  };
  return { node, show };
}

async function play() {
  if (await confirmed({ ...START_OVER, title: plain("Let people play?"), confirm: plain("Let them play") }))
    await act("play");
}

function plain(text) {
  return { type: "plain_text", text };
}

async function startOver() {
  if (await confirmed(START_OVER)) await act("fresh");
}

function chip(words, onclick) {
  return el("button", { type: "button", class: "chip", "data-focus": words, onclick }, words);
}

function service(name, title, now) {
  const id = `weather-${name}`;
  const bad = now !== FINE;
  return el(
    "section",
    { class: `panel-card ${bad ? "bad" : ""}`, "aria-labelledby": id },
    el("h3", { id }, icon(bad ? "weather" : "sun"), title),
    el(
      "div",
      { class: "chips", role: "group", "aria-labelledby": id },
      world.weather.kinds.map((one) =>
        el(
          "button",
          {
            type: "button",
            class: "chip",
            "aria-pressed": String(one.kind === now),
            title: HINTS[one.kind],
            "data-focus": `${name} ${one.kind}`,
            onclick: () => act("weather", { service: name, kind: one.kind }),
          },
          one.words,
        ),
      ),
    ),
    el("p", { class: "quiet small" }, HINTS[now]),
  );
}

function voters({ answers, per_minute: perMinute }) {
  const range = (label, of, shown, value) => {
    const out = el("output", {}, shown(value));
    const input = el("input", {
      type: "range",
      ...of,
      value,
      "data-focus": label,
      oninput: () => (out.textContent = shown(input.value)),
      onchange: () => act("pace", { answers: Number(share.value) / 100, per_minute: Number(speed.value) }),
    });
    return [el("label", { class: "range" }, el("span", {}, label), out, input), input];
  };
  const [shareRow, share] = range(
    "Answer by themselves",
    { min: 0, max: 100, step: 10 },
    (value) => (Number(value) ? `${value}% of them` : "none"),
    Math.round(answers * 100),
  );
  const [speedRow, speed] = range("At most", { min: 1, max: 60, step: 1 }, (value) => `${value} a minute`, perMinute);
  return [shareRow, speedRow];
}

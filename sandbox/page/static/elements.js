// Block Kit's elements: buttons, menus, pickers and fields, each as the real control of its kind.
//
// Every function takes the element and a spot, `{surface, block, label, describedBy}`: where it stands and what it is called.

import { el, newId } from "./dom.js";
import { put, standing, stateOf } from "./fields.js";
import { files } from "./files.js";
import { icon } from "./icons.js";
import { plainText, textOf } from "./mrkdwn.js";
import { confirmed, openMenu } from "./popups.js";
import { act, world } from "./store.js";

/** The control of an element; nothing for a kind that is not known. */
export function element(of, spot) {
  return (KINDS[of.type] ?? unknown)(of, spot);
}

function unknown(of) {
  return el("span", { class: "unknown" }, `(${of.type})`);
}

function names(of, spot) {
  return { block_id: spot.block.block_id, action_id: of.action_id };
}

function focusName(of, spot, more = "") {
  return `${spot.block.block_id} ${of.action_id} ${more}`;
}

function button(of, spot) {
  const node = el(
    "button",
    {
      type: "button",
      class: `button ${of.style ?? ""}`,
      "aria-label": of.accessibility_label,
      "data-button": of.action_id,
      "data-point": of.style === "primary" && spot.surface.ts ? "card" : undefined,
      "data-focus": focusName(of, spot),
      onclick: () => press(of, spot, node),
    },
    textOf(of.text),
  );
  return node;
}

async function press(of, spot, node) {
  if (!(await confirmed(of.confirm))) return;
  if (/^https?:/.test(of.url ?? "")) window.open(of.url, "_blank", "noopener");
  await busy(
    node,
    act("press", { ...spot.surface, ...names(of, spot), value: of.value, state: stateOf(spot.surface) }),
  );
}

/** Shows on a control that its press is on the way. */
async function busy(node, promise) {
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  try {
    return await promise;
  } finally {
    node.classList.remove("busy");
    node.removeAttribute("aria-busy");
  }
}

function overflow(of, spot) {
  const choose = async (option) => {
    if (await confirmed(of.confirm)) await send(of, spot, option.value);
  };
  const rows = of.options.map((option) => ({
    label: textOf(option.text),
    description: option.description && textOf(option.description),
    chosen: () => choose(option),
  }));
  const node = el(
    "button",
    {
      type: "button",
      class: "button more",
      "aria-label": "More",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-button": of.action_id,
      "data-focus": focusName(of, spot),
      onclick: () => openMenu(node, "More", rows),
    },
    icon("more"),
  );
  return node;
}

function send(of, spot, value) {
  return act("choose", { ...spot.surface, ...names(of, spot), value, state: stateOf(spot.surface) });
}

/** Keeps what was chosen; outside of an input block Slack tells the app at once. */
async function chosen(of, spot, value) {
  if (of.confirm && !(await confirmed(of.confirm))) return;
  put(spot.surface, spot.block, of, value);
  if (spot.block.type !== "input" || spot.block.dispatch_action) await send(of, spot, value);
}

function named(of, spot) {
  const label = spot.label ? { "aria-labelledby": spot.label } : { "aria-label": of.placeholder?.text ?? "Choose" };
  return {
    ...label,
    "aria-describedby": spot.describedBy,
    "aria-required": spot.block.type === "input" && !spot.block.optional ? "true" : undefined,
    "data-focus": focusName(of, spot),
    id: spot.id,
  };
}

function optionsOf(of) {
  if (of.type.includes("users")) return world.people.map((one) => plainOption(one.real_name, one.id));
  if (of.type.includes("channels")) return channels(["public"]);
  if (of.type.includes("conversations")) return channels(of.filter?.include ?? ["public", "private", "im"]);
  return of.options ?? [];
}

function channels(kinds) {
  const found = world.channels.filter((one) => kinds.includes(one.kind));
  return found.map((one) => plainOption(one.kind === "im" ? one.name : `#${one.name}`, one.id));
}

function plainOption(words, value) {
  return { text: { type: "plain_text", text: words }, value };
}

function select(of, spot) {
  const now = standing(spot.surface, spot.block, of);
  const row = (option) =>
    el("option", { value: option.value, selected: option.value === now }, plainText(option.text.text));
  const groups = (of.option_groups ?? []).map((group) =>
    el("optgroup", { label: group.label.text }, group.options.map(row)),
  );
  const empty = el("option", { value: "" }, of.placeholder?.text ?? "Choose an option");
  return el(
    "select",
    { ...named(of, spot), class: "select", onchange: (event) => chosen(of, spot, event.target.value || null) },
    empty,
    optionsOf(of).map(row),
    groups,
  );
}

/** Boxes to tick, or one of several to pick; a menu that takes several is shown as boxes too. */
function choices(of, spot) {
  const kind = of.type === "radio_buttons" ? "radio" : "checkbox";
  const now = standing(spot.surface, spot.block, of);
  const group = newId("choice");
  const host = el("div", { ...named(of, spot), class: "choices", role: kind === "radio" ? "radiogroup" : "group" });
  const values = () => [...host.querySelectorAll("input:checked")].map((one) => one.value);
  const changed = () => chosen(of, spot, kind === "radio" ? (values()[0] ?? null) : values());
  const all = [...optionsOf(of), ...(of.option_groups ?? []).flatMap((each) => each.options)];
  host.append(
    ...all.map((option) => {
      const checked = kind === "radio" ? option.value === now : Boolean(now?.includes(option.value));
      const more = option.description ? el("small", {}, textOf(option.description)) : null;
      const focus = focusName(of, spot, option.value);
      const input = el("input", {
        type: kind,
        name: group,
        value: option.value,
        checked,
        onchange: changed,
        "data-focus": focus,
      });
      return el("label", { class: "choice" }, input, el("span", {}, textOf(option.text), more));
    }),
  );
  return host;
}

function text(of, spot) {
  const long = of.multiline;
  const now = standing(spot.surface, spot.block, of) ?? "";
  const left = el("span", { class: "left", "aria-hidden": "true" });
  const count = (node) => {
    const room = (of.max_length ?? 3000) - node.value.length;
    left.textContent = room <= 50 ? String(room) : "";
  };
  const node = el(long ? "textarea" : "input", {
    ...named(of, spot),
    ...(long ? { rows: 3 } : { type: TYPES[of.type] ?? "text" }),
    class: "text",
    autocomplete: "off",
    placeholder: of.placeholder?.text,
    maxlength: of.max_length ?? 3000,
    minlength: of.min_length,
    min: of.min_value,
    max: of.max_value,
    autofocus: of.focus_on_load,
    value: now,
    oninput: () => {
      put(spot.surface, spot.block, of, node.value || null);
      count(node);
      if (tells(of, spot, "on_character_entered")) onPause(node, () => send(of, spot, node.value || null));
    },
    onkeydown: (event) => {
      const asked = tells(of, spot, "on_enter_pressed") && event.key === "Enter" && !long;
      if (asked) send(of, spot, node.value || null);
    },
  });
  count(node);
  return el("div", { class: `typed ${long ? "long" : ""}` }, node, left);
}

/** Whether the app is told of this. */
function tells(of, spot, what) {
  const told = of.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  return Boolean(spot.block.dispatch_action) && told.includes(what);
}

const pauses = new WeakMap();

/** Slack's clients tell the app once the typing pauses, not of every letter. */
function onPause(node, then) {
  clearTimeout(pauses.get(node));
  pauses.set(node, setTimeout(then, PAUSE));
}

const PAUSE = 400;
const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "number" };

function picker(type, read, shown) {
  return (of, spot) => {
    const now = standing(spot.surface, spot.block, of);
    return el("input", {
      ...named(of, spot),
      type,
      class: "text picker",
      value: now === null ? "" : shown(now),
      onchange: (event) => chosen(of, spot, event.target.value ? read(event.target.value) : null),
    });
  };
}

function localMoment(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const same = (value) => value;
const KINDS = {
  button,
  icon_button: button,
  workflow_button: button,
  overflow,
  static_select: select,
  external_select: select,
  users_select: select,
  conversations_select: select,
  channels_select: select,
  multi_static_select: choices,
  multi_users_select: choices,
  multi_conversations_select: choices,
  multi_channels_select: choices,
  checkboxes: choices,
  radio_buttons: choices,
  plain_text_input: text,
  email_text_input: text,
  url_text_input: text,
  number_input: text,
  datepicker: picker("date", same, same),
  timepicker: picker("time", same, same),
  datetimepicker: picker("datetime-local", (value) => Math.floor(new Date(value).getTime() / 1000), localMoment),
  file_input: files,
};

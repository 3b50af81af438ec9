// Where a line is written: Enter sends it, a slash offers commands, an at-sign people, a hash channels.

import { el, newId, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { act, world } from "./store.js";

const MOST = 8;
const drafts = new Map(); // where -> what stands in the field

/** A composer. `where()` names the place, or null: {channel, thread_ts?}. Call the returned `show` after each change. */
export function composer({ id, where, placeholder }) {
  const listId = newId("offers");
  const list = el("ul", { class: "offers", id: listId, role: "listbox", "aria-label": "Suggestions", hidden: true });
  const field = el("textarea", {
    id,
    class: "line",
    "data-point": id === "composer" ? "composer" : undefined,
    rows: 1,
    autocomplete: "off",
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": listId,
  });
  const sendButton = el("button", { type: "submit", class: "send", "aria-label": "Send now" }, icon("send"));
  const form = el("form", { class: "composer" }, list, el("div", { class: "composer-box" }, field, sendButton));
  const offers = suggestions(field, list);
  let place = null;

  const send = async () => {
    const text = field.value.trim();
    if (!text || !place) return;
    const [sent, name] = [place, JSON.stringify(place)];
    drafts.delete(name);
    field.value = "";
    offers.close();
    state();
    const answer = await act("type", { ...sent, text });
    if (!answer.ok && !field.value && name === JSON.stringify(place)) {
      field.value = text;
      drafts.set(name, text);
      state();
    }
  };
  const state = () => {
    sendButton.disabled = !field.value.trim();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  field.addEventListener("input", () => {
    drafts.set(JSON.stringify(place), field.value);
    offers.open(!place?.thread_ts);
    state();
  });
  field.addEventListener("blur", () => setTimeout(offers.close, 150));
  field.addEventListener("keydown", (event) => {
    if (offers.key(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  const show = () => {
    const now = where();
    form.hidden = !now;
    if (JSON.stringify(now) !== JSON.stringify(place)) {
      place = now;
      field.value = drafts.get(JSON.stringify(place)) ?? "";
      offers.close();
    }
    const words = placeholder();
    field.placeholder = words;
    field.setAttribute("aria-label", words);
    state();
  };
  return { form, field, show };
}

/** The list above a field, of what the word at its end may become. */
function suggestions(field, list) {
  let rows = [];
  let at = 0;
  const draw = () => {
    list.hidden = !rows.length;
    field.setAttribute("aria-expanded", String(rows.length > 0));
    redraw(list, [rows, at, Math.random()], () => rows.map(option));
    if (rows.length) field.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else field.removeAttribute("aria-activedescendant");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const option = (row, index) =>
    el(
      "li",
      {
        role: "option",
        id: `${list.id}-${index}`,
        "aria-selected": String(index === at),
        onpointerdown: (event) => {
          event.preventDefault();
          take(row);
        },
      },
      el("strong", {}, row.shown),
      row.usage ? el("code", {}, row.usage) : null,
      row.words ? el("span", { class: "quiet" }, row.words) : null,
    );
  const take = (row) => {
    field.value = field.value.slice(0, row.from) + row.becomes;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const close = () => {
    if (!rows.length) return;
    rows = [];
    draw();
  };
  return {
    close,
    open(commands) {
      rows = offered(field.value, commands).slice(0, MOST);
      at = 0;
      draw();
    },
    /** True when the key was for the list. */
    key(event) {
      if (!rows.length) return false;
      if (event.key === "Escape") close();
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        at = (at + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length;
        draw();
      } else if (
        event.key === "Tab" ||
        (event.key === "Enter" && rows[at].becomes.trim() !== field.value.slice(rows[at].from).trim())
      ) {
        take(rows[at]);
      } else return false;
      return true;
    },
  };
}

function offered(text, commands) {
  if (commands && text.startsWith("/") && !text.includes("\n")) {
    const found = commandsFor(text);
    if (found.length) return found;
  }
  const word = /(?:^|\s)([@#])([\w.-]*)$/.exec(text);
  if (!word) return [];
  const from = text.length - word[2].length - 1;
  const begins = (name) => name.toLowerCase().startsWith(word[2].toLowerCase());
  if (word[1] === "#") {
    const channels = world.channels.filter((one) => one.kind !== "im" && begins(one.name));
    return channels.map((one) => ({ from, becomes: `#${one.name} `, shown: `#${one.name}` }));
  }
  const people = world.people.filter((one) => begins(one.name) || begins(one.real_name));
  return people.map((one) => ({ from, becomes: `@${one.name} `, shown: `@${one.name}`, words: one.real_name }));
}

/** The commands that begin so; and after a command, the words that its usage offers ("help | new | list ..."). */
function commandsFor(text) {
  const [command, word, ...more] = text.split(" ");
  if (word === undefined) {
    const known = world.commands.filter((one) => one.command.startsWith(command));
    return known.map((one) => ({
      from: 0,
      becomes: `${one.command} `,
      shown: one.command,
      usage: one.usage,
      words: one.description,
    }));
  }
  const usage = world.commands.find((one) => one.command === command)?.usage ?? "";
  if (more.length || !usage.includes("|")) return [];
  const words = usage
    .replaceAll(/[.…]+$/g, "")
    .split("|")
    .map((one) => one.trim());
  return words
    .filter((one) => one.startsWith(word) && one !== word)
    .map((one) => ({ from: 0, becomes: `${command} ${one} `, shown: `${command} ${one}` }));
}

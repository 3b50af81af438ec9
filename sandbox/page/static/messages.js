// A list of messages: each drawn once, and again only when Slack has really replaced it.

import { blocks } from "./blocks.js";
import { el, keyed } from "./dom.js";
import { attached } from "./files.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { avatar, clockTime, dayName, exactTime } from "./names.js";
import { look, view } from "./store.js";

const TOGETHER = 300; // seconds within which one person's messages stand under one name

/** Shows some messages in `host`, oldest first; `threads`: with how many replies each has. */
export function showMessages(host, channel, some, { threads = true } = {}) {
  followEnd(host);
  const newest = some.at(-1)?.ts;
  const isNew = host.newest !== newest;
  keyed(host, rows(some, threads ? repliesIn(channel) : null), {
    key: (row) => row.day ?? row.message.ts,
    signature: (row) =>
      row.day ??
      `${row.message.key} ${row.compact} ${row.replies?.length} ${row.replies?.at(-1)?.ts} ${view.thread === row.message.ts}`,
    make: (row) => (row.day ? day(row.day) : item(channel, row)),
    update: (node, row) => !row.day && update(node, channel, row),
  });
  host.newest = newest;
  if (isNew) host.atEnd = true;
  if (host.atEnd) host.scrollTop = host.scrollHeight;
}

/** A list that is read at its end stays there, also when the window or a message in it changes its size. */
function followEnd(host) {
  if (host.followed) return;
  host.followed = true;
  host.atEnd = true;
  host.addEventListener("scroll", () => {
    host.atEnd = host.scrollHeight - host.scrollTop - host.clientHeight < 80;
  });
  new ResizeObserver(() => {
    if (host.atEnd) host.scrollTop = host.scrollHeight;
  }).observe(host);
}

/** The messages below each root. */
function repliesIn(channel) {
  const found = new Map();
  for (const message of channel.messages) {
    if (!isReply(message)) continue;
    if (!found.has(message.thread_ts)) found.set(message.thread_ts, []);
    found.get(message.thread_ts).push(message);
  }
  return found;
}

/** Whether it stands in a thread and not in the channel itself. */
export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

function rows(some, replies) {
  const found = [];
  let before = null;
  for (const message of some) {
    const name = dayName(Number(message.ts));
    if (!before || name !== dayName(Number(before.ts))) {
      found.push({ day: name });
      before = null;
    }
    const close = before && Number(message.ts) - Number(before.ts) < TOGETHER;
    const compact = Boolean(close && before.from.id === message.from.id && !message.ephemeral && !before.ephemeral);
    found.push({ message, compact, replies: replies?.get(message.ts) ?? (replies ? [] : undefined) });
    before = message;
  }
  return found;
}

function day(name) {
  return el("li", { class: "day" }, el("span", {}, name));
}

function item(channel, row) {
  const { message, compact } = row;
  const body = el("div", { class: "message-body" });
  const node = el(
    "li",
    { class: `message ${compact ? "compact" : ""} ${message.ephemeral ? "ephemeral" : ""}`, "data-ts": message.ts },
    compact ? el("span", { class: "gutter" }, time(message, { short: true })) : avatar(message.from),
    el(
      "div",
      { class: "message-main" },
      compact ? el("span", { class: "unseen" }, message.from.name) : heading(message),
      message.ephemeral ? el("p", { class: "only-you" }, icon("eye"), "Only visible to you") : null,
      body,
      el("div", { class: "below" }),
    ),
    row.replies && !message.ephemeral ? replyButton(message) : null,
  );
  drawBody(body, channel, message);
  drawBelow(node, row);
  node.key = message.key;
  node.compact = compact;
  return node;
}

/** False when it has to be drawn anew. */
function update(node, channel, row) {
  if (node.key !== row.message.key || node.compact !== row.compact) return false;
  drawBelow(node, row);
  return true;
}

function heading(message) {
  return el(
    "p",
    { class: "from" },
    el("strong", {}, message.from.name),
    message.from.bot ? el("span", { class: "badge" }, "APP") : null,
    time(message),
  );
}

function time(message, { short = false } = {}) {
  const at = Number(message.ts);
  const words = short ? clockTime(at).split(/\s/)[0] : clockTime(at);
  return el("time", { datetime: new Date(at * 1000).toISOString(), title: exactTime(at) }, words);
}

function drawBody(body, channel, message) {
  const surface = { channel: channel.id, ts: message.ts };
  const shown = message.blocks?.length
    ? blocks(message.blocks, surface)
    : message.text
      ? el("div", { class: "block words" }, mrkdwn(message.text))
      : null;
  body.replaceChildren(...[shown, attached(message.files), edited(message)].flat().filter(Boolean));
}

function edited(message) {
  return message.edited && !message.from.bot ? el("span", { class: "quiet small" }, "(edited)") : null;
}

function drawBelow(node, { message, replies }) {
  const below = node.querySelector(":scope > .message-main > .below");
  node.classList.toggle("open-thread", view.thread === message.ts);
  const count = replies?.length ?? 0;
  if (below.count === `${count} ${replies?.at(-1)?.ts}`) return;
  below.count = `${count} ${replies?.at(-1)?.ts}`;
  below.replaceChildren();
  if (!count) return;
  const people = [...new Map(replies.map((one) => [one.from.id, one.from])).values()].slice(0, 4);
  below.append(
    el(
      "button",
      {
        type: "button",
        class: "replies",
        "data-focus": `replies ${message.ts}`,
        onclick: () => look({ thread: message.ts }),
      },
      people.map((one) => avatar(one, "tiny")),
      el("strong", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
      el("span", { class: "quiet" }, `Last reply at ${clockTime(Number(replies.at(-1).ts))}`),
    ),
  );
}

function replyButton(message) {
  return el(
    "div",
    { class: "toolbar" },
    el(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-label": `Reply in thread to ${message.from.name}: ${words(message).slice(0, 60)}`,
        onclick: () => look({ thread: message.ts }),
      },
      icon("thread"),
      el("span", { "aria-hidden": "true" }, "Reply in thread"),
    ),
  );
}

/** A message's words without their formatting. */
function words(message) {
  return el("p", {}, mrkdwn(message.text)).textContent;
}

let heard = null; // what was on the screen before: [person and place, newest ts]

/** Says a new message to a screen reader, once. */
export function announce(live, channel) {
  const newest = channel?.messages.reduce((latest, one) => (!latest || one.ts > latest.ts ? one : latest), null);
  const place = `${view.as} ${channel?.id}`;
  if (heard && newest && heard[0] === place && heard[1] < newest.ts && newest.from.id !== view.as) {
    live.replaceChildren(`${newest.from.name}: ${words(newest)}`);
  }
  heard = [place, newest?.ts ?? ""];
}

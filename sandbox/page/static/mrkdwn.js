// Slack's mrkdwn as elements. Only what the grammar below knows becomes more than text.

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { channelName, dateWords, personName } from "./names.js";

const PIECES = /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>/g;
const MARKS = /(^|[\s(“"'·—[{>*_~-])([*_~])(?=\S)([^\n]*?\S)\2(?=$|[\s)”"'.,:;!?·—\]}<*_~-])/;
const TAGS = { "*": "strong", _: "em", "~": "s" };
const HOLE = "\uE000";

/** A text object's words: formatted if they are mrkdwn, as they stand if they are plain. */
export function textOf(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plainText(object.text);
}

/** Plain words, emoji by name, lines kept. */
export function plainText(words) {
  return lines(withEmoji(words));
}

/** Slack's formatting. */
export function mrkdwn(words) {
  const nodes = [];
  let quote = [];
  const closeQuote = () => {
    if (quote.length) nodes.push(el("blockquote", {}, inline(quote.join("\n"))));
    quote = [];
  };
  let plain = [];
  const closePlain = () => {
    if (plain.length) nodes.push(...inline(plain.join("\n")));
    plain = [];
  };
  for (const line of whole(words)) {
    const quoted = /^(?:&gt;|>) ?([\s\S]*)$/.exec(line);
    if (quoted) {
      closePlain();
      quote.push(quoted[1]);
    } else {
      closeQuote();
      plain.push(line);
    }
  }
  closePlain();
  closeQuote();
  return nodes;
}

/** The lines, a fenced piece of code being one. */
function whole(words) {
  const found = [];
  let open = false;
  for (const line of words.split("\n")) {
    if (open) found[found.length - 1] += `\n${line}`;
    else found.push(line);
    if ((line.split("```").length - 1) % 2) open = !open;
  }
  return found;
}

function inline(words) {
  const holes = [];
  const rest = words.replace(PIECES, (_, fenced, code, reference) => {
    if (fenced !== undefined) holes.push(el("pre", {}, unescape(fenced.replace(/^\n|\n$/g, ""))));
    else if (code !== undefined) holes.push(el("code", {}, unescape(code)));
    else holes.push(referred(reference));
    return HOLE;
  });
  return marked(rest, holes);
}

function marked(words, holes) {
  const match = MARKS.exec(words);
  if (!match) return filled(words, holes);
  const from = match.index + match[1].length;
  const before = filled(words.slice(0, from), holes);
  const inside = el(TAGS[match[2]], {}, marked(match[3], holes));
  return [...before, inside, ...marked(words.slice(match.index + match[0].length), holes)];
}

/** Words without marks; each hole in them takes the next element. */
function filled(words, holes) {
  return words
    .split(HOLE)
    .flatMap((part, index) => [index ? holes.shift() : null, ...lines(withEmoji(unescape(part)))]);
}

function lines(words) {
  return words.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
}

function unescape(words) {
  return words.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** What stands in angle brackets: somebody, a channel, a moment, or an address. */
function referred(reference) {
  const [target, ...label] = reference.split("|");
  const words = unescape(label.join("|"));
  if (target.startsWith("@")) return el("span", { class: "mention" }, `@${personName(target.slice(1))}`);
  if (target.startsWith("#")) return el("span", { class: "mention" }, `#${words || channelName(target.slice(1))}`);
  if (target.startsWith("!date^")) return moment(target, words);
  if (target.startsWith("!")) return el("span", { class: "mention" }, words || `@${target.slice(1).split("^")[0]}`);
  return link(unescape(target), words);
}

function moment(target, fallback) {
  const [, at, pattern] = target.split("^");
  if (!Number(at) || !pattern) return fallback;
  const words = dateWords(Number(at), pattern);
  return el("time", { datetime: new Date(at * 1000).toISOString(), "data-at": at, "data-pattern": pattern }, words);
}

/** A link in a window of its own; anything but a web or mail address stays text. */
export function link(address, words = "") {
  const shown = words || address.replace(/^mailto:/, "");
  if (!/^(https?:\/\/|mailto:)/i.test(address)) return shown;
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, shown);
}

/** "12 minutes ago" goes on by itself. */
export function refreshTimes(root) {
  for (const time of root.querySelectorAll("time[data-pattern]")) {
    const words = dateWords(Number(time.dataset.at), time.dataset.pattern);
    if (time.textContent !== words) time.textContent = words;
  }
}

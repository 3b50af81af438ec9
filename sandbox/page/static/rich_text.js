// rich_text: what Slack makes of a line that somebody typed.

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";
import { channelName, personName } from "./names.js";

/** The insides of a rich_text block. */
export function richText(block) {
  return block.elements.map((one) => (SECTIONS[one.type] ?? SECTIONS.rich_text_section)(one));
}

const SECTIONS = {
  rich_text_section: (one) => el("div", {}, one.elements.map(piece)),
  rich_text_quote: (one) => el("blockquote", {}, one.elements.map(piece)),
  rich_text_preformatted: (one) => el("pre", {}, one.elements.map(piece)),
  rich_text_list: (one) =>
    el(
      one.style === "ordered" ? "ol" : "ul",
      {},
      one.elements.map((each) => el("li", {}, each.elements.map(piece))),
    ),
};

function piece(one) {
  switch (one.type) {
    case "text":
      return styled(withEmoji(one.text), one.style);
    case "link":
      return link(one.url, one.text ?? "");
    case "emoji":
      return withEmoji(`:${one.name}:`);
    case "user":
      return el("span", { class: "mention" }, `@${personName(one.user_id)}`);
    case "channel":
      return el("span", { class: "mention" }, `#${channelName(one.channel_id)}`);
    default:
      return one.text ?? "";
  }
}

function styled(words, style = {}) {
  let nodes = words.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
  for (const [name, tag] of Object.entries({ bold: "strong", italic: "em", strike: "s", code: "code" })) {
    if (style[name]) nodes = [el(tag, {}, nodes)];
  }
  return nodes;
}

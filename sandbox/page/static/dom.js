// Making and keeping elements. Data become text nodes and attributes here and nowhere else; nothing is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `el("button", {class: "x", onclick: f, "aria-label": "…"}, "words", child, …)`. Empty children are left out. */
export function el(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** The same for a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

function dress(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in PROPERTIES) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const PROPERTIES = { value: 1, checked: 1, selected: 1, disabled: 1, indeterminate: 1 };

let names = 0;

/** An id that nothing else on the page has. */
export function newId(prefix = "x") {
  names += 1;
  return `${prefix}-${names}`;
}

/**
 * Makes the children of `host` be those of `items`, in their order. What is unchanged keeps its element, and with it
 * the focus, the selection and what is being typed; what has changed is drawn anew by `make`, unless `update` can do it.
 */
export function keyed(host, items, { key, make, update, signature = JSON.stringify }) {
  const old = new Map([...host.children].map((node) => [node.itemKey, node]));
  let at = host.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const mark = signature(item);
    let node = old.get(name);
    old.delete(name);
    if (!node) {
      node = make(item);
    } else if (node.itemMark !== mark && !update?.(node, item)) {
      const fresh = make(item);
      if (at === node) at = fresh;
      replaceKeepingFocus(node, fresh);
      node = fresh;
    }
    node.itemKey = name;
    node.itemMark = mark;
    if (node === at) at = at.nextElementSibling;
    else host.insertBefore(node, at);
  }
  for (const node of old.values()) node.remove();
}

/** Draws the insides of `host` anew, unless `mark` is what it was drawn from. */
export function redraw(host, mark, make) {
  const written = typeof mark === "string" ? mark : JSON.stringify(mark);
  if (host.drawnFrom === written) return false;
  host.drawnFrom = written;
  const focus = focusIn(host);
  host.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
  focus(host);
  return true;
}

function replaceKeepingFocus(old, fresh) {
  const focus = focusIn(old);
  old.replaceWith(fresh);
  focus(fresh);
}

/** Remembers which named control inside has the focus, and returns how to give it back. */
function focusIn(host) {
  const active = document.activeElement;
  if (!active || !host.contains(active)) return () => {};
  const name = active.dataset.focus;
  const selection = "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
  return (fresh) => {
    const same = name
      ? [fresh, ...fresh.querySelectorAll("[data-focus]")].find((one) => one.dataset?.focus === name)
      : null;
    if (!same) return;
    same.focus({ preventScroll: true });
    if (selection && same.setSelectionRange && selection[0] !== null) {
      const end = same.value.length;
      same.setSelectionRange(Math.min(selection[0], end), Math.min(selection[1], end));
    }
  };
}

/** Up, Down, Home and End move the focus among the controls that `selector` finds in `host`. */
export function arrows(host, selector, { horizontal = false } = {}) {
  host.addEventListener("keydown", (event) => {
    const [back, on] = horizontal ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    if (![back, on, "Home", "End"].includes(event.key)) return;
    const all = [...host.querySelectorAll(selector)].filter((one) => one.offsetParent !== null && !one.disabled);
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    const next = { [back]: at - 1, [on]: at + 1, Home: 0, End: all.length - 1 }[event.key];
    all[(next + all.length) % all.length]?.focus();
  });
}

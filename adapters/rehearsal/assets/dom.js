// Small tools of the page: words, elements, lists that keep their nodes, requests. What people said is only ever text.

const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const language = document.documentElement.lang;
const publicUrl = document.body.dataset.publicUrl;

/** The words of a key in the language of the page, with values for their {placeholders}; else `otherwise`. */
function word(key, values = {}, otherwise = key.split(".").pop().replaceAll("_", " ")) {
  return (words[key] ?? otherwise).replace(/\{([a-z]+)\}/g, (whole, name) => values[name] ?? whole);
}

/** An element with attributes; `on…` are listeners, everything else that is put in is text or a node. */
function el(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...inside.filter((each) => each != null));
  return made;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Makes `list` show `items` in order; what is there already keeps its node, and so its focus and what was typed. */
function keyed(list, items, keyOf, make, update = () => {}) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, place) => {
    const key = String(keyOf(item));
    let node = old.get(key);
    if (!node) {
      node = make(item);
      node.dataset.key = key;
    }
    old.delete(key);
    update(node, item);
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
  for (const node of old.values()) node.remove();
}

/** Text whose links to the gateway's own pages can be followed; every other address stays text. */
function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/);
  return parts.map((part) =>
    part.startsWith(`${publicUrl}/`) ? el("a", { href: part, target: "_blank", rel: "noopener" }, part) : part,
  );
}

const rome = (options) => new Intl.DateTimeFormat(language, { timeZone: "Europe/Rome", ...options });
const CLOCK = rome({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = rome({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const SHORT_DAY = rome({ day: "2-digit", month: "2-digit" });
const MOMENT = rome({
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const MOMENT_AND_YEAR = rome({
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const clock = (iso) => CLOCK.format(new Date(iso));
const day = (iso) => DAY.format(new Date(iso));
const shortDay = (iso) => SHORT_DAY.format(new Date(iso));
const moment = (iso, withYear = false) => (withYear ? MOMENT_AND_YEAR : MOMENT).format(new Date(iso));

/** Posts JSON to one of the rehearsal's addresses; says at the top of the page why it was refused. `acted` follows. */
async function post(path, body) {
  const refused = $("refused");
  try {
    const answer = await fetch(`/rehearsal/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    refused.hidden = answer.ok;
    if (!answer.ok) refused.textContent = word(`refused.${said.error}`, {}, said.error);
    document.dispatchEvent(new Event("acted"));
    return answer.ok ? said : null;
  } catch {
    refused.hidden = false;
    refused.textContent = word("ui.offline");
    return null;
  }
}

const phonePath = (number) => `phones/${encodeURIComponent(number)}`;

export { $, clock, day, el, keyed, language, linked, moment, phonePath, post, setText, shortDay, word };

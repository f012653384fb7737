// What the gateway's own register says: the newest tickets with their state, and their events with the clauses.

import { $, clock, el, keyed, moment, setText, shortDay, word } from "./dom.js";

const STATES_DONE = ["solved", "closed"];
// What the register needs to be proved by and nobody who rehearses reads; `centralino ticket show` has all of it.
const PLUMBING = new Set([
  "done_at", "dispatch", "intake", "job", "key", "lane", "person", "received_at", "rung", "sha256", "sheet_sha256", "stated_at",
  "version",
]);
// Steps that come in dozens: shown small, so that what matters stands out.
const MINOR = new Set(["dispatch_status", "dispatch_attempted", "call_step", "leg_ended", "acknowledged"]);
const SID = /^[A-Z]{2}[0-9a-f]{32}$/;
let filter = null;

function updateRegister(seen) {
  if (filter && !seen.tickets.some((ticket) => ticket.number === filter)) filter = null;
  keyed($("tickets"), seen.tickets, (ticket) => ticket.number, ticketNode, showTicket);
  $("no-tickets").hidden = seen.tickets.length > 0;
  $("all").hidden = filter === null;
  const events = seen.events.filter((event) => filter === null || event.chain === String(filter));
  const today = shortDay(seen.now);
  keyed($("events"), events, (event) => `${event.chain}:${event.seq}`, (event) => eventNode(event, today));
}

/** A stored word, or several with commas between, in the language of the page; whatever else it is, as it is. */
function told(value) {
  return value.split(",").map((each) => word(`value.${each}`, {}, each)).join(", ");
}

function ticketNode(ticket) {
  const choose = () => {
    filter = filter === ticket.number ? null : ticket.number;
  };
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "ticket", onclick: choose, title: word("ui.only_this") },
      el("span", { class: "number" }, String(ticket.number)),
      el("span", { class: "pill state" }),
      el("span", { class: "pill urgent", hidden: true }, word("ui.urgent")),
      el("span", { class: "subject" }),
      el("span", { class: "who" }),
    ),
  );
}

function showTicket(node, ticket) {
  const part = (name) => node.querySelector(`.${name}`);
  setText(part("state"), word(`state.${ticket.state}`));
  part("state").dataset.state = ticket.state;
  part("urgent").hidden = ticket.priority !== "urgent" || STATES_DONE.includes(ticket.state);
  setText(part("subject"), ticket.subject);
  const owner = ticket.owner ? ` → ${ticket.owner}` : "";
  setText(part("who"), `${ticket.contract} · ${word(`channel.${ticket.channel}`)} · ${ticket.requester} · ${moment(ticket.opened_at)}${owner}`);
  node.firstElementChild.setAttribute("aria-pressed", String(filter === ticket.number));
}

function eventNode(event, today) {
  const on = shortDay(event.at);
  const facts = Object.entries(event.data)
    .filter(([name, value]) => value && !PLUMBING.has(name) && !SID.test(value))
    .map(([name, value]) => `${word(`fact.${name}`)} ${told(value)}`);
  return el(
    "li",
    { class: [event.chain === "system" ? "system" : "", MINOR.has(event.type) ? "minor" : ""].join(" ").trim() },
    el("time", { datetime: event.at }, on === today ? clock(event.at) : `${on} ${clock(event.at)}`),
    el(
      "div",
      {},
      el(
        "p",
        { class: "what" },
        el("b", {}, word(`event.${event.type}`)),
        event.clause ? el("span", { class: "clause", title: word("ui.clause") }, event.clause) : null,
      ),
      el("p", { class: "facts" }, [event.chain === "system" ? word("ui.system") : event.chain, word(`by.${event.by}`, {}, event.by), ...facts].filter(Boolean).join(" · ")),
    ),
  );
}

function startRegister(changed) {
  $("all").addEventListener("click", () => {
    filter = null;
    changed();
  });
  $("tickets").addEventListener("click", changed);
}

export { startRegister, updateRegister };

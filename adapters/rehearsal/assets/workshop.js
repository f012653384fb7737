// The clock, the carrier's faults and the mail that left.

import { $, el, keyed, linked, moment, post, setText, word } from "./dom.js";
import { whose } from "./telephone.js";

const MINUTE_MS = 60_000;
const AHEAD_MIN = [1, 6, 30];
// What the stand-in carrier can do wrong (adapters/rehearsal/faults.py); `number` is whose telephone it hits.
const FAULTS = {
  30003: { kind: "undelivered", path: "/Messages", code: 30003, times: null },
  30005: { kind: "undelivered", path: "/Messages", code: 30005, times: null },
  30006: { kind: "undelivered", path: "/Messages", code: 30006, times: null },
  30007: { kind: "undelivered", path: "/Messages", code: 30007, times: null },
  30008: { kind: "failed", path: "/Messages", code: 30008, times: null },
  silent: { kind: "silent", times: null },
  429: { kind: "status", method: "", status: 429, code: 20429, retry_after_s: 2, times: 3, acts: false },
  503: { kind: "status", method: "", status: 503, times: null, acts: false },
  never: { kind: "never", times: 1, acts: false },
  duplicated: { kind: "duplicated", times: null },
  reversed: { kind: "reversed", times: null },
};
let now = null;

function updateWorkshop(seen, contract) {
  now = seen.now;
  moments(contract);
  faults(seen);
  mails(seen);
  const command = $("simulate").textContent.replace(/--contract .*$/, `--contract ${contract?.id ?? ""}`);
  setText($("simulate"), command);
}

function go(to) {
  return post("clock", { to: new Date(to).toISOString() });
}

function moments(contract) {
  const ahead = AHEAD_MIN.map((minutes) => ({
    key: `+${minutes}`,
    told: word("ui.minutes", { minutes }),
    to: () => Date.parse(now) + minutes * MINUTE_MS,
  }));
  const named = (contract?.moments ?? []).map(([name, at]) => ({
    key: `${name}:${at}`,
    told: `${word(`moment.${name}`)} · ${moment(at, true)}`,
    to: () => at,
  }));
  keyed($("moments"), [...ahead, ...named], (each) => each.key, (each) =>
    el("button", { type: "button", class: "small", onclick: () => go(each.to()) }, each.told),
  );
}

/** The instant of a wall time in Rome, whatever the time zone of the browser. */
function inRome(wall) {
  const utc = new Date(`${wall}Z`);
  const shown = new Date(`${utc.toLocaleString("sv-SE", { timeZone: "Europe/Rome" }).replace(" ", "T")}Z`);
  return utc.getTime() - (shown.getTime() - utc.getTime());
}

function faults(seen) {
  const kinds = Object.keys(FAULTS);
  keyed($("kind"), kinds, (kind) => kind, (kind) => el("option", { value: kind }, word(`fault.${kind}`)));
  const victims = [["", word("ui.everybody")], ...seen.phones.map((phone) => [phone.number, whose(phone.number)])];
  keyed($("victim"), victims, ([number]) => number, ([number, told]) => el("option", { value: number }, told));
  setText($("faults-count"), seen.faults.length ? String(seen.faults.length) : "");
  const told = seen.faults.map((fault, place) => ({ place, fault }));
  keyed($("faults"), told, ({ place, fault }) => `${place}${JSON.stringify(fault)}`, ({ fault }) => {
    const times = fault.times === null ? word("ui.until_mended") : word("ui.times", { times: fault.times });
    const what = fault.kind === "status" ? fault.status : (fault.code ?? fault.kind);
    return el("li", {}, `${word(`fault.${what}`)} · ${fault.number ? whose(fault.number) : word("ui.everybody")} · ${times}`);
  });
  const troubles = [...seen.troubles].reverse();
  keyed($("troubles"), troubles, (trouble) => trouble.at + trouble.detail, (trouble) =>
    el("li", {}, `${moment(trouble.at)} · ${trouble.code} · ${trouble.detail}`),
  );
  $("no-troubles").hidden = troubles.length > 0;
}

function mails(seen) {
  setText($("mail-count"), seen.mails.length ? String(seen.mails.length) : "");
  keyed($("mails"), seen.mails, (mail) => mail.n, mailNode);
}

function mailNode(mail) {
  const text = el("div", { class: "mail-text" });
  const open = async (event) => {
    if (!event.target.open || text.childNodes.length) return;
    const said = await (await fetch(`/rehearsal/mail/${mail.n}/text`)).json();
    text.append(...linked(said.text), " ", el("a", { href: `/rehearsal/mail/${mail.n}`, target: "_blank", rel: "noopener" }, word("ui.raw")));
  };
  return el(
    "li",
    {},
    el(
      "details",
      { ontoggle: open },
      el("summary", {}, el("time", { datetime: mail.at }, moment(mail.at)), ` · ${mail.to.join(", ")} · `, el("b", {}, mail.subject)),
      text,
    ),
  );
}

function startWorkshop() {
  $("go").addEventListener("submit", (event) => {
    event.preventDefault();
    go(inRome($("to").value));
  });
  $("fault").addEventListener("submit", (event) => {
    event.preventDefault();
    post("faults", { ...FAULTS[$("kind").value], number: $("victim").value });
  });
  $("mend").addEventListener("click", () => fetch("/rehearsal/faults", { method: "DELETE" }));
}

export { startWorkshop, updateWorkshop };

// The telephone of whoever calls: which contract, as whom, what is heard, what is pressed and said.

import { $, el, keyed, phonePath, post, setText, word } from "./dom.js";
import { Telephone, showInbox } from "./telephone.js";

const UNKNOWN_MOBILE = "+393331234567";
const UNKNOWN_LANDLINE = "+390701234567";
// How the carrier gives a withheld number: ANONYMOUS on the keypad.
const HIDDEN = "+266696687";
const OTHER = "other";

let contracts = [];
let phone = null;
let inCall = false;

/** The number from which is called; empty while none was typed. */
function callerNumber() {
  const who = $("who").value;
  return who === OTHER ? $("other").value.replaceAll(" ", "") : who;
}

/** The contract that is rehearsed. */
function chosen() {
  return contracts.find((each) => each.id === $("contract").value) ?? contracts[0] ?? null;
}

function callers(contract, phones) {
  const people = phones.map((each) => [each.number, `${each.name}, ${word(`kind.${each.kind}`)}`]);
  return [
    ...(contract?.known ?? []).map(([number, whose]) => [number, word("who.known", { whose })]),
    [UNKNOWN_MOBILE, word("who.unknown_mobile")],
    [UNKNOWN_LANDLINE, word("who.unknown_landline")],
    [HIDDEN, word("who.hidden")],
    ...people,
    [OTHER, word("who.other")],
  ];
}

function choices(select, pairs) {
  keyed(
    select,
    pairs,
    ([value]) => value,
    ([value]) => el("option", { value }),
    (node, [, told]) => setText(node, told),
  );
}

function updateCaller(seen) {
  contracts = seen.contracts;
  const first = !$("contract").options.length;
  choices($("contract"), contracts.map((each) => [each.id, `${each.id} · ${each.name}`]));
  if (first && contracts.some((each) => each.id === document.body.dataset.contract)) {
    $("contract").value = document.body.dataset.contract;
  }
  const contract = chosen();
  choices($("who"), callers(contract, seen.phones));
  const typed = $("who").value === OTHER;
  $("other").hidden = document.querySelector("label[for=other]").hidden = !typed;
  inCall = seen.caller.state !== "idle";
  setText($("called"), contract?.phone.length ? word("ui.calls", { number: contract.phone[0] }) : word("ui.no_phone"));
  $("call").disabled = inCall || !contract?.phone.length;
  $("hang-up").disabled = !inCall;
  $("contract").disabled = $("who").disabled = $("other").disabled = inCall;
  phone.update(seen.caller);
  updateTexts(seen, contract);
  const fast = seen.speech > 1;
  if (document.activeElement !== $("fast")) $("fast").checked = fast;
}

function updateTexts(seen, contract) {
  const to = contract?.sms[0];
  setText($("texted"), to ? `(${to})` : `(${word("ui.no_sms")})`);
  for (const control of $("caller-text").elements) control.disabled = !to;
  setText($("caller-count"), seen.caller.inbox.length ? String(seen.caller.inbox.length) : "");
  showInbox($("caller-inbox"), seen.caller, false);
}

async function call() {
  const from = callerNumber();
  if (!/^\+[1-9][0-9]{6,14}$/.test(from)) {
    $("other").reportValidity();
    $("other").focus();
    return;
  }
  $("call").disabled = true;
  await post("calls", { from, to: chosen().phone[0] });
}

function sendText(event) {
  event.preventDefault();
  const field = $("caller-words");
  if (field.value.trim()) post("messages", { from: callerNumber(), to: chosen().sms[0], body: field.value.trim() });
  field.value = "";
}

/** Digits typed anywhere but in a field are keys of the caller's telephone. */
function typed(event) {
  const field = event.target.closest("input, select, textarea");
  if (field || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
  if (phone.live) phone.press(event.key);
}

function startCaller(changed) {
  phone = new Telephone($("caller-phone"), callerNumber);
  $("call").addEventListener("click", call);
  $("hang-up").addEventListener("click", () => post(phonePath(callerNumber()), { hang_up: true }));
  $("caller-text").addEventListener("submit", sendText);
  $("fast").addEventListener("change", (event) => post("pace", { speech: event.target.checked ? 12 : 1 }));
  for (const id of ["contract", "who", "other"]) $(id).addEventListener("change", changed);
  document.addEventListener("keydown", typed);
}

export { callerNumber, chosen, startCaller, updateCaller };

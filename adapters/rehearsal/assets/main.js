// Asks again and again how things are, and shows it.

import { $, clock, day, moment, setText, word } from "./dom.js";
import { callerNumber, chosen, startCaller, updateCaller } from "./caller.js";
import { startRegister, updateRegister } from "./register.js";
import { updateTechnicians } from "./technicians.js";
import { knows } from "./telephone.js";
import { startWorkshop, updateWorkshop } from "./workshop.js";

const EVERY_MS = 500;
const AFTER_AN_ACT_MS = 80;
const AFTER_A_FAULT_MS = 2000;
let asking = null;

function desk(contract, now) {
  if (!contract) return "";
  const clauses = contract.clauses.join(", ");
  if (contract.is_open) return word("ui.open", { clauses, until: contract.closes_at ? moment(contract.closes_at) : "" });
  const why = contract.holiday ?? word(`reason.${contract.reason}`);
  return word("ui.closed", { why, clauses, opens: contract.next_opening ? moment(contract.next_opening) : word("ui.never") });
}

function show(seen) {
  const contracts = seen.contracts.flatMap((each) => [...each.phone, ...each.sms].map((number) => [number, each.id]));
  knows(new Map([...contracts, ...seen.phones.map((phone) => [phone.number, phone.name])]));
  setText($("now"), clock(seen.now));
  $("now").setAttribute("datetime", seen.now);
  setText($("today"), day(seen.now));
  updateCaller(seen);
  const contract = chosen();
  setText($("state"), desk(contract));
  $("state").dataset.open = String(contract?.is_open ?? false);
  updateTechnicians(seen, contract);
  updateRegister(seen);
  updateWorkshop(seen, contract);
  document.body.dataset.ready = "true";
}

async function ask() {
  clearTimeout(asking);
  let next = EVERY_MS;
  try {
    const answer = await fetch(`/rehearsal/view?caller=${encodeURIComponent(callerNumber())}`);
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    $("offline").hidden = true;
  } catch (fault) {
    console.warn(fault);
    $("offline").hidden = false;
    next = AFTER_A_FAULT_MS;
  }
  clearTimeout(asking);
  asking = setTimeout(ask, next);
}

startCaller(ask);
startRegister(ask);
startWorkshop();
document.addEventListener("acted", () => setTimeout(ask, AFTER_AN_ACT_MS));
ask();

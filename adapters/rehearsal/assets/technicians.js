// The telephones of the directory: who is on duty, what rings, what is answered, which texts came, how each behaves.

import { $, el, keyed, phonePath, post, setText, word } from "./dom.js";
import { Telephone, showInbox, whose } from "./telephone.js";

const BEHAVIOURS = ["rings_out", "answers", "voicemail", "busy", "off", "replies", "opted_out"];
const cards = new WeakMap();
let ringing = "";

const cardId = (number) => `phone-${number.slice(1)}`;

function roles(phone, contract) {
  const place = contract?.on_call.indexOf(phone.person) ?? -1;
  const found = [];
  if (place >= 0 && phone.kind === "mobile") found.push(word(`duty.${["contact", "deputy"][place] ?? "supervisor"}`));
  if (contract?.desk.includes(phone.person)) found.push(word("duty.desk"));
  return found;
}

/** Those who are called at this hour first, in their order: the desk while it is open, else the chain on duty. */
function ordered(phones, contract) {
  const rank = (phone) => {
    const place = contract?.on_call.indexOf(phone.person) ?? -1;
    const desk = contract?.desk.indexOf(phone.person) ?? -1;
    const onDuty = place >= 0 ? place : 100;
    const atDesk = desk >= 0 ? desk + (contract.is_open ? -10 : 10) : 100;
    return Math.min(onDuty, atDesk) + (phone.kind === "mobile" ? 0 : 0.5);
  };
  return [...phones].sort((one, two) => rank(one) - rank(two));
}

class Card {
  constructor(phone) {
    this.number = phone.number;
    this.name = el("h3", {}, phone.name);
    this.roles = el("p", { class: "roles" });
    this.state = el("span", { class: "pill" });
    this.body = el("div", { class: "in-call" });
    this.telephone = new Telephone(this.body, () => this.number);
    this.buttons = {
      answer: this.button("answer", "call", { answer: true }),
      refuse: this.button("refuse", "hang-up", { hang_up: true }),
      machine: this.button("machine", "", { answer: "machine" }),
      hang_up: this.button("hang_up", "hang-up", { hang_up: true }),
    };
    this.count = el("span", { class: "count" });
    this.inbox = el("ul", { class: "inbox", "aria-label": word("ui.inbox") });
    this.texts = el(
      "details",
      { class: "texts" },
      el("summary", {}, "SMS ", this.count),
      this.inbox,
      this.replyForm(),
    );
    this.node = this.made(phone);
  }

  made(phone) {
    const kind = word(`kind.${phone.kind}`);
    return el(
      "article",
      { class: "phone", id: cardId(phone.number), "aria-label": `${phone.name}, ${kind}` },
      el("div", { class: "head" }, el("div", {}, this.name, el("p", { class: "role" }, `${phone.role} · ${kind} ${phone.number}`)), this.state),
      this.roles,
      el("p", { class: "call-buttons" }, ...Object.values(this.buttons)),
      this.body,
      phone.kind === "mobile" ? this.texts : null,
      this.behaviourSelect(),
    );
  }

  button(key, kind, wish) {
    return el(
      "button",
      { type: "button", class: kind, hidden: true, onclick: () => post(phonePath(this.number), wish) },
      word(`ui.${key}`),
    );
  }

  replyForm() {
    const field = el("input", { autocomplete: "off", maxlength: 300, "aria-label": word("ui.reply"), placeholder: word("ui.reply") });
    const send = (event) => {
      event.preventDefault();
      if (field.value.trim()) post(phonePath(this.number), { send: field.value.trim() });
      field.value = "";
    };
    return el("form", { class: "line", onsubmit: send }, field, el("button", {}, word("ui.send")));
  }

  behaviourSelect() {
    const options = BEHAVIOURS.map((each) => el("option", { value: each }, word(`behaviour.${each}`)));
    this.behaviour = el("select", { "aria-label": word("ui.behaviour"), onchange: () => this.behave() }, ...options);
    return el("label", { class: "behaviour" }, word("ui.behaviour"), " ", this.behaviour);
  }

  behave() {
    const behaviour = this.behaviour.value;
    post(phonePath(this.number), behaviour === "answers" ? { behaviour, script: ["1"] } : { behaviour });
  }

  update(phone, contract) {
    const { state, call } = phone;
    this.node.dataset.state = state;
    setText(this.state, word(`phone.${state}`));
    keyed(this.roles, roles(phone, contract), (each) => each, (each) => el("span", { class: "duty" }, each));
    const rings = state === "ringing";
    for (const each of ["answer", "refuse", "machine"]) this.buttons[each].hidden = !rings;
    this.buttons.hang_up.hidden = !["in_call", "calling"].includes(state);
    this.body.hidden = !call || rings;
    this.telephone.keypad.hidden = this.telephone.speaking.hidden = state !== "in_call";
    this.telephone.update(phone);
    if (phone.inbox.length && !this.count.textContent) this.texts.open = true;
    setText(this.count, phone.inbox.length ? String(phone.inbox.length) : "");
    showInbox(this.inbox, phone, true);
    if (document.activeElement !== this.behaviour) this.behaviour.value = phone.behaviour;
  }
}

function updateTechnicians(seen, contract) {
  keyed(
    $("cards"),
    ordered(seen.phones, contract),
    (phone) => phone.number,
    (phone) => {
      const card = new Card(phone);
      cards.set(card.node, card);
      return card.node;
    },
    (node, phone) => cards.get(node).update(phone, contract),
  );
  announce(seen.phones);
}

/** Says aloud, to who does not look, whose telephone rings; the title of the page says it too. */
function announce(phones) {
  const rings = phones.filter((phone) => phone.state === "ringing");
  const now = rings.map((phone) => whose(phone.number)).join(", ");
  if (now === ringing) return;
  ringing = now;
  const to = now ? `#${cardId(rings[0].number)}` : "";
  $("announced").replaceChildren(...(now ? [el("a", { href: to }, word("ui.rings_now", { who: now }))] : []));
  document.title = now ? `☎ ${now}` : `${word("ui.title")}`;
}

export { updateTechnicians };

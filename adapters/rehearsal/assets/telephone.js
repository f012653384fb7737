// One telephone as somebody holds it: what was heard, keys, words, SMS. The same for callers and technicians.

import { clock, el, keyed, linked, phonePath, post, setText, word } from "./dom.js";

const KEYS = [..."123456789*0#"];
const LETTERS = { 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ" };
const LEFT_S = 8;
let names = new Map();

/** Whose a number is, as far as the page knows. */
function whose(number) {
  const name = names.get(number);
  return name ? `${name} (${number})` : number;
}

function knows(directory) {
  names = directory;
}

const SHOWN = {
  heard: (said) => el("li", { class: "heard" }, said),
  said: (said) => el("li", { class: "said" }, `“${said}”`),
  key: (key) => el("li", { class: "said key" }, word("told.key", { key })),
  tone: () => el("li", { class: "note" }, word("told.tone")),
  left: (seconds) => el("li", { class: "note" }, word("told.left", { seconds })),
  rings: (number) => el("li", { class: "note" }, word("told.rings", { who: whose(number) })),
  joined: (number) => el("li", { class: "note" }, word("told.joined", { who: whose(number) })),
  machine: () => el("li", { class: "note" }, word("told.machine")),
};

class Telephone {
  /** Makes the telephone inside `root`; `number()` is the number it has at this moment. */
  constructor(root, number) {
    this.number = number;
    this.sid = null;
    this.status = el("p", { class: "call-status" });
    this.log = el("ol", { class: "told", role: "log", "aria-label": word("ui.heard"), tabindex: 0 });
    this.keypad = el("div", { class: "keypad", role: "group", "aria-label": word("ui.keypad") }, ...this.keys());
    this.speaking = this.speakForm();
    this.leave = el(
      "button",
      { type: "button", class: "leave", onclick: () => this.act([{ leave: LEFT_S }]) },
      word("ui.leave", { seconds: LEFT_S }),
    );
    root.append(this.status, this.log, this.keypad, this.speaking, this.leave);
  }

  keys() {
    return KEYS.map((key) =>
      el(
        "button",
        { type: "button", "aria-label": word("ui.key", { key: word(`key.${key}`, {}, key) }), onclick: () => this.press(key) },
        el("b", {}, key),
        el("small", { "aria-hidden": "true" }, LETTERS[key] ?? ""),
      ),
    );
  }

  speakForm() {
    const field = el("input", { autocomplete: "off", maxlength: 600, "aria-label": word("ui.speak"), placeholder: word("ui.speak") });
    return el(
      "form",
      {
        class: "line speak",
        onsubmit: (event) => {
          event.preventDefault();
          if (field.value.trim()) this.act([{ speak: field.value.trim() }]);
          field.value = "";
        },
      },
      field,
      el("button", {}, word("ui.say")),
    );
  }

  press(key) {
    return this.act([{ press: key }]);
  }

  act(steps) {
    return post(phonePath(this.number()), { press: steps });
  }

  /** Shows the telephone as it is now. */
  update(phone) {
    const { call } = phone;
    this.live = phone.state === "in_call";
    this.tell(call);
    setText(this.status, this.statusOf(phone));
    this.status.classList.toggle("live", phone.state !== "idle");
    for (const button of this.keypad.children) button.disabled = !this.live;
    for (const control of this.speaking.elements) control.disabled = !this.live;
    this.leave.hidden = !(this.live && call.doing === "records");
  }

  tell(call) {
    if (call?.sid !== this.sid) {
      this.sid = call?.sid ?? null;
      this.log.replaceChildren();
    }
    const told = call?.told ?? [];
    for (const [kind, what] of told.slice(this.log.children.length)) {
      this.log.append((SHOWN[kind] ?? SHOWN.heard)(what));
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  statusOf({ state, call }) {
    if (state === "in_call") return word(`doing.${call.doing || "in_call"}`);
    if (state !== "idle") return word(`phone.${state}`);
    if (!call) return word("phone.idle");
    return word("phone.last", { status: word(`call.${call.status}`), seconds: call.duration_s ?? 0 });
  }
}

/** The texts of a telephone, the newest first; `replies` adds a button for each quick answer to one with a code.
    One that left from a name has none: nobody can reply to it. */
function showInbox(list, phone, replies) {
  const newest = [...phone.inbox].reverse();
  keyed(list, newest, (text) => text.sid, (text) => {
    const buttons = text.code && text.answerable && replies ? ["OK", "NO", "INFO"].map((said) => quick(phone.number, `${said} ${text.code}`)) : [];
    return el(
      "li",
      {},
      el("p", { class: "text-head" }, el("time", { datetime: text.at }, clock(text.at)), ` · ${whose(text.sender)}`),
      el("p", { class: "text" }, ...linked(text.body)),
      buttons.length ? el("p", { class: "line wrap" }, ...buttons) : null,
    );
  });
}

function quick(number, said) {
  return el("button", { type: "button", class: "small", onclick: () => post(phonePath(number), { send: said }) }, said);
}

export { Telephone, knows, showInbox, whose };

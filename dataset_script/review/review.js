// Keys and buttons of the review page → commands in the hidden text box, which the server checks. No text of a transcript is ever evaluated.
(() => {
  let chosen = 0;
  const page = () => document.querySelector(".rv");
  const turns = () => [...document.querySelectorAll(".rv-turn")];
  const codePoints = (text) => [...text].length;

  // Commands that the server has not carried out yet, the first of them under way: keys may be faster than the server.
  const waiting = [];
  const press = () => document.querySelector("#rv-send").click();
  function showWaiting() { document.documentElement.dataset.rvWaiting = waiting.length || ""; }
  function send(command) {
    waiting.push(JSON.stringify(command));
    showWaiting();
    if (waiting.length === 1) press();
  }
  window.rvNext = () => [waiting[0] ?? ""];
  window.rvDone = () => { waiting.shift(); showWaiting(); if (waiting.length) press(); };
  window.addEventListener("beforeunload", (event) => { if (waiting.length) event.preventDefault(); });
  const decide = (decision) => send({ action: "decide", transcript: page().dataset.transcript, filter: page().dataset.filter, ...decision });
  const go = (name) => send({ action: "go", transcript: name, filter: page().dataset.filter });

  function choose(index) {
    const all = turns();
    if (!all.length) return;
    chosen = Math.max(0, Math.min(all.length - 1, index));
    all.forEach((turn, number) => turn.classList.toggle("rv-chosen", number === chosen));
    all[chosen].scrollIntoView({ block: "nearest" });
  }
  function step(by) {
    const names = [...document.querySelectorAll(".rv-open")].map((button) => button.dataset.go);
    const next = names[names.indexOf(page().dataset.transcript) + by];
    if (next !== undefined) { chosen = 0; go(next); }
  }
  function giveRole(role, onlyThisTurn) {
    const turn = turns()[chosen];
    if (turn) decide({ kind: "role", value: role, ...(onlyThisTurn ? { turn: Number(turn.dataset.index) } : { speaker: turn.dataset.speaker }) });
  }
  function markSelection() {
    const selection = getSelection();
    const text = selection.rangeCount && selection.anchorNode && selection.anchorNode.parentElement.closest(".rv-text");
    if (!text || selection.isCollapsed) { alert("Select the personal data in a turn first."); return; }
    const range = selection.getRangeAt(0), before = document.createRange();
    before.selectNodeContents(text);
    before.setEnd(range.startContainer, range.startOffset);
    const start = codePoints(before.toString()), end = start + codePoints(range.toString());
    const kind = prompt("What is it? NAME, PHONE, ADDRESS, DOB, PLATE, LICENSE, SSN, EMAIL, VIN, OTHER_ID", "NAME");
    if (kind) decide({ kind: "personal_data", value: kind.trim().toUpperCase(), turn: Number(text.closest(".rv-turn").dataset.index), span: [start, end] });
  }
  function editText() {
    const turn = turns()[chosen];
    if (!turn) return;
    const before = turn.querySelector(".rv-text").textContent, after = prompt("What was said?", before);
    if (after !== null && after !== before) decide({ kind: "text", value: after, turn: Number(turn.dataset.index) });
  }
  const keys = {
    j: () => choose(chosen + 1), ArrowDown: () => choose(chosen + 1), k: () => choose(chosen - 1), ArrowUp: () => choose(chosen - 1),
    a: () => decide({ kind: "verdict", value: "accept" }),
    r: () => { const reason = prompt("Why is it rejected?", ""); if (reason !== null) decide({ kind: "verdict", value: "reject", reason }); },
    u: () => send({ action: "undo", transcript: page().dataset.transcript, filter: page().dataset.filter }),
    n: () => step(1), N: () => step(-1), e: editText, p: markSelection,
    f: () => { const all = [...document.querySelectorAll(".rv-filters button")]; all[(all.findIndex((b) => b.ariaPressed === "true") + 1) % all.length].click(); },
  };
  document.addEventListener("keydown", (event) => {
    if (!page() || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const digit = { Minus: "-", Equal: "=" }[event.code] || (event.code || "").replace(/^Digit/, "");
    const role = [...document.querySelectorAll("[data-rolekey]")].find((button) => button.dataset.rolekey === digit);
    if (role) giveRole(role.dataset.role, event.shiftKey);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".rv button"), turn = event.target.closest(".rv-turn");
    if (!button) { if (turn) choose(turns().indexOf(turn)); return; }
    const data = button.dataset;
    if (data.go !== undefined) { chosen = 0; go(data.go); }
    else if (data.send) send(JSON.parse(data.send));
    else if (data.key) keys[data.key]();
    else if (data.role) giveRole(data.role, event.shiftKey);
    else if (data.kind) decide({ kind: data.kind, value: data.value, ...(data.turn ? { turn: Number(data.turn) } : {}), ...(data.speaker ? { speaker: data.speaker } : {}), ...(data.span ? { span: JSON.parse(data.span) } : {}) });
  });
  new MutationObserver(() => { if (turns().length && !document.querySelector(".rv-chosen")) choose(chosen); }).observe(document.documentElement, { childList: true, subtree: true });
})();

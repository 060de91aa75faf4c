// The ranking's form and table. The address holds the whole view: a change writes it, asks for that view, and swaps the table.
let asked = 0;
let timer;

function query(form) {
  const chosen = new URLSearchParams();
  const defaults = { order: "mean_rank", below: "interval", sort: "rank" };
  for (const [name, value] of new FormData(form)) {
    const text = value.trim();
    if (text !== "" && defaults[name] !== text) chosen.append(name, text);
  }
  const columns = form.querySelector("[data-dw-columns]");
  const shown = [...columns.querySelectorAll("input:checked")].map((box) => box.value).join(".");
  if (shown !== columns.dataset.dwColumns) chosen.set("cols", shown);
  const weights = [...form.querySelectorAll("[data-dw-weights] input")].map((box) => Number(box.value) || 0).join(",");
  if (weights !== "1,1,1,1") chosen.set("weights", weights);
  return chosen;
}

async function show(chosen) {
  const view = element.querySelector(".dw-view");
  const part = view.querySelector("[data-dw-part]");
  const address = new URL(location.href);
  const theme = address.searchParams.get("__theme");
  const mine = ++asked;
  address.search = chosen;
  if (theme) address.searchParams.set("__theme", theme);
  history.replaceState(history.state, "", address);
  part.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`view?${chosen}`, { headers: { accept: "application/json" } });
    if (mine !== asked) return;
    if (!answer.ok) throw new Error(await answer.text());
    const { table, counts } = await answer.json();
    part.innerHTML = table;
    for (const mark of view.querySelectorAll("[data-dw-count]")) mark.textContent = counts[mark.dataset.dwCount] ?? 0;
  } catch (error) {
    if (mine !== asked) return;
    const notice = document.createElement("p");
    notice.className = "dw-notice";
    notice.setAttribute("role", "alert");
    notice.textContent = `The table could not be updated (${error.message.slice(0, 200)}). Try again in a moment.`;
    part.prepend(notice);
  } finally {
    if (mine === asked) part.removeAttribute("aria-busy");
  }
}

element.addEventListener("input", (event) => {
  const form = event.target.closest("[data-dw-form]");
  if (!form) return;
  if (event.target.closest("[data-dw-reload]")) {
    location.search = new URLSearchParams({ board: event.target.value });
    return;
  }
  form.querySelector("[data-dw-weights]").hidden = form.elements.order.value !== "weights";
  clearTimeout(timer);
  timer = setTimeout(() => show(query(form)), ["search", "number"].includes(event.target.type) ? 200 : 0);
});

element.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-dw-form]")) return;
  event.preventDefault();
  show(query(event.target));
});

element.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("[data-dw-link]");
  if (!link) return;
  event.preventDefault();
  const wanted = new URL(link.href).searchParams;
  const form = element.querySelector("[data-dw-form]");
  const column = link.closest("th")?.cellIndex;
  form.elements.sort.value = wanted.get("sort") ?? "rank";
  if (link.textContent.toLowerCase().startsWith("clear")) clear(form);
  show(wanted).then(() => {
    if (column !== undefined) element.querySelectorAll("thead th")[column]?.querySelector("a")?.focus();
  });
});

function clear(form) {
  form.elements.q.value = "";
  for (const box of form.querySelectorAll(".dw-facets input")) {
    box.checked = false;
    if (box.type === "number") box.value = "";
  }
  form.querySelector('input[name="size"][value=""]').checked = true;
}

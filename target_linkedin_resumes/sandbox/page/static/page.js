// Keeps the page as it is at the sandbox now: once a second it asks for the regions that changed.
"use strict";

(() => {
  const PERIOD = 1000;
  const LIMIT = 10000;
  const SPEAK = 15000;

  const regions = [...document.querySelectorAll("[data-region]")];
  const connection = document.getElementById("connection");
  const pause = document.getElementById("pause");
  const search = document.getElementById("q");
  const spoken = document.getElementById("spoken");
  let timer = 0;
  let asking = null;
  let summary = null;
  let spokenAt = Date.now();

  function show(state, text) {
    connection.dataset.is = state;
    if (connection.textContent !== text) connection.firstElementChild.textContent = text;
  }

  function speak(text) {
    spoken.textContent = text;
    spokenAt = Date.now();
  }

  // Politely: seldom, and only what is not known from the page as it was opened.
  function sumUp(now) {
    if (summary === null) summary = now;
    if (now === summary || Date.now() - spokenAt < SPEAK) return;
    summary = now;
    speak(now);
  }

  // Changes what differs and leaves all else, so that focus, selection and scrolling stay.
  function become(old, now) {
    if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName || old.id !== now.id) {
      old.replaceWith(now);
      return;
    }
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== now.data) old.data = now.data;
      return;
    }
    for (const { name } of [...old.attributes ?? []]) {
      if (!now.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of now.attributes ?? []) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    becomeInside(old, now);
  }

  function becomeInside(old, now) {
    const before = [...old.childNodes];
    const after = [...now.childNodes];
    after.forEach((node, index) => {
      if (index < before.length) become(before[index], node);
      else old.append(node);
    });
    before.slice(after.length).forEach((node) => node.remove());
  }

  // A list does not move under the pointer, the focus or a selection.
  function held(region) {
    const list = region.querySelector(".rows");
    if (!list) return false;
    const selection = getSelection();
    return list.matches(":hover") || list.contains(document.activeElement) ||
      (!selection.isCollapsed && list.contains(selection.anchorNode));
  }

  function put(region, { mark, html }) {
    const template = document.createElement("template");
    template.innerHTML = html;
    becomeInside(region, template.content);
    region.dataset.mark = mark;
  }

  function asked(force) {
    const query = new URLSearchParams(location.search);
    for (const region of regions) {
      const holds = !force && held(region);
      region.toggleAttribute("data-held", holds);
      if (!holds && !region.hasAttribute("data-still")) {
        query.set(region.dataset.region, region.dataset.mark);
      }
    }
    return query;
  }

  async function ask(force = false) {
    clearTimeout(timer);
    asking?.abort();
    const mine = asking = new AbortController();
    const late = setTimeout(() => mine.abort(), LIMIT);
    try {
      const answer = await fetch(`/sandbox/live?${asked(force)}`, { signal: mine.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const { regions: changed, spoken: words } = await answer.json();
      if (mine !== asking) return;
      for (const region of regions) {
        const now = changed[region.dataset.region];
        if (now && (force || !held(region))) put(region, now);
      }
      if (!paused()) show("live", "Live");
      sumUp(words);
    } catch {
      if (mine !== asking) return;
      show("lost", "No connection");
    } finally {
      clearTimeout(late);
    }
    if (mine === asking) next();
  }

  function next() {
    clearTimeout(timer);
    if (!paused() && !document.hidden) timer = setTimeout(ask, PERIOD);
  }

  function paused() {
    return pause.getAttribute("aria-pressed") === "true";
  }

  pause.addEventListener("click", () => {
    const now = !paused();
    pause.setAttribute("aria-pressed", now);
    if (now) {
      asking?.abort();
      asking = null;
      clearTimeout(timer);
      show("paused", "Paused");
    } else {
      ask();
    }
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused()) ask();
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    try {
      const answer = await fetch(form.action, { method: "post", body, headers: { accept: "application/json" } });
      speak((await answer.json()).spoken);
    } catch {
      show("lost", "No connection");
    }
    ask();
  });

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const query = new URLSearchParams(location.search);
      query.delete("page");
      query.delete("before");
      if (search.value.trim()) query.set("q", search.value);
      else query.delete("q");
      history.replaceState(null, "", `/?${query}`);
      for (const region of regions) {
        region.removeAttribute("data-still");
        if (region.querySelector(".rows")) region.dataset.mark = "";
      }
      ask(true);
    }, 250);
  });

  document.getElementById("live").dataset.on = "";
  next();
})();

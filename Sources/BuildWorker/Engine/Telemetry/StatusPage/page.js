// Asks for the document every two seconds and shows it.

const INTERVAL = 2000;
/** Without an answer for so long the page says that its data is old. */
const DEADLINE = 5000;

const charts = {
  throughput: new Chart(page("throughput"), "Deliveries and pods, per 5 s", [
    { name: "deliveries", className: "series-1", shape: "area" }, { name: "pods made", className: "series-2", shape: "line" }], count),
  failures: new Chart(page("failures"), "Failures, per 5 s", [{ name: "builds set to FAILURE", className: "series-3", shape: "bars" }], count),
  latency: new Chart(page("latency"), "From delivery to pod", [
    { name: "median", className: "series-1", shape: "line" }, { name: "p99", className: "series-4", shape: "line" }], milliseconds),
};

/** The last document, when it came (the browser's monotonic clock), and why there is none since. */
const view = { status: null, receivedAt: 0, failure: null, isPaused: false, timer: null, isLoading: false };

async function load() {
  if (view.isLoading) return;
  view.isLoading = true;
  clearTimeout(view.timer);
  try {
    const response = await fetch("/status", { cache: "no-store", signal: AbortSignal.timeout(DEADLINE) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    view.status = await response.json();
    view.receivedAt = performance.now();
    view.failure = null;
    show(view.status);
  } catch (error) {
    view.failure = error.name === "TimeoutError" ? `no answer within ${DEADLINE / 1000} s` : error.message;
  } finally {
    view.isLoading = false;
  }
  showState();
  if (!view.isPaused && !document.hidden) view.timer = setTimeout(load, INTERVAL);
}

function show(status) {
  workerNow = Date.parse(status.now);
  setText(page("product"), status.product);
  setText(page("version"), status.version);
  setText(page("process"), `${status.host} · pid ${status.pid} · up ${duration(status.uptimeSeconds)} · ${megabytes(status.memory?.residentBytes)}`);
  showProblems(status);
  showFigures(status);
  showBuilds(status);
  showServices(status);
  tables.queues.show(status.queues ?? [], "");
  tables.spool.show(status.spool ?? [], "");
  tables.reports.show(status.reports ?? [], count((status.reports ?? []).length));
  const { intervalSeconds = 5, deliveries = [], podsCreated = [], failures = [], deliveryToPodMs = {} } = status.history ?? {};
  charts.throughput.show([deliveries, podsCreated], intervalSeconds);
  charts.failures.show([failures], intervalSeconds);
  charts.latency.show([deliveryToPodMs.p50 ?? [], deliveryToPodMs.p99 ?? []], intervalSeconds);
}

/** One word for all, the gravest first. */
function verdict() {
  const { status, failure } = view;
  if (failure) return ["Unreachable", "bad"];
  if (!status) return ["Connecting", ""];
  if (!status.live) return ["Stuck", "bad"];
  if (status.draining) return ["Draining", "warn"];
  return status.ready ? ["Ready", "good"] : ["Not ready", "bad"];
}

function showState() {
  const [word, tone] = verdict();
  const pill = page("verdict");
  setText(pill, word);
  pill.className = `pill ${tone}`;
  const seconds = Math.floor((performance.now() - view.receivedAt) / 1000);
  const age = view.status ? (seconds < 1 ? "as of now" : `as of ${ago(seconds)}`) : "no data yet";
  setText(page("age"), view.isPaused ? `${age}, paused` : age);
  const isOld = view.failure != null || (view.status != null && !view.isPaused && !document.hidden && seconds * 1000 > INTERVAL + DEADLINE);
  document.body.classList.toggle("stale", isOld);
  page("unreachable").hidden = !isOld;
  // Two elements: the reason is announced once, the age, which grows, is not.
  setText(page("unreachable-why"), isOld ? `The worker cannot be reached: ${view.failure ?? "no answer"}` : "");
  setText(page("unreachable-age"), view.status
    ? `What is below is from ${ago(seconds)}. The page keeps trying.` : "There is no data yet. The page keeps trying.");
  const host = view.status ? ` · ${view.status.host}` : "";
  document.title = `${word}${host} · build-worker`;
}

function find(text) {
  const address = new URL(location);
  if (text) address.searchParams.set("build", text); else address.searchParams.delete("build");
  history.replaceState(null, "", address);
  if (view.status) showBuilds(view.status);
}

page("find").value = new URL(location).searchParams.get("build") ?? "";
page("find").addEventListener("input", (event) => find(event.target.value.trim()));
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.tagName === "INPUT") return;
  event.preventDefault();
  page("find").focus();
});
page("pause").addEventListener("click", () => {
  view.isPaused = !view.isPaused;
  setText(page("pause"), view.isPaused ? "Go on" : "Pause");
  page("pause").setAttribute("aria-pressed", String(view.isPaused));
  if (view.isPaused) clearTimeout(view.timer); else load();
  showState();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && !view.isPaused) load(); });
setInterval(showState, 1000);
load();

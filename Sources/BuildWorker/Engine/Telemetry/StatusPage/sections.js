// What the page's sections show of the document. Each takes the document and touches its own part of the page.

const page = (id) => document.getElementById(id);

const buildColumn = {
  label: "Build", className: "strong", value: ({ buildId, jobId }) => [
    { text: buildId == null ? "not readable" : String(buildId) },
    { text: jobId ? `job ${jobId}` : "", as: "small" },
  ],
};

const tables = {
  inFlight: new Table(page("inFlight"), "In flight", "Nothing is being handled.", [
    buildColumn,
    { label: "Type", className: "short type", value: ({ jobType }) => jobType },
    { label: "Step", value: ({ step }) => step },
    { label: "Step for", className: "number", value: ({ stepAgeSeconds }) => duration(stepAgeSeconds) },
    { label: "In hand for", className: "number", value: ({ ageSeconds }) => duration(ageSeconds) },
    { label: "Attempt", className: "number attempt", value: ({ attempt }) => count(attempt) },
    { label: "Queue", className: "queue", value: ({ queue }) => queue },
  ], ({ buildId, jobType, queue }) => `${buildId} ${jobType} ${queue}`),

  waiting: new Table(page("waiting"), "Waiting", "Nothing waits.", [
    buildColumn,
    { label: "Type", className: "short type", value: ({ jobType }) => jobType },
    { label: "Why", value: ({ why, reason }) => [{ text: whyWords[why] ?? why }, { text: reason ?? "", as: "small" }] },
    { label: "Due in", className: "number", value: ({ dueInSeconds }) => duration(dueInSeconds) },
    { label: "For", className: "number", value: ({ sinceSeconds }) => duration(sinceSeconds) },
    { label: "Attempt", className: "number attempt", value: ({ attempt }) => count(attempt) },
    { label: "Queue", className: "queue", value: ({ queue }) => queue },
  ], ({ buildId, why }) => `${buildId} ${why}`),

  reports: new Table(page("reports"), "Failure reports", "No attempt has failed.", [
    { label: "What failed", className: "strong wide", value: ({ title, fingerprint }) => [{ text: title }, { text: fingerprint, as: "small" }] },
    { label: "Kind", className: "short", value: ({ kind }) => kind },
    { label: "Times", className: "number", value: (report) => count(report.count) },
    { label: "Last", className: "number", value: ({ lastSeen }) => sinceText(lastSeen) },
    { label: "First", className: "number", value: ({ firstSeen }) => sinceText(firstSeen) },
    { label: "Version", className: "short", value: ({ version }) => version },
    { label: "Last build", className: "number", value: ({ lastBuildId }) => (lastBuildId == null ? UNKNOWN : String(lastBuildId)) },
    { label: "See more with", className: "wide", value: ({ lastReportId }) => [{ text: `worker reports show ${lastReportId}`, as: "code" }] },
  ], ({ fingerprint }) => fingerprint),

  services: new Table(page("services"), "Connections", "Unknown.", [
    { label: "To", className: "strong short", value: ({ name }) => name },
    { label: "State", className: "short", value: ({ state, tone }) => [{ text: state, className: tone }] },
    { label: "Detail", value: ({ detail }) => detail },
  ], ({ name }) => name),

  queues: new Table(page("queues"), "Queues", "Unknown.", [
    { label: "Queue", className: "strong", value: ({ name }) => name },
    { label: "Holds", value: ({ role }) => roleWords[role] ?? role },
    { label: "Ready", className: "number", value: ({ ready }) => count(ready) },
    { label: "Consumers", className: "number", value: ({ consumers }) => count(consumers) },
    { label: "This worker", value: ({ consuming, reason }) => [
      consuming == null ? { text: "" } : consuming ? { text: "consumes", className: "good" } : { text: reason ?? "does not consume", className: "bad" }] },
  ], ({ name }) => name),

  spool: new Table(page("spool"), "Spool", "No boxes.", [
    { label: "Kind", className: "strong", value: ({ kind }) => kind },
    { label: "New", className: "number", value: (box) => count(box.new) },
    { label: "Claimed", className: "number", value: ({ cur }) => count(cur) },
    { label: "Dead", className: "number", value: ({ dead }) => [{ text: count(dead), className: dead > 0 ? "bad" : "" }] },
    { label: "Oldest", className: "number", value: ({ oldestSeconds }) => duration(oldestSeconds) },
  ], ({ kind }) => kind),
};

const whyWords = { "init-timer": "watching its pod", retry: "another attempt", postponed: "end of an outage" };
const roleWords = {
  build: "builds to take", wait: "builds in backoff", retry: "verifications to do", retry_wait: "verifications in backoff",
  init: "init timers", parked: "parked messages",
};

/** The worker's clock, as of the last document: the browser's may differ. */
let workerNow = Date.now();

function sinceText(moment) {
  return ago((workerNow - Date.parse(moment)) / 1000);
}

function showBuilds({ inFlight = [], waiting = [] }) {
  const wanted = page("find").value.trim();
  const fits = ({ buildId, jobId }) => [buildId, jobId].some((id) => id != null && String(id).includes(wanted));
  const found = [inFlight.filter(fits), waiting.filter(fits)];
  const [handled, waits] = wanted ? found : [inFlight, waiting];
  const size = (list, all) => (wanted ? `${count(list.length)} of ${count(all.length)}` : count(all.length));
  tables.inFlight.show(handled, size(handled, inFlight));
  tables.waiting.show(waits, size(waits, waiting));
  setText(page("found"), !wanted ? "" : handled.length + waits.length
    ? `${count(handled.length)} in flight and ${count(waits.length)} waiting match ${wanted}`
    : `No build with ${wanted} is with this worker now. It may be in a queue or with another worker; its log lines have its id.`);
}

function showServices({ connections = [], loops = [], breakers = [] }) {
  const brokers = connections.map(({ role, connected, blocked }) => {
    const loop = loops.find(({ name }) => name === role);
    return {
      name: `RabbitMQ, to ${role}`,
      state: !connected ? "not connected" : blocked ? "blocked" : "connected",
      tone: !connected || blocked ? "bad" : "good",
      detail: blocked ?? (loop ? `last loop ${duration(loop.ageSeconds)} ago` : ""),
    };
  });
  const services = breakers.map(({ service, open, cause, sinceSeconds, connections }) => ({
    name: service, state: open ? "away" : "answers", tone: open ? "bad" : "good",
    detail: open ? `for ${duration(sinceSeconds)}: ${cause ?? "no cause known"}` : traffic(connections),
  }));
  tables.services.show([...brokers, ...services], "");
}

function traffic(connections) {
  if (connections == null) return "";
  const { open, opened, reused, sentBytes, receivedBytes } = connections;
  return `${count(open)} connections open of ${count(opened)} made, ${count(reused)} requests over kept ones, ` +
    `${megabytes(sentBytes)} sent, ${megabytes(receivedBytes)} received`;
}

function showFigures(status) {
  const { timers = {}, totals = {}, memory = {}, waiting = [] } = status;
  const dead = (status.spool ?? []).reduce((sum, box) => sum + box.dead, 0);
  const figures = [
    ["In hand", count(status.unacked), status.oldestUnackedSeconds == null ? "nothing unacked" : `oldest ${duration(status.oldestUnackedSeconds)}`],
    ["Waiting", count(waiting.length), `${count(timers.expected)} init timers${timers.local ? `, ${count(timers.local)} kept here` : ""}`],
    ["Pods made", count(totals.podsCreated), `of ${count(totals.deliveries)} deliveries`],
    ["Failures", count(totals.failures), "builds set to FAILURE"],
    ["Parked", count(status.parked), status.parked ? "worker parked list" : "messages put aside", status.parked ? "warn" : ""],
    ["Spool dead", count(dead), dead ? "worker spool list" : "jobs given up", dead ? "bad" : ""],
  ];
  setTiles(page("figures"), figures);
  setTiles(page("totals"), [
    ["Deliveries", count(totals.deliveries)], ["Delivered again", count(totals.redeliveries)], ["Acked", count(totals.acked)],
    ["Nacked", count(totals.nacked)], ["Postponed", count(totals.postponed)], ["Pods made", count(totals.podsCreated)],
    ["Failures", count(totals.failures)], ["Parked", count(totals.parked)],
    ["Memory", megabytes(memory.residentBytes)], ["Up for", duration(status.uptimeSeconds)],
  ]);
}

/** A description list: each tile has a term, a figure, and perhaps a note and a tone. */
function setTiles(list, tiles) {
  if (list.children.length !== tiles.length) {
    list.replaceChildren(...tiles.map(([, , note]) => {
      const tile = make("div");
      tile.append(make("dt"), make("dd"), ...(note == null ? [] : [make("dd")]));
      return tile;
    }));
  }
  tiles.forEach(([term, figure, note, tone], index) => {
    const tile = list.children[index];
    tile.className = tone ?? "";
    [term, figure, note].forEach((text, place) => { if (text != null) setText(tile.children[place], text); });
  });
}

function showProblems({ problems = [], notes = [], parked, spool = [] }) {
  page("problems").hidden = problems.length === 0;
  setText(page("problems-title"), problems.length === 1 ? "One problem" : `${problems.length} problems`);
  setList(page("problem-list"), problems);
  const attention = [...notes];
  if (parked > 0) attention.push(`${count(parked)} parked: worker parked list says why, worker parked retry ID sends one again`);
  for (const { kind, dead } of spool) {
    if (dead > 0) attention.push(`${count(dead)} dead in the spool of ${kind}: worker spool list --kind ${kind}, then worker spool retry`);
  }
  page("attention").hidden = attention.length === 0;
  setList(page("attention-list"), attention);
}

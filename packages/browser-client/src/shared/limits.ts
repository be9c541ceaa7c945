const KIB = 1024;
const MIB = 1024 * KIB;

// One object for each script: each brings all of its limits along.

/** Caps and deadlines of the shell and the tunnel worker; bytes end in Bytes, times in Ms. */
export const BROWSER_LIMITS = {
  /** Weight of a WebSocket's messages on their way to a page; a busy page holds its sender back. */
  socketWindowBytes: 1 * MIB,
  /** After `close` a WebSocket's peer has this long to answer. */
  socketCloseMs: 10_000,

  /** An answer that comes before the end of its upload waits so long for that: an app may never read the rest. */
  uploadEndMs: 200,

  /** A turn of the tunnel worker that is later than this shows that the processor is busy: a quiet one is late by 1 to 5 ms. */
  threadBehindMs: 20,
  /** Below this a wait is not worth showing. */
  progressDelayMs: 300,
  /** How long what isn't needed for the app's first paint waits for that paint: a hidden tab paints nothing. */
  firstPaintMs: 500,
  /** How long the direct path waits for that paint, from the link's beginning: an app may be slow. */
  directStartMs: 1_000,
  /** From registering the service worker to its being active; then the shell falls back to the ingress. */
  serviceWorkerReadyMs: 10_000,
  /** The service worker's "I have your port": a local message, slow only when its thread has to start. */
  handOverMs: 3_000,
  /** The browser's own store, on this machine's disk; the start of a tab without a key in its address waits for it. */
  keyStoreMs: 3_000,
  /** From starting the link to hearing the host; then the shell says what is wrong and keeps trying. */
  connectMs: 20_000,
  /** A request waits this long for the link before it ends in a problem. */
  linkWaitMs: 20_000,
  /** Between two questions of the shell whether its tunnel worker lives; an answer is one small local message. */
  workerQuestionMs: 2_000,
  /** A worker that leaves so many questions in a row unanswered hangs: 20 s, as long as a request waits for a link. */
  workerUnanswered: 10,
  /** Between two questions of a visible tab to the service worker; each question keeps the service worker awake. */
  serviceWorkerQuestionMs: 10_000,
  /** A service worker that leaves so many unanswered hangs. Chromium ends such a one after a minute, Firefox 153 did not. */
  serviceWorkerUnanswered: 3,
  /** Restarts of the tunnel worker within a span; a worker that ends again and again only uses up power. */
  maxWorkerRestarts: 3,
  workerRestartSpanMs: 300_000,
  /** A hung service worker has the tab loaded anew once in this time. If the next one hangs too, loading does not help. */
  serviceWorkerRestartMs: 300_000,
  /** An answer of the tunnel worker about its state: a local message. */
  statusAnswerMs: 2_000,

  /** Nobody waits so long for an answer, but one that comes as late still counts: a page may block its thread. */
  lateAnswerMs: 60_000,

  /** The page's thread writes an answer's cookies before the answer is handed on; one that is blocked gets so long. */
  cookieWriteMs: 500,

  /** The first GET, sent ahead, is given up when no navigation has asked for it: well after `serviceWorkerReadyMs`. */
  preloadUnclaimedMs: 30_000,

  /** Back-off between attempts to reach the server, jittered. */
  reconnectMinMs: 250,
  reconnectMaxMs: 10_000,
  /** A relay or signaling WebSocket that has not opened by then is given up. */
  socketOpenMs: 10_000,
  /** So many failures in a row, with nothing heard, are a server that can't be reached. */
  unreachableAfter: 2,
  /** Back-off between attempts at a direct path: each costs a gathering of candidates. */
  p2pRetryMinMs: 2_000,
  p2pRetryMaxMs: 60_000,
  /** A direct path younger than this that falls silent has a network that loses packets: a successor would fare no better. */
  p2pRenewMs: 3_000,
  /**
   * Successors of silent direct paths in a minute: three changes of network. With the path machine's own patience a path
   * changes eight times a minute at most, on its way out and back. What is silent longer is lost, and tried again later.
   */
  p2pRenewals: 3,
  p2pRenewalsMs: 60_000,
  /** What was gathered before the host has accepted is used within this: later the network may be another. */
  p2pAheadMs: 2_000,
  /** A direct path that is lost before this time makes the back-off go on, as an attempt that fails does. */
  p2pSteadyMs: 20_000,
  /** ICE is asked this often whether it still goes the same way: it may find a direct one after one by TURN. */
  wayLookMs: 3_000,
  /** The worker waits so long to hear which way ICE has found: a local question to the browser. */
  wayAnswerMs: 1_000,
  /** The server's answer to the question whether signaling lives. A slow network, told by the time of opening, gets longer. */
  signalingProbeMs: 400,
  /** The same when nothing suggests that it is dead: a busy machine must not lose what is on its way. */
  signalingAnswerMs: 3_000,
  /** A second relay WebSocket, opened because the first is silent, opens and proves the key within this; then another is tried. */
  relayRenewMs: 3_000,
  /** A socket that is not attached after this, when something says that network or host is back, hangs in the old network. */
  relayStuckMs: 500,
  /** The server's answer to a ConnectionRequest. */
  connectionAnswerMs: 10_000,
  /** Local candidates kept while the answer is under way, and remote ones before it. */
  maxCandidates: 64,

  /** bufferedAmount of a WebSocket has no event; it is looked at this often while above the mark. */
  bufferedPollMs: 5,
  /** A request whose service worker was killed waits so long for the browser to ask its successor the same. */
  orphanMs: 10_000,
  /** Messages posted to a tab whose app has not loaded yet. */
  maxEarlyMessages: 64,
  /**
   * Downloads whose answers have not begun, and frames that are kept for them: a page may save many files at once.
   * With more frames the oldest goes, and its file too should the answer not have begun.
   */
  maxDownloads: 256,

  /** The pill's numbers are refreshed this often while the tab is visible. */
  statusRefreshMs: 1_000,
  /** The pill shrinks to a dot after this. */
  pillCollapseMs: 5_000,
  /** How long a button says that it has copied. */
  copiedMs: 2_000,
  /** A path that is away for less is not worth a bar over the app: its successor is up within this as a rule. */
  offlineBarMs: 1_000,
} as const;

/** Caps and deadlines of the service worker. */
export const SERVICE_WORKER_LIMITS = {
  /** A request body up to this size is sent with its length: many dev servers can't read a chunked one. */
  bodyPeekBytes: 64 * KIB,
  /** A body that has not ended by then is sent without a length, so that a slow stream still streams. */
  bodyPeekMs: 25,
  /** An answer waits so long for its page to hear that the upload is over: a page may block its thread. */
  uploadHeardMs: 5_000,
  /** A shell's answer to the service worker's question for a port, before the next shell is asked. */
  shellAnswerMs: 2_000,
  /** A request that has no shell waits so long for one: a shell that is only just loading answers within this. */
  shellLookMs: 10_000,
  /** While no shell answers, one is looked for this often: a page of ours takes longer than that to load. */
  shellPollMs: 100,
  /** Tabs without a tunnel whose last requests may still come: more than anybody closes at once. */
  maxPlainTabs: 64,
  /** While anything streams, the service worker hears from the shell this often (Firefox ends it at 30 s)… */
  keepAliveMs: 5_000,
  /** …and each time asks for this long. */
  keepAliveEventMs: 6_000,
  /** A shell that is kept is shown for so long: a host knows each prekey for another hour after it has the next. */
  shellFreshMs: 3_600_000,
  /** How long the service worker believes that a shell it has just seen still exists. */
  shellSeenMs: 100,
  /** The shim and the part for app workers are each fetched within this: documents and registrations wait for them. */
  partMs: 30_000,
  /** Client ids of which the service worker remembers the shell. */
  maxOwners: 256,
  /** Worker scripts of which the service worker remembers whether they are modules. */
  maxWorkerScripts: 256,
  /** Answers to CORS preflights that the service worker remembers. */
  maxPreflights: 256,
  /** Forms posted to the top of a tab that wait for their shell. */
  maxHeldPosts: 4,
  /** The body of one; the browser keeps it on disk when it is large. */
  heldPostBytes: 256 * MIB,
  /** A shell that has not loaded its frame by then never will: `serviceWorkerReadyMs` and a slow device. */
  heldPostMs: 60_000,
  /** Bodies of redirected requests that are about to be sent again: a page has few such requests at once… */
  maxRedirectedBodies: 16,
  /** …and a browser follows a redirect at once, unless its page has given up. */
  redirectedBodyMs: 10_000,
  /** The latest requests given up, which the service worker may still be about to begin with. */
  maxGivenUp: 1024,
  /** Navigations announced by shells and not yet seen: those of `maxDownloads` at once, too. */
  maxExpected: 256,
  /** What was pushed is of no use after this time: a page asks at once for what is imported, as fast as a slow device reads code. */
  pushUnclaimedMs: 10_000,
  /** Answers in the session's HTTP cache: the modules of several large pages, of which each is known by about 1 KiB in memory. */
  maxKeptAnswers: 4096,
  /** Their bodies on disk: about what Chromium's own cache has on a small disk, for all sites. */
  keptAnswersBytes: 256 * MIB,
  /** One body: an eighth of all, so that a single download doesn't push a whole app out. */
  keptAnswerBytes: 32 * MIB,
  /** How far the disk may be behind the page. A slower one is not worth its memory. */
  keptAheadBytes: 4 * MIB,
  /** The disk has this long to say what is kept, and to give it. Past it the app answers sooner. */
  keptAnswerMs: 2_000,
  /** Answers in memory, none larger than `smallBodyBytes`: the modules of a large page twice over. */
  smallAnswersBytes: 32 * MIB,
  /** They are written when no answer was asked for or kept for so long: a page that loads pauses less. */
  keptRestMs: 500,
  /** They are written after so long even if the page does not pause: one that polls never does. */
  keptLatestMs: 10_000,
} as const;

/** What viewers do together. */
export const TOGETHER_LIMITS = {
  /** The tab that leads looks this often where it is, and tells it when it has changed: as often as a person can follow. */
  turnMs: 100,
  /** A stream of events that has broken off is opened again after this time. */
  againMs: 2_000,
  /** One event: a path of 2,048 characters and five numbers. */
  eventChars: 8 * KIB,
} as const;

/** Caps and deadlines of the shim. */
export const SHIM_LIMITS = {
  /** WebSocket messages waiting in the page for the tunnel before `send` counts as overrun and closes. */
  socketQueueBytes: 64 * MIB,
  /** The page says so once it has dealt with so much; less than the window, or both would wait. */
  socketCreditBytes: 256 * KIB,
  /** A worker's call to its own tab's tunnel is answered at once; then any other tab may answer. */
  ownTabMs: 500,
  /** Any tab answers a worker's call within this, or no tab has a tunnel. */
  anyTabMs: 2_000,
  /** Between two `progress` events of an upload (XMLHttpRequest section 3.5.6). */
  uploadProgressMs: 50,
} as const;
